import { streamedSource } from '#formats/archives/stream.ts';
import { inspectSkops } from '#formats/skops/inspect.ts';
import { pathOf } from '../../e2e/first-hour/others.ts';
import { bytesSource, fileSource } from '../../support/bytes/sources.ts';
import { zipOf } from '../../support/bytes/zip.ts';
import {
  expectedOf,
  modelsOf,
  servedSignature,
  sourceOf,
  unlabelled,
} from '../../support/models/saved.ts';

type Node = Readonly<Record<string, unknown>>;

const NPY = npy("'<i8'");
const FINE: Node = estimator({ classes_: array('1.npy'), n_features_in_: json(4) });

describe('of a model saved by skops', () => {
  it.each(modelsOf('skops'))('%s says what scikit-learn says', async (name) => {
    const expected = expectedOf('skops', name);
    const { formatVersion, framework, entrypoint, steps, features, columns, takesColumns } =
      expected.facts;

    const found = await inspectSkops(sourceOf('skops', name), name, []);

    expect(found).toMatchObject({
      format: 'skops',
      formatVersion,
      framework,
      entrypoint,
      features,
      columns,
      takesColumns,
      steps: steps ?? [],
      requirements: expect.arrayContaining(['skops>=0.13,<1']),
      classes: (expected.facts['classes'] as unknown[] | null)?.length ?? null,
    });
    const served = servedSignature(expected);
    expect(found.signature?.inputs).toEqual(served?.inputs);
    if (found.signature?.outputs.length !== 0) {
      expect(unlabelled(found.signature)).toEqual(served);
    }
    expect(found.weightBytes).toBeGreaterThan(0);
  });

  it.each<[string, string, Node]>([
    ['a function', 'os.system', { func: node('FunctionNode', 'os', 'system') }],
    [
      'a function of numpy that reads files',
      'numpy.load',
      { func: node('FunctionNode', 'numpy', 'load') },
    ],
    [
      'a function of scikit-learn',
      'sklearn.datasets.load',
      { func: node('FunctionNode', 'sklearn.datasets', 'load') },
    ],
    ['a type of Python', 'subprocess.Popen', { cls: node('TypeNode', 'subprocess', 'Popen') }],
    ['eval as a type', 'builtins.eval', { cls: node('TypeNode', 'builtins', 'eval') }],
    ['an object of Python', 'subprocess.Popen', { it: object('subprocess', 'Popen', {}) }],
    ['an object of the user', '__main__.Mine', { it: object('__main__', 'Mine', {}) }],
    [
      'a call',
      'subprocess.Popen',
      { it: node('ConstructorFromReduceNode', 'subprocess', 'Popen', { content: json('id') }) },
    ],
    [
      'a method',
      'sklearn.svm._classes.SVC',
      {
        it: node('MethodNode', 'sklearn.svm._classes', 'SVC', {
          content: { func: 'fit', obj: FINE },
        }),
      },
    ],
    [
      'a partial',
      'functools.partial',
      { it: node('PartialNode', 'functools', 'partial', { content: {} }) },
    ],
    [
      'an operator',
      'operator.attrgetter',
      { it: node('OperatorFuncNode', 'operator', 'attrgetter', { attrs: json('x') }) },
    ],
    [
      'a loader of its own',
      'sklearn.svm._classes.SVC',
      { it: node('EvilNode', 'sklearn.svm._classes', 'SVC') },
    ],
    ['a list that is none', 'os.system', { it: node('ListNode', 'os', 'system', { content: [] }) }],
    [
      'a dict that is none',
      'builtins.exec',
      { it: node('DictNode', 'builtins', 'exec', { content: {} }) },
    ],
    [
      'an array that is none',
      'numpy.fromfile',
      { it: node('NdArrayNode', 'numpy', 'fromfile', { type: 'numpy', file: '1.npy' }) },
    ],
    [
      'a name with dots',
      'sklearn.svm.SVC.fit',
      { it: node('ObjectNode', 'sklearn.svm', 'SVC.fit') },
    ],
    [
      'a function deep in a list',
      'os.system',
      { it: list([list([list([node('FunctionNode', 'os', 'system')])])]) },
    ],
    [
      'a function as a key of a dict',
      'os.system',
      {
        it: node('DictNode', 'builtins', 'dict', {
          content: {},
          key_types: list([node('TypeNode', 'os', 'system')]),
        }),
      },
    ],
    [
      'a function where none is looked for',
      'os.system',
      { it: { ...json(1), more: node('FunctionNode', 'os', 'system') } },
    ],
    [
      'a factory of a dict',
      'os.system',
      {
        it: node('DefaultDictNode', 'collections', 'defaultdict', {
          content: { main: {}, default_factory: node('FunctionNode', 'os', 'system') },
        }),
      },
    ],
  ])('%s is refused by its name', async (_, name, attributes) => {
    await expect(inspect(estimator(attributes))).rejects.toMatchObject({
      name: 'ArtifactRejected',
      message: expect.stringContaining(name),
      fix: expect.stringMatching(/\.$/),
    });
  });

  it('a class is allowed by the manifest, but never one of Python itself', async () => {
    const mine = estimator({ it_: object('mypackage.models', 'Mine', {}) });
    const python = estimator({ it: object('subprocess', 'Popen', {}) });

    await expect(inspect(mine)).rejects.toMatchObject({
      fix: expect.stringContaining('`model: { allowPickle: [mypackage.models.Mine] }`'),
    });
    await expect(inspect(mine, ['mypackage.models.Mine'])).resolves.toMatchObject({
      features: null,
    });
    await expect(inspect(python, ['subprocess.Popen'])).rejects.toThrow('subprocess.Popen');
  });

  it('a function is allowed by the manifest, but no method of an object', async () => {
    const scorer = estimator({
      f_: node('FunctionNode', 'sklearn.metrics._classification', 'f1_score'),
    });
    const method = estimator({
      f: node('MethodNode', 'sklearn.svm._classes', 'SVC', { content: {} }),
    });

    await expect(inspect(scorer)).rejects.toMatchObject({
      fix: expect.stringContaining('[sklearn.metrics._classification.f1_score]'),
    });
    await expect(
      inspect(scorer, ['sklearn.metrics._classification.f1_score']),
    ).resolves.toBeDefined();
    await expect(inspect(method, ['sklearn.svm._classes.SVC'])).rejects.toMatchObject({
      fix: expect.stringContaining('never allowed'),
    });
  });

  it.each<[string, string, unknown, Record<string, Uint8Array>]>([
    ['a list', 'does not hold one', list([json(1)]), {}],
    ['no JSON', 'not a JSON object', undefined, {}],
    ['no arrays', 'has no member', FINE, { '1.npy': Buffer.alloc(0) }],
    ['a pickle in an array', 'holds objects in a pickle', FINE, { '1.npy': npy("'|O'") }],
    [
      'a pickle in a field',
      'holds objects in a pickle',
      FINE,
      { '1.npy': npy("[('a', '<i8'), ('b', '|O')]") },
    ],
    ['an array of odd fields', 'is not an array', FINE, { '1.npy': npy("__import__('os')") }],
    ['a node without a type', 'has no type', { __loader__: 'ObjectNode' }, {}],
    ['a tree without end', 'nested too deeply', nested(300), {}],
  ])('%s in a file is refused', async (_, message, schema, members) => {
    const content = schema === undefined ? '{' : JSON.stringify(schema);
    const parts = Object.entries(members).filter(([, bytes]) => bytes.length > 0);
    const bytes = zipOf([
      { name: 'schema.json', content },
      ...parts.map(([name, member]) => ({ name, content: member })),
    ]);

    await expect(inspectSkops(bytesSource(bytes), 'a.skops', [])).rejects.toMatchObject({
      name: 'ArtifactRejected',
      message: expect.stringContaining(message),
    });
  });

  it.each([0, 3, '2', undefined])('the protocol %j is refused', async (protocol) => {
    await expect(inspect({ ...FINE, protocol })).rejects.toMatchObject({
      message: expect.stringContaining('the known ones are 1 and 2'),
    });
  });

  it('a version that it names does not choose what reads it', async () => {
    const found = await inspect({ ...FINE, _skops_version: '0.2' });

    expect(found.requirements).toContain('skops>=0.13,<1');
  });

  it.each([
    'sklearn.svm._classes.Evil',
    'sklearn.feature_extraction.text.Anything',
    'xgboost.sklearn.XGBAnything',
    'catboost.core.CatBoostAnything',
  ])('%s is no class of a model, whatever its package', async (name) => {
    const at = name.lastIndexOf('.');
    const it = object(name.slice(0, at), name.slice(at + 1), {});

    await expect(inspect(estimator({ it }))).rejects.toThrow(name);
  });

  it('a random generator of numpy does not have is refused', async () => {
    const state = { bit_generator: json('DataSource') };
    const content = { bit_generator: node('DictNode', 'builtins', 'dict', { content: state }) };
    const it = node('RandomGeneratorNode', 'numpy.random._generator', 'Generator', { content });

    await expect(inspect(estimator({ it }))).rejects.toThrow('numpy does not have');
  });

  it('an array that is shorter than it says is refused', async () => {
    const bytes = zipOf([
      { name: 'schema.json', content: JSON.stringify(FINE) },
      { name: '1.npy', content: NPY.subarray(0, 140) },
    ]);

    await expect(inspectSkops(bytesSource(bytes), 'a.skops', [])).rejects.toThrow('shorter');
  });
});

