import { zipFiles } from '#formats/archives/zip-read.ts';
import { inspectSklearn } from '#formats/sklearn/inspect.ts';
import { inspectSkops } from '#formats/skops/inspect.ts';
import { bytesSource } from '../../support/bytes/sources.ts';
import { type ZipPart, zipOf } from '../../support/bytes/zip.ts';
import { pickleOf } from '../../support/models/pickles.ts';
import { bytesOf } from '../../support/models/saved.ts';

const UBJSON_LIST = '[$l#L\0\0\0\0\0\0\0\0'.length;

/** The file with one byte of its last such list another, so that all lengths stay. */
function lied(format: string, name: string, key: string, behind: number, byte: string): Buffer {
  const bytes = Buffer.from(bytesOf(format, name));
  const at = bytes.lastIndexOf(key) + key.length + behind;
  bytes.write(byte, at, 'latin1');
  expect(bytes.equals(bytesOf(format, name))).toBe(false);
  return bytes;
}

const inPickle = (bytes: Buffer) => inspectSklearn(bytesSource(bytes), 'm.pkl', []);

describe('a booster in a pickle is read as its library reads it, and refused', () => {
  it.each([
    ['xgb-classifier-3.4.pkl', 'left_children', UBJSON_LIST, '\x7f', 'has the child 2130706433'],
    ['xgb-categories-3.4.pkl', 'right_children', UBJSON_LIST, '\x7f', 'has the child 2130706434'],
    ['xgb-classifier-3.2.pkl', 'split_indices', UBJSON_LIST, '\x7f', 'names the feature'],
    ['lgbm-classifier-4.6.pkl', '\nleft_child=', 0, '9', 'has the child 9'],
    ['lgbm-classifier-3.3.pkl', '\nnum_leaves=', 0, '9', 'has 9'],
  ])('%s with another %s', async (name, key, behind, byte, says) => {
    const bytes = lied('sklearn', name, key, behind, byte);

    await expect(inPickle(bytes)).rejects.toMatchObject({
      name: 'ArtifactRejected',
      message: expect.stringContaining(says),
    });
  });

  it.each([
    [
      'xgb-classifier-3.4.pkl',
      '{L\0\0\0\0\0\0\0\x06Config',
      'holds a booster that is not a valid model of xgboost',
    ],
    [
      'lgbm-classifier-4.6.pkl',
      'tree\nversion',
      'holds a booster that is not a valid model of lightgbm',
    ],
  ])('%s where it begins as none', async (name, begin, says) => {
    const bytes = lied('sklearn', name, begin, -begin.length, ' ');

    await expect(inPickle(bytes)).rejects.toThrow(says);
  });
});

test('the trees of CatBoost in a pickle ask no question that is not there', async () => {
  const bytes = Buffer.from(bytesOf('sklearn', 'catboost-classifier-1.2.10.pkl'));
  // The sizes of the trees of three levels; the number of their splits follows, and then the splits.
  const sizes = bytes.indexOf(Buffer.from(new Uint32Array([4, 3, 3, 3, 3]).buffer));
  bytes.writeInt32LE(60_000, sizes + 4 * 6);

  await expect(inPickle(bytes)).rejects.toThrow(
    'the list of its trees names the question 60000 of',
  );
});

describe('a booster in a file of skops is read as its library reads it, and refused', () => {
  it.each([
    ['lgbm-categories-4.6.skops', 'schema.json', 'nleft_child=', 0, '9', 'has the child 9'],
    ['xgb-categories-3.4.skops', '.bin', 'left_children', UBJSON_LIST, '\x7f', 'has the child'],
    [
      'xgb-categories-3.4.skops',
      '.bin',
      '{L\0',
      -3,
      ' ',
      'holds a booster that is not a valid model of',
    ],
  ])('%s where its %s has another %s', async (name, member, key, behind, byte, says) => {
    const source = bytesSource(bytesOf('skops', name));
    const parts: ZipPart[] = [];
    for (const file of await zipFiles(source, name, { maxBytes: 2 ** 30, maxEntries: 100 })) {
      const bytes = Buffer.from(await (await file.open()).read(0, file.sizeBytes));
      const isIt = file.name.endsWith(member);
      const at = key.startsWith('{') ? bytes.indexOf(key) : bytes.lastIndexOf(key);
      if (isIt) bytes.write(byte, at + key.length + behind, 'latin1');
      parts.push({ name: file.name, content: bytes });
    }

    const inspected = inspectSkops(bytesSource(zipOf(parts)), name, []);

    await expect(inspected).rejects.toThrow(says);
  });
});

test.each(['tree\n', '{"learner": ', '{L\0\0'])(
  'a text that begins with %j, and is no booster, is a text where no booster is made of it',
  async (begin) => {
    const text = begin.padEnd(1000, '.');
    const length = Buffer.from(new Uint32Array([text.length]).buffer).toString('latin1');
    const bytes = pickleOf(
      0x80,
      4,
      'csklearn.svm._classes\nSVC\n)\x81}(V_sklearn_version\nV1.8.0\n',
      `Vnote_\nX${length}${text}ub.`,
    );

    expect(await inPickle(Buffer.from(bytes))).toMatchObject({ format: 'sklearn' });
  },
);
