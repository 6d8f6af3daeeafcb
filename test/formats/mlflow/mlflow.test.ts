import type { Framework } from '#domain/artifact/facts.ts';
import { inspectMlflow, mlflowOnnx, readMlflow } from '#formats/mlflow/inspect.ts';
import { memoryFile } from '../../support/bytes/archive-files.ts';
import {
  artifactOf,
  expectedOf,
  inspectData,
  modelsOf,
  servedSignature,
  unlabelled,
} from '../../support/models/saved.ts';

const PYFUNC = `
flavors:
  python_function:
    loader_module: mlflow.pyfunc.model
    python_model: python_model.pkl
    python_version: '3.10'
mlflow_version: 2.14.1
`;

describe('of a folder saved by mlflow', () => {
  it.each(modelsOf('mlflow'))('%s says what mlflow and its framework say', async (name) => {
    const expected = expectedOf('mlflow', name);
    const { formatVersion, pythonVersion } = expected.facts;
    const requirements = expected.facts['requirements'] as readonly string[];
    const isCode = name.startsWith('pyfunc');

    const folder = await readMlflow(artifactOf('mlflow', name), '.');
    const found = await inspectMlflow(folder, inspectData, []);

    const { name: package_ = '', version } = found.framework ?? ({} as Partial<Framework>);
    const own = requirements.find((each) => each.startsWith(`${package_}==`));
    expect(found).toMatchObject({ format: 'mlflow', formatVersion, pythonVersion });
    if (expected.requests.length > 0) {
      expect(unlabelled(found.signature)).toEqual(servedSignature(expected));
    }
    if (isCode) return expect(found.requirements).toEqual(requirements);
    expect(`${package_}==${version}`).toBe(own);
    const needed = requirements.filter((each) => !/^(mlflow|graphviz|matplotlib)=/.test(each));
    expect(found.requirements).toEqual(
      expect.arrayContaining(needed.filter((each) => each !== own)),
    );
    expect(found.requirements.join()).not.toMatch(/graphviz|matplotlib/);
    expect(found.example).toEqual(name.includes('bare') ? null : sent());

    function sent() {
      const body = { dataframe_split: expect.objectContaining({ data: expect.any(Array) }) };
      const inputs = { inputs: expect.any(Array) };
      return { protocol: 'invocations', body: name.includes('tensor') ? inputs : body };
    }
  });

  it.each([
    ['XGBClassifier', 'xgboost.sklearn.XGBClassifier', ['scikit-learn']],
    ['Booster', 'xgboost.core.Booster', []],
  ])(
    'of an %s of XGBoost gets the scikit-learn that its requirements do not list, where it needs that',
    async (_, modelClass, needs) => {
      const files = artifactOf('mlflow', 'xgboost-3.17').map((file) =>
        file.name === 'requirements.txt'
          ? memoryFile('requirements.txt', 'mlflow==3.17.2\nxgboost==3.2.0')
          : file,
      );
      const folder = await readMlflow(files, '.');
      const flavors = {
        ...folder.model.flavors,
        xgboost: { ...folder.model.flavors['xgboost'], model_class: modelClass },
      };

      const found = await inspectMlflow(
        { ...folder, model: { ...folder.model, flavors } },
        inspectData,
        [],
      );

      expect(found.requirements.filter((each) => each.startsWith('scikit-learn'))).toEqual(needs);
    },
  );

  it('of any depth is inspected where its MLmodel stands', async () => {
    const files = artifactOf('mlflow', 'sklearn-3.17').map((file) => ({
      ...file,
      name: `runs/1/${file.name}`,
    }));

    const folder = await readMlflow(files, 'runs/1');

    expect(await inspectMlflow(folder, inspectData, [])).toMatchObject({
      format: 'mlflow',
      framework: { name: 'scikit-learn', version: '1.8.0' },
    });
  });
});