it('a file of many arrays is read in few pieces', async () => {
  const arrays = Array.from({ length: 500 }, (_, index) => `${index}.npy`);
  const schema = estimator({ estimators_: list(arrays.map(array)) });
  const source = bytesSource(
    zipOf([
      { name: 'schema.json', content: JSON.stringify(schema), method: 8 },
      ...arrays.map((name) => ({ name, content: NPY, method: 8 })),
    ]),
  );

  expect(await inspectSkops(source, 'a.skops', [])).toMatchObject({ parameters: 1500 });
  expect(source.reads).toBeLessThan(10);
});

it('arrays are read once, in whatever order the tree and the directory name them', async () => {
  const arrays = Array.from({ length: 300 }, (_, index) => `${index}.npy`);
  const schema = estimator({ estimators_: list([...arrays].reverse().map(array)) });
  const zip = zipOf([
    { name: 'schema.json', content: JSON.stringify(schema) },
    ...arrays.map((name) => ({ name, content: Buffer.concat([NPY, Buffer.alloc(8192)]) })),
  ]);
  let opened = 0;
  const stream = streamedSource(zip.length, async function* () {
    opened += 1;
    yield zip;
  });

  await inspectSkops(stream, 'a.skops', []);

  expect(zip.length).toBeGreaterThan(2 ** 21);
  expect(opened).toBeLessThan(10);
});

