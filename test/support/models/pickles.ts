import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '#domain/failure.ts';
import { readerOfStream } from '#formats/bytes/byte-reader.ts';
import { type PickleGlobals, pickleGlobals } from '#formats/pickle/globals.ts';
import { type Pickled, scanPickle } from '#formats/pickle/scan.ts';
import { inspectSklearn, type SklearnFacts } from '#formats/sklearn/inspect.ts';
import { bytesSource } from '../bytes/sources.ts';

const PICKLES = join(import.meta.dirname, '../../fixtures/pickles');

/** One way to do harm, as test/fixtures/pickles/make/hostile.py saw it done. */
export type Hostile = {
  readonly file: string;
  readonly technique: string;
  readonly loadedBy: 'load' | 'all' | 'joblib' | 'use';
  readonly effect: string;
};

export const HOSTILE: readonly Hostile[] = JSON.parse(
  readFileSync(join(PICKLES, 'hostile/hostile.json'), 'utf8'),
);

export function hostileBytes({ file }: Hostile): Uint8Array {
  return readFileSync(join(PICKLES, 'hostile', file));
}

export function inspectPickle(
  bytes: Uint8Array,
  allowed: readonly string[] = [],
): Promise<SklearnFacts> {
  return inspectSklearn(bytesSource(bytes), 'model.pkl', allowed);
}

/** Facts or an error, and how many bytes were read for that. */
export async function pickleOutcome(bytes: Uint8Array) {
  const source = bytesSource(bytes);
  const outcome: unknown = await inspectSklearn(source, 'model.pkl', []).catch((error) => error);
  return { outcome, readBytes: source.readBytes };
}

export async function pickleRefusal(
  bytes: Uint8Array,
  allowed: readonly string[] = [],
): Promise<Failure> {
  const outcome = await inspectPickle(bytes, allowed).catch((error: unknown) => error);
  if (outcome instanceof Failure) return outcome;
  throw new Error('the pickle was not refused', { cause: outcome });
}

/** Follows the opcodes alone, by default with every name allowed. */
export function scan(
  bytes: Uint8Array,
  options: {
    readonly globals?: PickleGlobals;
    readonly trace?: (name: string, at: number) => void;
  } = {},
): Promise<Pickled> {
  const { globals = pickleGlobals('model.pkl', []), trace } = options;
  return scanPickle(readerOfStream(once(bytes)), 'model.pkl', {
    globals,
    ...(trace ? { trace } : {}),
  });
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** Parts of a pickle: texts as Latin-1, numbers as bytes. */
export function pickleOf(...parts: readonly (string | number | Uint8Array)[]): Uint8Array {
  const bytes = parts.map((part) => {
    if (typeof part === 'number') return Buffer.of(part);
    return typeof part === 'string' ? Buffer.from(part, 'latin1') : part;
  });
  return Buffer.concat(bytes);
}
