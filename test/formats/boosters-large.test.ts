import { openArchive } from '#formats/archive-open.ts';
import { inspectCatboost } from '#formats/catboost.ts';
import { inspectLightgbm } from '#formats/lightgbm.ts';
import { inspectXgboost } from '#formats/xgboost.ts';
import type { ByteSource } from '#ports/artifact-store.ts';
import { bytesSource } from '../support/byte-sources.ts';
import { largeCatboost, largeLightgbm, largeXgboost } from '../support/large-models.ts';
import { sourceOf } from '../support/saved-models.ts';
import { tarPart } from '../support/tar-bytes.ts';
import { numbers, wideEnd, zipOf } from '../support/zip-bytes.ts';

const GIB = 2 ** 30;
const FEW_BYTES = 10 * 2 ** 20;

describe('a file of 20 GB is read in parts', () => {
  it.each(['json', 'ubj'] as const)('where XGBoost saved it as .%s', async (format) => {
    const { name, head, tail } = largeXgboost(format);
    const source = holed(head, tail, 20 * GIB);

    const { features, columns, objective, trees, framework, ...facts } = await inspectXgboost(
      source,
      name,
    );

    const small = await inspectXgboost(sourceOf('xgboost', name), name);
    expect(small).toMatchObject({ features, columns, objective, trees, framework });
    expect(facts).toMatchObject({ parameters: null, weightBytes: 20 * GIB });
    expect(facts.signature).toEqual(small.signature);
    expect(source.readBytes).toBeLessThan(FEW_BYTES);
  });

  it('where LightGBM saved it', async () => {
    const { name, head, tail } = largeLightgbm();
    const source = holed(head, tail, 20 * GIB);

    expect(await inspectLightgbm(source, name)).toMatchObject({ parameters: null, classes: 3 });
    expect(source.readBytes).toBeLessThan(FEW_BYTES);
  });

  it('where CatBoost saved it', async () => {
    const { name, head, tail } = largeCatboost();
    const source = holed(head, tail, 20 * GIB);

    expect(await inspectCatboost(source, name)).toMatchObject({ trees: 4 });
    expect(source.readBytes).toBeLessThan(FEW_BYTES);
  });

  it('where it is a tar or a zip', async () => {
    const size = 20 * GIB;
    const gnuSize = Buffer.alloc(12);
    gnuSize.writeUInt8(0x80);
    gnuSize.writeBigUInt64BE(BigInt(size), 4);
    const tar = holed(tarPart({ name: 'a', size: gnuSize }), Buffer.alloc(1024), size + 1536);
    const zip = holedZip(size);

    for (const [name, source] of [
      ['a.tar', tar],
      ['a.zip', zip],
    ] as const) {
      const file = { name, sizeBytes: source.sizeBytes, open: async () => source };
      expect(await openArchive(file, 100 * GIB)).toMatchObject([{ name: 'a', sizeBytes: size }]);
      expect(source.readBytes).toBeLessThan(FEW_BYTES);
    }
  });
});

describe('a file made to be slow is refused soon:', () => {
  const learner = '{"learner":{"gradient_booster":{"model":{"trees":[';
  const pairs = 1_000_000;
  it.each<[string, () => Promise<unknown>]>([
    ['JSON of a million trees and more', () => xgboost(`${learner}${'{},'.repeat(3 * pairs)}`)],
    ['JSON of one long text', () => xgboost(`{"learner":{"${'x'.repeat(10 * pairs)}`)],
    ['JSON of backslashes', () => xgboost(`{"learner":{"a":["${'\\'.repeat(10 * pairs)}`)],
    ['JSON of names', () => xgboost(`{"learner":{"feature_names":[${'"",'.repeat(pairs)}`)],
    ['JSON of brackets', () => xgboost(`{"learner":${'['.repeat(10 * pairs)}`)],
    ['UBJSON of lists', () => ubjson(Buffer.from('['.repeat(5 * pairs)))],
    ['UBJSON of small numbers', () => ubjson(Buffer.from(`[${'U1'.repeat(5 * pairs)}`))],
    ['UBJSON of nothing', () => ubjson(Buffer.concat([Buffer.from('[$Z#L'), numbers([8, 0x7f])]))],
    [
      'LightGBM with a head of 8 MiB',
      () => inspectLightgbm(text(`tree\n${'a=b\n'.repeat(2 * pairs)}`), 'm.txt'),
    ],
  ])('%s', async (_, inspect) => {
    const before = process.cpuUsage();

    await expect(inspect()).rejects.toMatchObject({ name: 'ArtifactRejected' });

    const { user } = process.cpuUsage(before);
    expect(user / 1e6).toBeLessThan(3);
  });

  const text = (content: string) => bytesSource(Buffer.from(content));
  const xgboost = (content: string) => inspectXgboost(text(content), 'm.json');
  const ubjson = (rest: Buffer) => {
    const key = Buffer.concat([Buffer.from('{L'), Buffer.from([0, 0, 0, 0, 0, 0, 0, 7])]);
    return inspectXgboost(bytesSource(Buffer.concat([key, Buffer.from('learner'), rest])), 'm.ubj');
  };
});

type Counted = ByteSource & { readBytes: number };

/** A file of that size which is zeros between its two ends. */
function holed(begin: Uint8Array, end: Uint8Array, sizeBytes: number): Counted {
  return {
    sizeBytes,
    readBytes: 0,
    async read(start, length) {
      const bytes = Buffer.alloc(Math.max(0, Math.min(length, sizeBytes - start)));
      this.readBytes += bytes.length;
      if (start < begin.length) Buffer.from(begin).copy(bytes, 0, start);
      const endsAt = sizeBytes - end.length;
      const from = Math.max(start, endsAt);
      if (from < start + bytes.length) Buffer.from(end).copy(bytes, from - start, from - endsAt);
      return bytes;
    },
  };
}

function holedZip(size: number): Counted {
  const far = 0xffffffff;
  const sizes = Buffer.concat([numbers([2, 1], [2, 16], [8, size], [8, size])]);
  const said = { size: far, stored: far, extra: sizes };
  const shape = { end: { offset: far }, wide: () => wideEnd(directory) };
  const directory = { offset: 31 + sizes.length + size, size: 47 + sizes.length, entries: 1 };
  const small = zipOf([{ name: 'a', local: said, central: said }], shape);
  const begin = 31 + sizes.length;
  return holed(small.subarray(0, begin), small.subarray(begin), small.length + size);
}
