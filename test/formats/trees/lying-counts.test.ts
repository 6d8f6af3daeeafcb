import { inspectCatboost } from '#formats/catboost/inspect.ts';
import { inspectLightgbm } from '#formats/lightgbm/inspect.ts';
import { inspectOnnx } from '#formats/onnx/inspect.ts';
import { inspectXgboost } from '#formats/xgboost/inspect.ts';
import { proto } from '../../support/bytes/proto.ts';
import { bytesSource } from '../../support/bytes/sources.ts';
import { model, tensor } from '../../support/models/onnx-graph.ts';
import { bytesOf } from '../../support/models/saved.ts';

const RAW_DATA = 9;
const LIGHTGBM = Buffer.from(bytesOf('lightgbm', 'categorical-4.6.txt')).toString();
const XGBOOST = Buffer.from(bytesOf('xgboost', 'binary-3.4.json')).toString();

// Each was seen to kill LightGBM 4.7 or XGBoost 3.2, to make it hang, or to take memory without end.
describe('LightGBM believes what is refused here:', () => {
  it.each([
    ['more classes than trees', /^num_class=.*$/m, 'num_class=1000000000'],
    ['no trees in a round', /^num_tree_per_iteration=.*$/m, 'num_tree_per_iteration=0'],
    ['many trees in a round', /^num_tree_per_iteration=.*$/m, 'num_tree_per_iteration=1000000'],
    ['a tree of a size below nothing', /^tree_sizes=\d+/m, 'tree_sizes=-1000'],
    ['a tree of another size', /^tree_sizes=\d+/m, 'tree_sizes=0'],
    ['more leaves than there are', /^num_leaves=\d+/m, 'num_leaves=9'],
    ['no leaves', /^num_leaves=\d+/m, 'num_leaves=0'],
    ['a child that is not there', /^left_child=\d/m, 'left_child=9'],
    ['a child that is its own parent', /^left_child=\d/m, 'left_child=0'],
    ['a leaf that is not there', /^right_child=\d -\d/m, 'right_child=2 -9'],
    ['a feature that is not there', /^split_feature=\d/m, 'split_feature=9'],
    ['a feature below nothing', /^split_feature=\d \d/m, 'split_feature=0 -'],
    ['more categories than there are', /^num_cat=\d/m, 'num_cat=9'],
    ['categories outside their numbers', /^cat_boundaries=0 1/m, 'cat_boundaries=0 9'],
  ])('%s', async (_, pattern, lie) => {
    const bytes = Buffer.from(sameLength(LIGHTGBM, pattern, lie));

    await expect(inspectLightgbm(bytesSource(bytes), 'm.txt')).rejects.toMatchObject({
      name: 'ArtifactRejected',
      fix: expect.stringContaining('whole file'),
    });
  });
});

test('LightGBM with the line ends of Windows is refused with what to do', async () => {
  const bytes = Buffer.from(LIGHTGBM.replaceAll('\n', '\r\n'));

  await expect(inspectLightgbm(bytesSource(bytes), 'm.txt')).rejects.toMatchObject({
    message: expect.stringContaining('has the line ends of Windows'),
    fix: expect.stringContaining('copy it as binary'),
  });
});

