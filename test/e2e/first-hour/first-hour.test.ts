import { cp, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { difference } from '#domain/rollout/json-difference.ts';
import { share } from '../../support/fuzz/runs.ts';
import { SEED } from '../../support/fuzz/seeded.ts';
import { fixtureOf } from '../../support/models/dropped.ts';
import type { ModelFixture } from '../../support/models/fixtures.ts';
import {
  type RunningSlipway,
  startSlipway,
  temporaryFolder,
} from '../../support/slipway/running.ts';
import { type Answers, answersOf, otherAnswersOf, pathOf, rowsAnswered } from './others.ts';
import { answeredRows, type Rows, rowsOf, type Shape, shapesOf } from './shapes.ts';

// Converted or not, no answer is further from the framework's own.
const RTOL = 1e-4;

/** Models as people have them on their disks, one of each kind: by the framework that saved it, each with its newest version. Files that test/python drops are not repeated here. */
const MODELS: readonly (readonly [folder: string, name: string])[] = [
  ['sklearn', 'forest-1.8.joblib'],
  ['sklearn', 'logistic-1.8.pkl'],
  ['sklearn', 'linear-1.8.joblib'],
  ['sklearn', 'svc-1.8.joblib'],
  ['sklearn', 'mlp-1.8.pkl'],
  ['sklearn', 'kmeans-1.8.joblib'],
  ['sklearn', 'hist-gradient-boosting-1.8.joblib'],
  ['sklearn', 'hist-categories-1.8.pkl'],
  ['sklearn', 'imputed-pipeline-1.8.pkl'],
  ['sklearn', 'texts-pipeline-1.8.pkl'],
  ['sklearn', 'several-labels-1.8.pkl'],
  ['sklearn', 'lgbm-classifier-4.6.pkl'],
  ['sklearn', 'xgb-pipeline-3.4.joblib'],
  ['sklearn', 'catboost-classifier-1.2.10.pkl'],
  ['skops', 'columns-pipeline-0.13.skops'],
  ['xgboost', 'binary-3.4.json'],
  ['xgboost', 'multiclass-3.4.ubj'],
  ['xgboost', 'regressor-3.4.json'],
  ['xgboost', 'words-3.4.ubj'],
  ['lightgbm', 'binary-4.6.txt'],
  ['lightgbm', 'regressor-4.6.txt'],
  ['lightgbm', 'pandas-categorical-4.6.txt'],
  ['catboost', 'binary-1.2.10.cbm'],
  ['catboost', 'regressor-1.2.10.cbm'],
  ['mlflow', 'pyfunc-3.17'],
  ['sagemaker', 'xgboost-bare.tar.gz'],
  ['archives', 'mlflow-in-a-folder.zip'],
  ['archives', 'xgboost.tar'],
];

// Each takes a separate deployment: a run tries one in six, which the seed chooses.
const CASES = share(MODELS, 6).map(([folder, name], at) => ({ folder, name, model: `m${at}` }));

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let slipway: RunningSlipway;

beforeAll(async () => {
  process.stdout.write(`${CASES.length} of ${MODELS.length} models; SLIPWAY_SEED=${SEED}\n`);
  folder = await temporaryFolder();
  slipway = await startSlipway(folder.path);
}, 60_000);

afterAll(async () => {
  await slipway?.[Symbol.asyncDispose]();
  await folder?.[Symbol.asyncDispose]();
});

async function ask(model: string, { path, headers, body }: Shape) {
  const url = `${slipway.gateway}/models/${model}/${path}`;
  const response = await fetch(url, { method: 'POST', headers, body });
  return { status: response.status, body: (await response.json()) as unknown };
}

/** The model's own inputs, in their order. */
async function inputsOf(model: string): Promise<readonly string[]> {
  const metadata = await fetch(`${slipway.gateway}/models/${model}/v2/models/${model}`);
  const { inputs } = (await metadata.json()) as { inputs: readonly { readonly name: string }[] };
  return inputs.map(({ name }) => name);
}

/** The answers that differ from the framework's, by the shape of the request. */
async function wrong(model: string, { requests }: ModelFixture): Promise<readonly string[]> {
  const found: string[] = [];
  const inputs = await inputsOf(model);
  for (const { body, answer } of requests.filter(({ protocol }) => protocol === 'invocations')) {
    found.push(...(await wrongShapes(model, rowsOf(body, inputs), answer)));
  }
  return found;
}

async function wrongShapes(
  model: string,
  rows: Rows,
  answer: unknown,
  isTaken: (shape: Shape) => boolean = () => true,
): Promise<readonly string[]> {
  const found: string[] = [];
  for (const shape of shapesOf(model, rows).filter(isTaken)) {
    const why = differenceOf(shape, await ask(model, shape), answer);
    if (why) found.push(`${shape.shape}: ${why}`);
  }
  return found;
}

/** The same of a model of iris, which takes rows of numbers. */
function wrongOfIris(model: string, answers: Answers, label: string): Promise<readonly string[]> {
  const predictions = rowsAnswered(answers, label);
  return wrongShapes(model, { columns: null, rows: answers.rows }, { predictions });
}

/** A file is dropped in the bucket, a folder pushed; answers how its deployment ended. */
async function deployed(model: string, path: string): Promise<unknown> {
  if ((await stat(path)).isFile()) {
    slipway.drop(`models/${model}/${basename(path)}`, await readFile(path));
    return (await slipway.ending(model, 1)).detail;
  }
  const { out, err } = await slipway.command('push', path, '--name', model, '--json');
  const last = out.trim().split('\n').at(-1) ?? '';
  return last.startsWith('{') ? JSON.parse(last).detail : err;
}

type Answer = Awaited<ReturnType<typeof ask>>;

function differenceOf({ count }: Shape, { status, body }: Answer, answer: unknown) {
  if (status !== 200) return `${status} ${JSON.stringify(body)}`;
  return difference(answeredRows(body, count), answeredRows(answer, count), RTOL);
}

/** Models that do not predict, know their texts by place, or keep how they were fitted: a run tries a third. */
const OTHERS = share([
  'transformer',
  'vectorizer',
  'neighbours',
  'unnamed-texts',
  'searched',
  'output-tables',
]);

describe('the models of a first hour', () => {
  it.each(CASES)('$folder/$name answers each shape as its framework does', async (each) => {
    const fixture = fixtureOf(each.folder, each.name);

    expect(await deployed(each.model, fixture.path)).toMatchObject({ state: 'Live' });

    expect(await wrong(each.model, fixture)).toEqual([]);
  });

  it.each(['words', 'numbers'])(
    'a classifier of %s as skl2onnx exports it answers each shape by class',
    async (name) => {
      const model = `zipmap-${name}`;

      expect(await deployed(model, pathOf(`zipmap/${name}.onnx`))).toMatchObject({ state: 'Live' });

      const answers = answersOf(`zipmap/${name}.json`);
      expect(await wrongOfIris(model, answers, 'output_label')).toEqual([]);
    },
  );

  it.each(OTHERS)(
    'what does not predict, knows its texts by place, or keeps how it was fitted answers each shape: %s',
    async (name) => {
      expect(await deployed(name, pathOf(`first-hour/${name}.joblib`))).toMatchObject({
        state: 'Live',
      });

      const { rows, predictions } = otherAnswersOf(`first-hour/${name}.json`);
      expect(await wrongShapes(name, { columns: null, rows }, { predictions })).toEqual([]);
    },
  );

  it('a regressor as CatBoost exports it to ONNX answers each shape', async () => {
    expect(await deployed('exported', pathOf('first-hour/catboost.onnx'))).toMatchObject({
      state: 'Live',
      reason: expect.stringContaining('output predictions has rank 2'),
    });

    const { rows, predictions } = otherAnswersOf('first-hour/catboost.json');
    expect(await wrongShapes('exported', { columns: null, rows }, { predictions })).toEqual([]);
  });

  it('a pipeline with a class of its own, and its module beside it, answers each shape', async () => {
    expect(await deployed('own', pathOf('own-class'))).toMatchObject({ state: 'Live' });

    const answers = answersOf('first-hour/own-class.json');
    expect(await wrongOfIris('own', answers, 'label')).toEqual([]);
  });

  it('a dict with a model in it is refused, and answers by the predict.py that is written for it', async () => {
    const home = join(folder.path, 'dict');
    await mkdir(home);
    await cp(pathOf('first-hour/dict.pkl'), join(home, 'dict.pkl'));
    const { rows, labels } = answersOf('first-hour/dict.json');

    expect(await deployed('dict', join(home, 'dict.pkl'))).toMatchObject({
      state: 'Rejected',
      fix: expect.stringContaining('--write-predict'),
    });
    await slipway.command('inspect', home, '--write-predict');

    expect(await deployed('dict', home)).toMatchObject({ state: 'Live' });
    // Code declares no columns, so a CSV without names could not be distinguished from one with names.
    const isTaken = ({ shape }: Shape) => !shape.startsWith('CSV');
    const answer = { predictions: labels };
    expect(await wrongShapes('dict', { columns: null, rows }, answer, isTaken)).toEqual([]);
  });

  it('a folder that is dropped with no more than a predict.py streams what that yields', async () => {
    const home = join(slipway.dataDir, 'bucket/models/stream/v1');
    await mkdir(home, { recursive: true });
    await writeFile(
      join(home, 'predict.py'),
      'async def predict(n):\n  for each in range(n): yield {"at": each}\n',
    );

    expect((await slipway.ending('stream', 1)).detail).toMatchObject({ state: 'Live' });

    const answer = await fetch(`${slipway.gateway}/models/stream/invocations`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"inputs": 2}',
    });
    expect(await answer.text()).toBe('{"at":0}\n{"at":1}\n');
  });
});