describe('a python_function', () => {
  it('has the signature that its MLmodel declares', async () => {
    const inputs = [
      { type: 'long', name: 'age' },
      { type: 'string', name: 'city' },
    ];
    const outputs = [{ type: 'tensor', 'tensor-spec': { dtype: 'float32', shape: [-1, 3] } }];

    expect(await inspect(signed(inputs, outputs))).toMatchObject({
      takesColumns: true,
      pythonVersion: '3.10',
      formatVersion: '2.14.1',
      entrypoint: 'mlflow.pyfunc.model',
      signature: {
        inputs: [
          { name: 'age', datatype: 'INT64', shape: [-1] },
          { name: 'city', datatype: 'BYTES', shape: [-1] },
        ],
        outputs: [{ name: 'prediction', datatype: 'FP32', shape: [-1, 3] }],
      },
    });
  });

  it('may have columns that a request need not have', async () => {
    const columns = [
      { type: 'double', name: 'age', required: true },
      { type: 'string', name: 'city', required: false },
    ];

    expect(await inspect(signed(columns, []))).toMatchObject({
      signature: {
        inputs: [
          { name: 'age', datatype: 'FP64', shape: [-1] },
          { name: 'city', datatype: 'BYTES', shape: [-1], isOptional: true },
        ],
      },
      example: null,
    });
  });

  it('that takes a time is proven by one, since no zeros are any', async () => {
    const columns = [
      { type: 'datetime', name: 'at' },
      { type: 'binary', name: 'seal' },
      { type: 'long', name: 'count' },
    ];

    expect(await inspect(signed(columns, []))).toMatchObject({
      example: {
        protocol: 'invocations',
        body: { dataframe_records: [{ at: '1970-01-01T00:00:00', seal: '', count: 0 }] },
      },
    });
  });

  it('whose signature the protocol cannot carry has none', async () => {
    const map = [{ type: 'map', name: 'options', values: { type: 'string' } }];

    expect(await inspect(signed(map, []))).toMatchObject({ signature: null });
  });

  it('of a very wide table has none either, and is served', async () => {
    const wide = Array.from({ length: 5000 }, (_, index) => ({
      type: 'double',
      name: `c${index}`,
    }));

    expect(await inspect(signed(wide, []))).toMatchObject({ signature: null, takesColumns: false });
  });

  function signed(inputs: unknown, outputs: unknown): string {
    const text = (value: unknown) => `'${JSON.stringify(value)}'`;
    return `${PYFUNC}signature:\n  inputs: ${text(inputs)}\n  outputs: ${text(outputs)}\n`;
  }
});

it.each(['statsmodels', 'pytorch', 'transformers', 'langchain'])(
  'a model of the flavour %s is asked by MLflow, as a python_function is',
  async (flavour) => {
    const loader = `mlflow.${flavour}`;
    const text = `flavors: {${flavour}: {data: data}, python_function: {loader_module: ${loader}}}`;

    expect(await inspect(text)).toMatchObject({ format: 'mlflow', entrypoint: loader });
  },
);

describe('the file of a model that MLflow saved as ONNX', () => {
  const said = (data: string, loader = 'mlflow.onnx') =>
    `flavors: {onnx: {data: ${data}}, python_function: {loader_module: ${loader}}}`;
  const fileIn = async (text: string) => {
    const files = [memoryFile('m/MLmodel', text), memoryFile('m/model.onnx', 'x')];
    return mlflowOnnx(await readMlflow(files, 'm'));
  };

  it('is the one that its MLmodel names', async () => {
    expect(await fileIn(said('model.onnx'))).toMatchObject({ name: 'm/model.onnx' });
  });

  it.each([
    ['which is not there', said('../a.onnx'), 'there is no such file'],
    [
      'which MLflow itself would not load',
      said('model.onnx', 'mlflow.sklearn'),
      '`mlflow.sklearn`',
    ],
  ])('%s is refused', async (_, text, message) => {
    await expect(fileIn(text)).rejects.toMatchObject({
      name: 'ArtifactRejected',
      message: expect.stringContaining(message),
    });
  });

  it('is none where MLflow saved something else', async () => {
    expect(await fileIn('flavors: {sklearn: {}}')).toBeUndefined();
  });
});