it('needs the tables in which its steps answer each other', async () => {
  const source = await fileSource(pathOf('first-hour/output-tables.skops'));

  const { requirements } = await inspectSkops(source, 'output-tables.skops', []);

  expect(requirements).toContain('polars');
});

function inspect(schema: Node, allowed: readonly string[] = []) {
  const bytes = zipOf([
    { name: 'schema.json', content: JSON.stringify(schema), method: 8 },
    { name: '1.npy', content: NPY },
  ]);
  return inspectSkops(bytesSource(bytes), 'a.skops', allowed);
}

function node(loader: string, module: string, name: string, more: Node = {}): Node {
  return { __loader__: loader, __module__: module, __class__: name, ...more };
}

function json(value: unknown): Node {
  return node('JsonNode', 'builtins', 'str', { content: JSON.stringify(value), is_json: true });
}

function list(content: readonly Node[]): Node {
  return node('ListNode', 'builtins', 'list', { content });
}

function object(module: string, name: string, attributes: Node): Node {
  const content = node('DictNode', 'builtins', 'dict', {
    content: attributes,
    key_types: list(Object.keys(attributes).map(() => node('TypeNode', 'builtins', 'str'))),
  });
  return node('ObjectNode', module, name, { content });
}

function estimator(attributes: Node): Node {
  const noted = { _sklearn_version: json('1.7.2'), ...attributes };
  return { ...object('sklearn.svm._classes', 'SVC', noted), protocol: 2, _skops_version: '0.13.0' };
}

function array(file: string): Node {
  return node('NdArrayNode', 'numpy', 'ndarray', { type: 'numpy', file });
}

function nested(depth: number): Node {
  return depth === 0 ? json(1) : list([nested(depth - 1)]);
}

function npy(descr: string): Buffer {
  const header = `{'descr': ${descr}, 'fortran_order': False, 'shape': (3,), }`.padEnd(117);
  return Buffer.from(`\x93NUMPY\x01\0\x76\0${header}\n${'\0'.repeat(24)}`, 'latin1');
}