describe('XGBoost believes what is refused here:', () => {
  it.each([
    ['a child that is not there', /"left_children":\[\d+/, '"left_children":[9999'],
    ['a child that is its own parent', /"left_children":\[\d+/, '"left_children":[0'],
    ['a child below nothing alone', /"right_children":\[\d+/, '"right_children":[-5'],
    ['a child twice', /"right_children":\[\d+/, '"right_children":[1'],
    ['a feature that is not there', /"split_indices":\[\d+/, '"split_indices":[9999'],
    ['a feature below nothing', /"split_indices":\[\d+/, '"split_indices":[-5'],
    ['a group of answers that is not there', /"tree_info":\[\d+/, '"tree_info":[99'],
    ['more classes than any model has', /"num_class":"\d+"/, '"num_class":"2147483647"'],
    ['more features than any model has', /"num_feature":"\d+"/g, '"num_feature":"2147483647"'],
    ['more targets than any model has', /"num_target":"\d+"/, '"num_target":"1000000000"'],
    ['a node by categories that is not there', /"categories_nodes":\[/, '"categories_nodes":[1'],
    [
      'leaves of more numbers than any',
      /"size_leaf_vector":"\d+"/,
      '"size_leaf_vector":"1000000000"',
    ],
  ])('%s', async (_, pattern, lie) => {
    const bytes = Buffer.from(XGBOOST.replace(pattern, lie));
    expect(bytes.equals(Buffer.from(XGBOOST))).toBe(false);

    await expect(inspectXgboost(bytesSource(bytes), 'm.json')).rejects.toMatchObject({
      name: 'ArtifactRejected',
    });
  });
});

describe('XGBoost reads past the leaves of vectors that are refused here:', () => {
  const VECTORS = Buffer.from(bytesOf('xgboost', 'vectors-3.2.json')).toString();

  it.each([
    ['a leaf that is not there', /"right_children":\[(.*?),\d+\]/, '"right_children":[$1,99]'],
    ['a leaf below nothing', /"right_children":\[(.*?),\d+\]/, '"right_children":[$1,-9]'],
    ['fewer numbers than leaves', /"leaf_weights":\[[^,]+,/, '"leaf_weights":['],
    ['fewer numbers than nodes', /"base_weights":\[[^,]+,/, '"base_weights":['],
    ['leaves of more numbers than answers', /"num_target":"2"/, '"num_target":"1"'],
    ['leaves of other numbers', /"size_leaf_vector":"2"/, '"size_leaf_vector":"3"'],
    ['leaves of single numbers', /"size_leaf_vector":"2"/, '"size_leaf_vector":"1"'],
  ])('%s', async (_, pattern, lie) => {
    const bytes = Buffer.from(VECTORS.replace(pattern, lie));
    expect(bytes.equals(Buffer.from(VECTORS))).toBe(false);

    await expect(inspectXgboost(bytesSource(bytes), 'm.json')).rejects.toMatchObject({
      name: 'ArtifactRejected',
    });
  });
});

test('UBJSON whose last list ends behind the file is refused', async () => {
  const saved = Buffer.from(bytesOf('xgboost', 'binary-3.4.ubj'));
  const [counted, list] = ['{#U\x03', 'U\x05added[$d#U\xff'].map((text) =>
    Buffer.from(text, 'latin1'),
  );
  const bytes = Buffer.concat([counted ?? saved, saved.subarray(1, -1), list ?? saved]);

  await expect(inspectXgboost(bytesSource(bytes), 'm.ubj')).rejects.toThrow('the file ends');
});

describe('XGBoost reads past the end of what is refused here:', () => {
  const [CATEGORIES, WORDS, LINEAR, DART] = ['categorical', 'words', 'linear', 'dart'].map((name) =>
    Buffer.from(bytesOf('xgboost', `${name}-3.4.json`)).toString(),
  );

  it.each([
    ['fewer categories than a node names', CATEGORIES, /"categories":\[\d+,/, '"categories":['],
    [
      'a node by categories too few',
      CATEGORIES,
      /"categories_nodes":\[\d+,/,
      '"categories_nodes":[',
    ],
    ['another node by categories', CATEGORIES, /"categories_nodes":\[\d+/, '"categories_nodes":[9'],
    [
      'categories that begin too far',
      CATEGORIES,
      /"categories_segments":\[\d+/,
      '"categories_segments":[99',
    ],
    [
      'categories that begin below nothing',
      CATEGORIES,
      /"categories_segments":\[\d+/,
      '"categories_segments":[-9',
    ],
    [
      'more categories than there are',
      CATEGORIES,
      /"categories_sizes":\[\d+/,
      '"categories_sizes":[99',
    ],
    ['a category of many bits', CATEGORIES, /"categories":\[\d+/, '"categories":[2000000000'],
    [
      'a node by categories in a tree without',
      DART,
      /"categories_nodes":\[/,
      '"categories_nodes":[1',
    ],
    ['words past their letters', WORDS, /"offsets":\[0,4/, '"offsets":[0,400'],
    ['fewer letters than words', WORDS, /"values":\[98,/, '"values":['],
    [
      'columns of words past their order',
      WORDS,
      /"feature_segments":\[0,0,0,4/,
      '"feature_segments":[0,0,0,400',
    ],
    ['an order past its words', WORDS, /"sorted_idx":\[0/, '"sorted_idx":[400'],
    ['an order too short', WORDS, /"sorted_idx":\[0,/, '"sorted_idx":['],
    ['fewer weights than features', LINEAR, /"weights":\[[^,]+,/, '"weights":['],
    ['more classes than weights', LINEAR, /"num_class":"\d+"/, '"num_class":"7"'],
  ])('%s', async (_, text = '', pattern, lie) => {
    const bytes = Buffer.from(text.replace(pattern, lie));
    expect(bytes.toString()).not.toBe(text);

    await expect(inspectXgboost(bytesSource(bytes), 'm.json')).rejects.toMatchObject({
      name: 'ArtifactRejected',
    });
  });
});

describe('what readers take differently is refused:', () => {
  it.each([
    ['a key twice', /"num_class":/, '"num_class":"1","num_class":'],
    ['a list of a tree twice', /"left_children":/, '"left_children":[0],"left_children":'],
    ['numbers with a zero before them', /"left_children":\[/, '"left_children":[0'],
    ['numbers that are not whole', /"split_indices":\[\d+/, '"split_indices":[1.5'],
  ])('%s', async (_, pattern, lie) => {
    const text = XGBOOST.replace(pattern, lie);
    expect(text).not.toBe(XGBOOST);

    await expect(inspectXgboost(bytesSource(Buffer.from(text)), 'm.json')).rejects.toMatchObject({
      name: 'ArtifactRejected',
    });
  });

  it('a key that looks like a way into another object is none', async () => {
    const lie = '{"learner.learner_model_param":{"num_feature":"1000"},"":{"version":[9,9,9]},';
    const bytes = Buffer.from(XGBOOST.replace('{', lie));

    expect(await inspectXgboost(bytesSource(bytes), 'm.json')).toMatchObject({
      features: 4,
      framework: { version: '3.4.1' },
    });
  });
});

/** The places of an integer in a flatbuffer that stands alone behind a list's length. */
function listOf(bytes: Buffer, ...numbers: readonly number[]): number {
  const list = Buffer.from(new Uint32Array([numbers.length, ...numbers]).buffer);
  const at = bytes.indexOf(list);
  expect(at).toBeGreaterThan(0);
  return at + 4;
}

describe('CatBoost reads past the end of what is refused here:', () => {
  const SIZES = [3, 3, 3, 3];
  const STARTS = [0, 3, 6, 9];
  const SPLITS = [0, 9, 4, 5, 8, 2, 10, 3];

  it.each([
    ['a tree of more levels than any', SIZES, 3, 1000, 'takes 1009 splits'],
    ['a tree of less than none', SIZES, 0, -1, 'a tree of -1'],
    ['a tree with fewer splits', SIZES, 0, 2, 'begins at 3'],
    ['fewer trees than begins', SIZES, -1, 3, 'begins'],
    ['a tree that begins elsewhere', STARTS, 0, 1, 'begins at 1'],
    ['a tree that begins far away', STARTS, 3, 2 ** 30, 'begins at'],
    ['a question that is not there', SPLITS, 0, 65_535, 'names the question 65535'],
    ['a question below nothing', SPLITS, 0, -1, 'names the question -1'],
    ['fewer splits than levels', SPLITS, -1, 0, 'there are 0'],
  ])('%s', async (_, list, place, lie, says) => {
    const bytes = Buffer.from(bytesOf('catboost', 'kinds-1.2.10.cbm'));
    const at = list === SPLITS ? splitsOf(bytes) : listOf(bytes, ...list);
    bytes.writeInt32LE(lie, at + 4 * place);

    await expect(inspectCatboost(bytesSource(bytes), 'm.cbm')).rejects.toThrow(says);
  });

  const splitsOf = (bytes: Buffer) =>
    bytes.indexOf(Buffer.from(new Uint32Array([12, ...SPLITS]).buffer)) + 4;

  it.each([
    ['depth', 'a child outside its tree', [1, 8, 1, 4], 15],
    ['loss', 'another', [1, 0, 1, 2], 7],
  ])('of a tree that grew by %s %s', async (name, _, steps, lie) => {
    const bytes = Buffer.from(bytesOf('catboost', `${name}-1.2.10.cbm`));
    // The left child of the first node, or the right one where that comes later.
    const at = bytes.indexOf(Buffer.from(new Uint16Array(steps).buffer)) + (steps[1] === 0 ? 0 : 2);
    bytes.writeUInt16LE(lie, at);
    const inspected = inspectCatboost(bytesSource(bytes), 'm.cbm');

    await expect(inspected).rejects.toThrow('whose child is not there');
  });
});

describe('of a tensor of ONNX is refused', () => {
  it.each([
    ['a shape without data', []],
    ['a shape of more than its data', [[RAW_DATA, new Uint8Array(16)]]],
  ] as const)('%s', async (_, data) => {
    const lie = tensor('w', 'FP32', [1000, 1000], ...data);
    const x = { name: 'x', datatype: 'FP32', shape: [4] } as const;
    const bytes = model({ inputs: [x], outputs: [x], nodes: [], initializers: [lie] });

    await expect(inspectOnnx(bytesSource(bytes), 'm.onnx', [])).rejects.toThrow(
      'has 1000000 elements by its shape, but not as many in its data',
    );
  });
});

test('a sparse tensor of ONNX is refused where zeros make it large', async () => {
  const SPARSE = 15;
  const values = tensor('w', 'FP32', [1], [RAW_DATA, new Uint8Array(4)]);
  const indices = tensor('i', 'INT64', [1], [RAW_DATA, new Uint8Array(8)]);
  const sparse = proto([1, proto(...values)], [2, proto(...indices)], [3, 100_000], [3, 100_000]);
  const bytes = proto([1, 8], [7, proto([SPARSE, sparse])]);

  await expect(inspectOnnx(bytesSource(bytes), 'm.onnx', [])).rejects.toThrow(
    'has a sparse tensor of 10000000000 elements by its shape, but 1 values',
  );
});

/** Keeps the sizes of the trees where the lie is longer or shorter than the text that it replaces: the feature names take the rest. */
function sameLength(text: string, pattern: RegExp, lie: string): string {
  const lied = text.replace(pattern, lie);
  expect(lied).not.toBe(text);
  const more = lied.length - text.length;
  const isOfTree = text.search(pattern) > text.indexOf('\nTree=0');
  if (!isOfTree || more === 0) return lied;
  return lied.replace(/^tree_sizes=(\d+)/m, (_, size) => `tree_sizes=${Number(size) + more}`);
}
