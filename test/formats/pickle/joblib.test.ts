import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspectSklearn } from '#formats/sklearn/inspect.ts';
import { largeJoblib, number, wrapper } from '../../support/models/large.ts';
import { inspectPickle, pickleOf, pickleRefusal } from '../../support/models/pickles.ts';

const MODELS = join(import.meta.dirname, '../../fixtures/models/sklearn');
const GIB = 2 ** 30;

/** A model whose array is so many bytes, which are announced and never read. */
function hugeModel(bytes: number) {
  const { head, tail } = largeJoblib(bytes);
  const sizeBytes = head.length + bytes + tail.length;
  let readBytes = 0;
  const read = async (start: number, length: number) => {
    readBytes += length;
    const piece = new Uint8Array(Math.min(length, sizeBytes - start));
    if (start < head.length) piece.set(head.subarray(start, start + piece.length));
    const behind = sizeBytes - tail.length;
    if (start + piece.length > behind)
      piece.set(tail.subarray(Math.max(0, start - behind)), Math.max(0, behind - start));
    return piece;
  };
  return { source: { sizeBytes, read }, readBytes: () => readBytes };
}

it('passes over an array of 20 GiB without reading it', async () => {
  const { source, readBytes } = hugeModel(20 * GIB);

  const facts = await inspectSklearn(source, 'model.joblib', []);

  expect(facts).toMatchObject({
    formatVersion: 'pickle 4, joblib',
    weightBytes: 20 * GIB,
    parameters: 20 * GIB,
  });
  expect(readBytes()).toBeLessThan(2 ** 20);
});

it.each(['zlib', 'gzip', 'bz2', 'xz', 'lzma', 'lz4'])(
  'finds the same in a dump compressed by %s as in a plain one',
  async (how) => {
    const plain = await inspectPickle(readFileSync(join(MODELS, 'forest-1.8.joblib')));

    const facts = await inspectPickle(readFileSync(join(MODELS, `forest-1.8-${how}.joblib`)));

    expect(facts).toEqual({
      ...plain,
      formatVersion: `${plain.formatVersion}, ${how}`,
      requirements: [...plain.requirements, ...(how === 'lz4' ? ['lz4'] : [])],
    });
  },
);

describe('an array that joblib wrote is refused', () => {
  it.each<[string, string, string]>([
    [
      'its shape counts beyond all numbers',
      wrapper(`(${number(2 ** 40)}${number(2 ** 40)}t`),
      'has an array of an impossible shape',
    ],
    [
      'its shape is negative',
      wrapper('(J\xff\xff\xff\xfft'),
      'has an array of an impossible shape',
    ],
    ['its shape is not a number', wrapper('(Vx\nt'), 'has an array of an impossible shape'],
    ['it has more bytes than the file', wrapper(`(${number(1000)}t`), 'model.pkl is truncated'],
    [
      'its type is none of numpy',
      wrapper('(K\x01t', '(2,)f8'),
      'has a dtype that numpy does not write',
    ],
    [
      'it is within a frame',
      `\x95\xff\0\0\0\0\0\0\0${wrapper('(K\x01t')}`,
      'has an array within a frame',
    ],
  ])('when %s', async (_, array, message) => {
    expect((await pickleRefusal(pickleOf(0x80, 4, array, 'A.'))).message).toContain(message);
  });

  it('when it is in a pickle that Python itself would read, which knows nothing of arrays behind wrappers', async () => {
    const inner = pickleOf(0x80, 2, wrapper('(K\x01t'), 'A.');

    const { message } = await pickleRefusal(
      pickleOf(0x80, 4, wrapper('(K\x01t', 'O8').replace('K\0tb', 'K?tb'), inner, '.'),
    );

    expect(message).toContain('has a joblib array in a nested pickle');
  });
});
