import { writeFileSync } from 'node:fs';
import { copyFile, cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inspectPath } from '#operations/inspection/inspect-path.ts';
import { writePredict } from '#operations/inspection/write-predict.ts';
import { inspectionLines, writeManifest } from '../../src/cli/inspect.ts';
import { patiently } from '../../src/cli/patience.ts';
import { fixtureOf } from '../support/models/dropped.ts';
import { ggufOf, LLAMA } from '../support/models/gguf.ts';
import { runHere } from '../support/slipway/command-line.ts';
import { temporaryFolder } from '../support/slipway/running.ts';
import { runCli } from './run-cli.ts';

const BERT = fileURLToPath(new URL('../fixtures/hugging-face/bert-sentences', import.meta.url));

/** One after another: a user may have no more than 1,024 files open. */
function writeEmpty(paths: readonly string[]): void {
  for (const path of paths) writeFileSync(path, '');
}

/** The lines that begin with these labels. */
async function said(path: string, ...labels: readonly string[]): Promise<readonly string[]> {
  const lines = inspectionLines(await inspectPath(path));
  return lines.filter((line) => labels.some((label) => line.startsWith(label)));
}

describe('slipway inspect', () => {
  it('says what a model is, what serves it, and that it may be served as ONNX', async () => {
    const { path } = fixtureOf('xgboost', 'binary-3.4.json');

    expect(await said(path, 'model', 'made by', 'serves by', 'packages')).toEqual([
      'model        binary-3.4.json',
      'made by      xgboost 3.4.1',
      'serves by    the Python server, on Python 3.12 (else 3.13, 3.11); as ONNX instead, if it can be converted and answers the same',
      'packages     xgboost-cpu==3.4.1',
    ]);
  });

  it('says of a file of XGBoost which missing values it takes, as the file does not', async () => {
    const { path } = fixtureOf('xgboost', 'binary-3.4.json');

    const [line, ...others] = await said(path, 'missing');

    expect(line).toMatch(/^missing +null and NaN alone: .* missing=-999, send null in its place/);
    expect(others).toEqual([]);
    expect(await said(fixtureOf('lightgbm', 'binary-3.3.txt').path, 'missing')).toEqual([]);
  });

  it('says what the image of a folder goes without that was downloaded whole', async () => {
    await using folder = await temporaryFolder();
    await cp(BERT, folder.path, { recursive: true });
    await writeFile(join(folder.path, 'tf_model.h5'), 'weights');

    expect(await said(folder.path, 'left out')).toEqual([
      'left out     tf_model.h5: the image goes without what nothing reads',
    ]);
  });

  it('says of an image what it takes to run one on this machine', async () => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, 'Dockerfile'), 'FROM scratch\n');
    await writeFile(join(folder.path, 'model.yaml'), 'runtime: { port: 8080 }\n');

    expect(await said(folder.path, 'serves by')).toEqual([
      'serves by    an image of its own; on one machine by `slipway start --engine docker`',
    ]);
  });

  it.each([
    {
      where: 'nowhere but on Lambda in AWS',
      manifest: 'runtime: { port: 8080 }',
      lambda: 'sees its callers’ keys (authorization, x-api-key), and the body of each 5xx',
    },
    {
      where: 'not where it asks for a container',
      manifest: 'runtime: { port: 8080 }\nplacement: { target: fargate }',
      lambda: 'placement.target is fargate',
    },
    {
      where: 'not where Lambda does not start it',
      manifest: 'runtime: { port: 9001 }',
      lambda: 'listens on port 9001 (runtime.port), which Lambda reserves',
    },
  ])('says what an image of one’s own loses, $where', async ({ manifest, lambda }) => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, 'Dockerfile'), 'FROM scratch\n');
    await writeFile(join(folder.path, 'model.yaml'), manifest);

    const options = await said(folder.path, '* ', '  lambda', '  fargate', '  ec2');

    expect(options.find((option) => /^[* ] lambda/.test(option))).toContain(lambda);
    expect(options.filter((option) => option.includes('keys')).length).toBe(
      lambda.includes('keys') ? 1 : 0,
    );
  });

  it.each(['.', './', '../class'])(
    'calls a folder by its name where its path is %s',
    async (path) => {
      const { path: folder } = fixtureOf('python', 'class');

      const { stdout } = await runCli(['inspect', path], { PATH: process.env['PATH'] }, folder)
        .result;

      expect(stdout).toMatch(/^model {8}class\n/);
    },
  );

  it('stops at a folder of more files than an artifact may have, as a push of it does', async () => {
    await using folder = await temporaryFolder();
    await mkdir(join(folder.path, 'deep'));
    writeEmpty(Array.from({ length: 1001 }, (_, n) => join(folder.path, 'deep', `${n}.bin`)));
    const says = `${basename(folder.path)} has more than 1000 files beside its model.yaml, which is the limit`;

    for (const command of [['inspect'], ['push', '--name', 'many']]) {
      const { code, stdout, stderr } = await runHere(...command, folder.path);

      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toMatch(`slipway: ${says}\n→ Name a folder with only the files`);
    }
  });

  it('takes as many files as an artifact may have, and its manifest', async () => {
    await using folder = await temporaryFolder();
    const names = ['model.yaml', ...Array.from({ length: 1000 }, (_, n) => `${n}.bin`)];
    writeEmpty(names.map((name) => join(folder.path, name)));

    await expect(inspectPath(folder.path)).rejects.toThrow('there is no model among');
  });

  it('tells what it is at each time that it looks, while that is something else', async () => {
    const told: string[] = [];
    let look = () => {};
    let isStopped = false;
    const repeat = (again: () => void) => {
      look = again;
      return () => {
        isStopped = true;
      };
    };
    const { path } = fixtureOf('python', 'class');

    await patiently((at) => inspectPath(path, (says) => [at(says), look(), look()]), {
      tell: (says) => told.push(says),
      repeat,
    });

    expect(told).toEqual([
      `looking for the files in ${path}: 1 so far`,
      `looking for the files in ${path}: 2 so far`,
      `looking for the files in ${path}: 3 so far`,
      `looking for the files in ${path}: 4 so far`,
      'inspecting 4 files of 613 bytes',
    ]);
    expect(isStopped).toBe(true);
  });

  it('promises no conversion of code', async () => {
    const { path } = fixtureOf('python', 'class');

    expect(await said(path, 'serves by')).toEqual([
      expect.stringMatching(/^serves by {4}the Python server, on Python [^;]*$/),
    ]);
  });

  it.each([
    ['manifest that says nothing of it', '', 'without a network (runtime.network)'],
    ['manifest that opens it', 'runtime: { network: open }', 'with the network'],
  ])('says that code is run, and by a %s what it reaches', async (_, manifest, reaches) => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, 'predict.py'), 'def predict(x): return x\n');
    await writeFile(join(folder.path, 'requirements.txt'), '');
    await writeFile(join(folder.path, 'model.yaml'), manifest);

    expect(await said(folder.path, 'runs code')).toEqual([
      `runs code    its owner’s own code, unchecked; on one machine ${reaches}`,
    ]);
  });

  it.each([
    [{}, '', 'conversations and texts of up to 4,096 tokens, 1 request at once'],
    [
      { 'tokenizer.chat_template': ['text', ''] },
      'runtime: { contextTokens: 512, requestsAtOnce: 2 }',
      'texts of up to 512 tokens, 2 requests at once',
    ],
    [
      { 'llama.pooling_type': ['u32', 1] },
      '',
      'embeddings of up to 4,096 tokens, 1 request at once',
    ],
  ] as const)('says what a language model answers: %j', async (changed, manifest, answers) => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'm.gguf');
    await writeFile(path, ggufOf({ entries: { ...LLAMA, ...changed } }));
    await writeFile(`${path}.yaml`, manifest);

    expect(await said(path, 'answers ')).toEqual([`answers      ${answers}`]);
  });

  it('does not say of data that code of its owner runs', async () => {
    const { path } = fixtureOf('sklearn', 'forest-1.8.joblib');

    expect(await said(path, 'answers by')).toHaveLength(1);
    expect(await said(path, 'runs code')).toEqual([]);
  });

  it.each([
    { folder: 'sagemaker', name: 'xgboost-bare.tar.gz' },
    { folder: 'archives', name: 'mlflow-in-a-folder.zip' },
  ])('names the archive that a model is in: $name', async ({ folder, name }) => {
    const { path } = fixtureOf(folder, name);

    expect(await said(path, 'model ')).toEqual([
      expect.stringMatching(new RegExp(`^model {8}${name}`)),
    ]);
  });

  it('writes a manifest to go on from, which names a Python only where the artifact does', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'model.json');
    await copyFile(fixtureOf('xgboost', 'binary-3.4.json').path, path);

    await writeManifest(await inspectPath(path));

    expect(await readFile(`${path}.yaml`, 'utf8')).toBe(
      '# docs/model.yaml shows every key; all of them are optional.\nmodel:\n  format: xgboost\n',
    );
    await expect(inspectPath(path).then(writeManifest)).rejects.toMatchObject({
      name: 'InputInvalid',
    });
  });

  it('names the manifest that it has written, and offers none', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'model.json');
    await copyFile(fixtureOf('xgboost', 'binary-3.4.json').path, path);

    const { stdout } = await runHere('inspect', path, '--write-manifest');

    expect(stdout).toContain(`\nmanifest     ${path}.yaml\n`);
    expect(stdout).toMatch(/\nwrote .*model\.json\.yaml\n$/);
  });

  it.each([
    ['model.pt', '', ['torch.load(FILE, map_location="cpu", weights_only=True)'], 'torch\nnumpy\n'],
    ['model.keras', '', ['keras.saving.load_model(FILE)'], 'keras\ntensorflow-cpu\n'],
    ['model.pkl', '', ['joblib.load(FILE)'], 'joblib\nnumpy\npandas\nscikit-learn\n'],
    ['model.safetensors', '', ['load_file(FILE)'], 'safetensors\nnumpy\n'],
    ['model.rds', '', ['open(FILE, "rb")'], ''],
    ['model.pmml', '', ['auto_detect_estimator(pmml=FILE)'], 'sklearn-pmml-model\npandas\n'],
    ['model.json', '{"growth": "linear"', ['model_from_json('], 'prophet\npandas\n'],
    ['cat.json', '{"features_info":{', ['format="json"'], 'catboost\n'],
    [
      'ols.pkl',
      '\x80\x04cstatsmodels.api\nOLS\n.',
      ['joblib.load(FILE)'],
      'joblib\nnumpy\npandas\nstatsmodels\n',
    ],
    [
      'arima.pkl',
      '\x80\x04cpmdarima.arima.arima\nARIMA\n.',
      ['joblib.load(FILE)'],
      'joblib\nnumpy\nscikit-learn\npmdarima\n',
    ],
    [
      'own.pkl',
      '\x80\x04cmodel_of_mine\nModel\n.',
      ['joblib.load(FILE)'],
      'joblib\nnumpy\npandas\nscikit-learn\n',
    ],
  ])(
    'writes a predict.py that would serve %s, which is taken then',
    async (name, text, says, packages) => {
      await using folder = await temporaryFolder();
      await writeFile(join(folder.path, name), text, 'latin1');

      await writePredict(join(folder.path, name));

      const code = await readFile(join(folder.path, 'predict.py'), 'utf8');
      for (const each of [...says, `FILE = "${name}"`]) expect(code).toContain(each);
      expect(await readFile(join(folder.path, 'requirements.txt'), 'utf8')).toBe(packages);
      expect((await inspectPath(folder.path)).facts).toMatchObject({
        format: 'python',
        entrypoint: 'predict.py:Predictor',
      });
      await expect(writePredict(folder.path)).rejects.toMatchObject({ name: 'InputInvalid' });
    },
  );

  it("asks the handler that a folder has, and leaves the folder's requirements as they are", async () => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, 'handler.py'), 'class EndpointHandler:\n    pass\n');
    await writeFile(join(folder.path, 'requirements.txt'), 'numpy\n');

    const written = await writePredict(folder.path);

    expect(written).toEqual([join(folder.path, 'predict.py')]);
    expect(await readFile(join(folder.path, 'requirements.txt'), 'utf8')).toBe('numpy\n');
    const code = await readFile(join(folder.path, 'predict.py'), 'utf8');
    expect(code).toContain('from handler import EndpointHandler');
    expect(code).toContain('FILE = "."');
  });

  it('writes for a predictor of AutoGluon the Python and the packages that its metadata says it was made by', async () => {
    await using folder = await temporaryFolder();
    const packages = {
      'autogluon.tabular': '1.6.3',
      torch: '2.10.0+cu126',
      lightgbm: '4.7.0',
      pip: '23.2.1',
      numpy: '2.4.6\n--index-url=https://example.com',
    };
    const metadata = { version: '1.6.3', py_version: '3.11', py_version_micro: '3.11.7', packages };
    await writeFile(join(folder.path, 'metadata.json'), JSON.stringify(metadata));
    await writeFile(join(folder.path, 'predictor.pkl'), '\x80\x04.', 'latin1');
    await writeFile(join(folder.path, 'learner.pkl'), '\x80\x04.', 'latin1');

    const written = await writePredict(folder.path);

    const files = ['predict.py', 'requirements.txt', '.python-version'];
    expect(written).toEqual(files.map((name) => join(folder.path, name)));
    const [code, requirements, python] = await Promise.all(
      written.map((path) => readFile(path, 'utf8')),
    );
    expect(code).toContain('self.model = TabularPredictor.load(FILE)');
    expect(requirements).toBe(
      'autogluon.tabular==1.6.3\nlightgbm==4.7.0\nnumpy==2.4.6\ntorch==2.10.0\n',
    );
    expect(python).toBe('3.11\n');
    expect((await inspectPath(folder.path)).facts).toMatchObject({ pythonVersion: '3.11' });
  });

  it('writes no pipeline of transformers for a folder that is none of Hugging Face', async () => {
    await using folder = await temporaryFolder();
    await mkdir(join(folder.path, 'Data/com.apple.CoreML'), { recursive: true });
    await writeFile(join(folder.path, 'Data/com.apple.CoreML/model.mlmodel'), '');

    await writePredict(folder.path);

    const code = await readFile(join(folder.path, 'predict.py'), 'utf8');
    expect(code).toContain('Answers for a Core ML package');
    expect(code).not.toContain('transformers');
  });

  it.each([
    [
      '{"architectures": ["BertForSequenceClassification"]}',
      'pipeline("text-classification", model=FILE)',
    ],
    ['{"model_type": "bert"}', 'pipeline("feature-extraction", model=FILE)'],
    [
      '{"model_type": "x", "__version__": {"sentence_transformers": "3"}}',
      'SentenceTransformer(FILE)',
    ],
  ])('writes one for a folder of Hugging Face with the config %s', async (config, says) => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, 'config.json'), config);
    await writeFile(join(folder.path, 'model.safetensors'), '');

    await writePredict(folder.path);

    const code = await readFile(join(folder.path, 'predict.py'), 'utf8');
    expect(code).toContain(says);
    expect(code).toContain('FILE = "."');
  });
});
