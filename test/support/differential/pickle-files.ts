import { deflateSync, gzipSync } from 'node:zlib';
import { bytesOf, modelsOf } from '../models/saved.ts';
import { type Chance, mutated } from './chance.ts';
import { expression } from './pickle-grammar.ts';
import { inspectedPickle, placesIn } from './pickle-subject.ts';
import type { Subject } from './subject.ts';

const MAX_SEED_BYTES = 16 * 1024;

type Seed = { readonly bytes: Buffer; readonly places: readonly number[] };

const files = ['sklearn', 'corpus'].flatMap((format) =>
  modelsOf(format)
    .filter((name) => /\.(pkl|pickle|joblib)$/.test(name))
    .map((name) => bytesOf(format, name))
    .filter(({ length }) => length < MAX_SEED_BYTES),
);

const seeds: Seed[] = [];
for (const bytes of files) {
  const places = await placesIn(bytes).catch(() => undefined);
  if (places) seeds.push({ bytes, places });
}

/** Real models with opcodes cut out, doubled, exchanged, or followed by opcodes from the grammar. */
export const savedPickles: Subject = {
  reader: 'pickles',
  make(chance) {
    if (chance.is(0.2)) return mutated(chance.pick(files), files, chance);
    let bytes = chance.pick(seeds);
    const changes = 1 + chance.below(2);
    const pieces = [...Array(changes)].map(() => pieceOf(bytes, chance));
    // The changes are made from the end, so that the places before stay right.
    for (const { at, end, put } of pieces.sort((a, b) => b.at - a.at)) {
      const whole = Buffer.concat([bytes.bytes.subarray(0, at), put, bytes.bytes.subarray(end)]);
      bytes = { bytes: whole, places: bytes.places };
    }
    return compressed(bytes.bytes, chance);
  },
  inspect: inspectedPickle,
};

function pieceOf({ bytes, places }: Seed, chance: Chance) {
  const index = chance.below(places.length - 1);
  const at = places[index]!;
  const end = places[Math.min(places.length - 1, index + 1 + chance.below(3))]!;
  switch (chance.below(6)) {
    case 0:
      return { at, end, put: Buffer.alloc(0) };
    case 1:
      return { at, end: at, put: bytes.subarray(at, end) };
    case 2: {
      const other = chance.pick(seeds);
      const from = chance.below(other.places.length - 1);
      const to = Math.min(other.places.length - 1, from + 1 + chance.below(8));
      return { at, end, put: other.bytes.subarray(other.places[from], other.places[to]) };
    }
    case 3:
      return { at, end: places[index + 1]!, put: expression(chance, 2) };
    case 4:
      return { at, end: at, put: Buffer.concat([expression(chance, 2), POP]) };
    default: {
      const argument = Math.min(bytes.length - 1, at + 1 + chance.below(Math.max(1, end - at - 1)));
      const put = Buffer.from(bytes.subarray(at, end));
      if (put.length > 1) put[Math.min(put.length - 1, argument - at)] = chance.below(256);
      return { at, end, put };
    }
  }
}

const POP = Buffer.from('0');

function compressed(bytes: Buffer, chance: Chance): Buffer {
  const way = chance.below(40);
  if (way === 0) return deflateSync(bytes);
  return way === 1 ? gzipSync(bytes) : bytes;
}
