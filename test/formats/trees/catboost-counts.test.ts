import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { inspectCatboost } from '#formats/catboost/inspect.ts';
import { bytesSource } from '../../support/bytes/sources.ts';
import { bytesOf } from '../../support/models/saved.ts';

const FOUND = fileURLToPath(new URL('../../fixtures/fuzz/catboost/', import.meta.url));
const SAVED = Buffer.from(bytesOf('catboost', 'kinds-1.2.10.cbm'));

// The places of one table in that file: it follows the trees, and counts the classes of each of six words.
const AT = { border: 7916, tables: 8312, size: 8316, table: 8320, buckets: 8348, classes: 8356 };
const [VALUES, BUCKETS] = [8428, 8504];
const BUCKET_BYTES = 12;
const EMPTY = Buffer.alloc(8, 0xff);

const bucketsOf = (bytes: Buffer) =>
  Array.from({ length: 16 }, (_, at) =>
    bytes.subarray(BUCKETS + 4 + BUCKET_BYTES * at).subarray(0, 12),
  );
const isEmpty = (bucket: Buffer) => bucket.subarray(0, 8).equals(EMPTY);

describe('CatBoost goes by the tables behind its trees, of which is refused', () => {
  it.each<[string, (bytes: Buffer) => unknown, string]>([
    ['one that is not there', (bytes) => bytes.writeInt32LE(2, AT.tables), '1 are missing'],
    ['a size beyond the file', (bytes) => bytes.writeInt32LE(381, AT.size), '1 are missing'],
    ['a list outside it', (bytes) => bytes.writeInt32LE(2 ** 30, AT.buckets), 'outside itself'],
    [
      'a list that goes on outside it',
      (bytes) => bytes.writeInt32LE(196, BUCKETS),
      'outside itself',
    ],
    ['half a field', (bytes) => bytes.writeInt16LE(13, AT.table + 6), 'half a field'],
    [
      'none for what the trees ask',
      (bytes) => bytes.writeInt32LE(0, AT.tables),
      'the trees ask for',
    ],
    [
      'a number of buckets by which none is found',
      (bytes) => bytes.writeInt32LE(180, BUCKETS),
      '15 buckets',
    ],
    [
      'a value that is not there',
      (bytes) =>
        bucketsOf(bytes)
          .find((each) => !isEmpty(each))
          ?.writeInt32LE(6, 8),
      'the value 6 of 6',
    ],
    ['fewer values than words', (bytes) => bytes.writeInt32LE(60, VALUES), 'of 5'],
    ['more classes than values', (bytes) => bytes.writeInt32LE(1000, AT.classes), 'of 0'],
    [
      'no bucket at which a search ends',
      (bytes) =>
        bucketsOf(bytes)
          .filter(isEmpty)
          .map((each) => each.fill(0)),
      'no empty bucket',
    ],
    [
      'a class that is not counted',
      (bytes) => bytes.writeInt32LE(3, AT.border),
      'the class 3 of 3',
    ],
    ['a class below none', (bytes) => bytes.writeInt32LE(-1, AT.border), 'the class -1 of 3'],
  ])('%s', async (_, lie, says) => {
    const bytes = Buffer.from(SAVED);
    lie(bytes);

    await expect(inspectCatboost(bytesSource(bytes), 'm.cbm')).rejects.toThrow(says);
  });

  it('the second of two for the same', async () => {
    const table = SAVED.subarray(AT.size);
    const bytes = Buffer.concat([SAVED, table]);
    bytes.writeInt32LE(2, AT.tables);

    await expect(inspectCatboost(bytesSource(bytes), 'm.cbm')).rejects.toThrow(
      'two are of the same',
    );
  });
});

describe('CatBoost ended its process by what is refused here:', () => {
  it.each(readdirSync(FOUND))('%s', async (name) => {
    const source = bytesSource(readFileSync(`${FOUND}${name}`));

    await expect(inspectCatboost(source, 'm.cbm')).rejects.toMatchObject({
      name: 'ArtifactRejected',
      fix: expect.stringContaining('whole file'),
    });
  });
});
