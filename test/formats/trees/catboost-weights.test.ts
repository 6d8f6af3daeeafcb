import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { weightDifferences } from '#domain/comparison/weight-differences.ts';
import { inspectCatboost } from '#formats/catboost/inspect.ts';
import { bytesSource } from '../../support/bytes/sources.ts';

const FOLDER = join(import.meta.dirname, '../../fixtures/models/catboost');
const fileOf = (name: string) => Buffer.from(readFileSync(join(FOLDER, name)));
const weightsOf = async (bytes: Buffer) =>
  (await inspectCatboost(bytesSource(bytes), 'model.cbm')).weights;

/** Where the values of the leaves begin: the longest list of fractions of 64 bits in the file. */
function leavesIn(bytes: Buffer, count: number): number {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(count);
  for (let at = bytes.indexOf(length); at >= 0; at = bytes.indexOf(length, at + 1)) {
    const values = Array.from({ length: count }, (_, index) => 4 + at + 8 * index)
      .filter((place) => place + 8 <= bytes.length)
      .map((place) => bytes.readDoubleLE(place));
    const isList = values.length === count && values.every((each) => Math.abs(each) < 100);
    if (isList && values.some((each) => each !== 0 && Math.abs(each) > 1e-6)) return at + 4;
  }
  throw new Error('there is no such list');
}

async function moved(name: string, which: (value: number) => boolean): Promise<Buffer> {
  const bytes = fileOf(name);
  const { leaves } = await inspectCatboost(bytesSource(bytes), name);
  const start = leavesIn(bytes, leaves);
  for (let value = 0; value < leaves; value += 1) {
    const at = start + 8 * value;
    if (which(value)) bytes.writeDoubleLE(bytes.readDoubleLE(at) + 0.25, at);
  }
  return bytes;
}

const NAME = 'regressor-1.2.10.cbm';
const signsOf = async (which: (value: number) => boolean) =>
  weightDifferences(await weightsOf(fileOf(NAME)), await weightsOf(await moved(NAME, which)));

it('the trees of CatBoost have a digest', async () => {
  expect(await weightsOf(fileOf(NAME))).toMatchObject([{ name: 'trees', isFinal: true }]);
  expect(await signsOf(() => false)).toEqual([]);
});

it('a tree with another leaf is damage', async () => {
  expect(await signsOf((value) => value === 3)).toMatchObject([
    { isFault: true, what: expect.stringContaining('some numbers in "trees" differ') },
  ]);
});

it('other values in each tree are a training', async () => {
  expect(await signsOf((value) => value % 2 === 0)).toEqual([]);
});

it('trees that do not ask one question for each level have no digest', async () => {
  expect(await weightsOf(fileOf('depth-1.2.10.cbm'))).toBeUndefined();
});