it.each([
  ['that is no YAML', 'flavors: [', 'line 1'],
  ['with a key given twice', 'flavors: {}\nflavors: {}', 'line 2'],
  [
    'with 40,000 keys',
    Array.from({ length: 40_000 }, (_, index) => `k${index}: v`).join('\n'),
    'flavors is not what MLflow writes',
  ],
  ['with aliases', 'flavors: &a {}\nsignature: *a', 'aliases'],
  [
    'that merges',
    'flavors:\n  <<: {sklearn: {pickled_model: a.pkl}}',
    'the key `<<` is not a plain name',
  ],
  ['with a key that is nothing', 'flavors: {}\n? !!null\n: a', 'line 2'],
  [
    'with a key that is true in 1.1',
    'flavors: {}\nyes: a',
    'line 2: the key `yes` is not a plain name',
  ],
  [
    'with a line that ends in 1.1',
    'flavors: {}\n# a\x85mlflow_version: 2',
    '"\\u0085" is read differently',
  ],
  ['with a line separator', 'flavors: {}\n# a\u2028b: 2', '"\\u2028" is read differently'],
  ['with a tag', 'flavors: !!map {}', 'tags, anchors or aliases'],
  ['of a version', '%YAML 1.1\n---\nflavors: {}', 'line 1'],
  ['with a tab', 'flavors:\t{}', '"\\t" is read differently'],
  ['of lists in lists', `flavors: ${'['.repeat(100_000)}`, 'nested too deeply'],
  ['without flavors', 'mlflow_version: 2.1', 'flavors is not what MLflow writes'],
  ['with an empty list of flavors', 'flavors: {}', '`none`'],
  ['of PyTorch', 'flavors: {pytorch: {data: data}}', 'has the flavour `pytorch`'],
  ['of Spark', 'flavors: {spark: {}, python_function: {loader_module: mlflow.spark}}', '`spark`'],
  ['of a loader of its own', 'flavors: {python_function: {loader_module: os}}', '`os`'],
  [
    'whose file is not there',
    'flavors: {sklearn: {pickled_model: gone.pkl}}',
    '`gone.pkl` for sklearn',
  ],
  [
    'whose file is outside',
    'flavors: {sklearn: {pickled_model: ../../etc/passwd}}',
    'there is no such file',
  ],
  ['whose signature is none', `${PYFUNC}signature: {inputs: '[1'}`, 'is not the JSON'],
])('an MLmodel %s is refused', async (_, text, message) => {
  await expect(inspect(text)).rejects.toMatchObject({
    name: 'ArtifactRejected',
    message: expect.stringContaining(message),
    fix: expect.stringMatching(/\.$/),
  });
});

describe('the packages of a python_function', () => {
  const CONDA = `
channels: [conda-forge]
dependencies:
- python=3.10.4
- numpy=1.22
- pip:
  - mlflow==1.14.1
  - scikit-learn==0.24.2
`;
  const packagesOf = async (...files: readonly (readonly [string, string])[]) => {
    const all = [['MLmodel', PYFUNC] as const, ...files].map((file) => memoryFile(...file));
    const facts = await inspectMlflow(await readMlflow(all, '.'), inspectData, []);
    return facts.requirements;
  };

  it.each([
    [
      'its requirements.txt, before conda.yaml',
      'requirements.txt',
      'mlflow==2.1\n',
      ['mlflow==2.1'],
    ],
    ['conda.yaml alone', 'x', '', ['mlflow==1.14.1', 'scikit-learn==0.24.2']],
  ])('are those of %s', async (_, name, content, expected) => {
    expect(await packagesOf([name, content], ['conda.yaml', CONDA])).toEqual(expected);
  });

  it.each([
    ['nothing', ''],
    ['no YAML', 'dependencies: ['],
    ['aliases', 'a: &a [x]\ndependencies: *a'],
    ['too many levels', '['.repeat(10_000)],
    ['no section of pip', 'dependencies: [python=3.10, {npm: [x]}]'],
  ])('are MLflow itself where conda.yaml says %s', async (_, text) => {
    expect(await packagesOf(['conda.yaml', text])).toEqual(['mlflow==2.14.1']);
  });

  it('begin with MLflow itself where they do not name it', async () => {
    const text = 'flavors: {python_function: {loader_module: mlflow.pyfunc.model}}';

    expect(await packagesOf(['requirements.txt', 'pandas'])).toEqual(['mlflow==2.14.1', 'pandas']);
    expect(await inspect(text)).toMatchObject({ requirements: ['mlflow'] });
  });

  it('are refused where they are no names', async () => {
    const text = 'dependencies: [{pip: [mlflow, "git+https://example.org/a"]}]';

    await expect(packagesOf(['conda.yaml', text])).rejects.toMatchObject({
      message: 'conda.yaml, pip, line 2: `git+https://example.org/a` is a repository',
    });
  });
});

it('a folder without an MLmodel is none of MLflow', async () => {
  await expect(readMlflow([], '.')).rejects.toMatchObject({
    name: 'ArtifactRejected',
    message: 'MLmodel is missing',
  });
});

async function inspect(text: string) {
  return inspectMlflow(await readMlflow([memoryFile('MLmodel', text)], '.'), inspectData, []);
}
