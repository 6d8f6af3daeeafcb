import { variableNames } from '#formats/tensorflow/variable-names.ts';
import { readVariables } from '#formats/tensorflow/variables.ts';
import { memoryFile } from '../../support/bytes/archive-files.ts';
import { artifactOf } from '../../support/models/saved.ts';

const MOST = 4 * 2 ** 20;
const text = (tag: number, value: string) =>
  Buffer.from([tag, value.length, ...Buffer.from(value)]);
/** A tensor of one string: its length, a checksum, which nothing reads, and the string. */
const written = (content: Buffer) =>
  Buffer.concat([Buffer.from([content.length]), Buffer.alloc(4), content]);
const inner = (tag: number, content: Buffer) =>
  Buffer.concat([Buffer.from([tag, content.length]), content]);
const LIST = inner(
  0x0a,
  inner(0x12, Buffer.concat([text(0x12, 'dense/kernel'), text(0x1a, 'v/0')])),
);
const namesIn = (bytes: Buffer, more: object = {}) =>
  variableNames({ file: memoryFile('data', bytes), start: 0, bytes: bytes.length, ...more });

describe('the names of the variables of a SavedModel', () => {
  it('are those that its program gave them', async () => {
    const found = await readVariables(artifactOf('savedmodel', 'texts-2.21'), '.');
    const names = await variableNames(found!.list!);

    expect(found?.tensors.map(({ name }) => names.get(name))).toEqual([
      'embedding/embeddings',
      'lstm/lstm_cell/kernel',
      'lstm/lstm_cell/recurrent_kernel',
      'lstm/lstm_cell/bias',
      'seed_generator/seed_generator_state',
      'kinded/kernel',
      'kinded/bias',
      'scored/kernel',
      'scored/bias',
    ]);
  });

  it('are read from the list of a checkpoint', async () => {
    expect([...(await namesIn(written(LIST)))]).toEqual([['v/0', 'dense/kernel']]);
  });

  it.each([
    ['is nothing', Buffer.alloc(0)],
    ['ends within a name', written(LIST.subarray(0, -1))],
    ['is noise', Buffer.alloc(64, 0xff)],
  ])('are unknown where the list %s', async (_, bytes) => {
    expect((await namesIn(bytes)).size).toBe(0);
  });

  it('are those of the last field where one is there again and again', async () => {
    const again = Buffer.concat([text(0x12, 'first'), text(0x12, ''), text(0x12, 'last')]);
    const list = inner(0x0a, inner(0x12, Buffer.concat([again, text(0x1a, 'v/0')])));

    expect([...(await namesIn(written(list)))]).toEqual([['v/0', 'last']]);
  });

  it('are not read where the list is larger than any', async () => {
    const file = {
      ...memoryFile('data', LIST),
      open: () => Promise.reject(new Error('it was opened')),
    };

    expect((await namesIn(LIST, { file, bytes: MOST + 1 })).size).toBe(0);
  });

  it('are not unknown where the file cannot be read for now', async () => {
    const file = {
      ...memoryFile('data', LIST),
      open: () => Promise.reject(new Error('the disk is away')),
    };

    await expect(namesIn(LIST, { file })).rejects.toThrow('the disk is away');
  });
});
