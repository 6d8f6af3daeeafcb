import { difference } from '#domain/rollout/json-difference.ts';
import { fixtureOf } from '../../support/models/dropped.ts';
import type { ModelFixture } from '../../support/models/fixtures.ts';
import {
  type RunningSlipway,
  startSlipway,
  temporaryFolder,
} from '../../support/slipway/running.ts';
import { answeredRows, rowsOf, type Shape, shapesOf } from './shapes.ts';

// Converted or not, no answer is further from the framework's own.
const RTOL = 1e-4;

/** What people have on their disks, one of each kind: by the framework that saved it, each with its newest version. */
const MODELS: readonly (readonly [folder: string, name: string])[] = [
  ['sklearn', 'forest-1.8.joblib'],
  ['sklearn', 'forest-1.8-gzip.joblib'],
  ['sklearn', 'logistic-1.8.pkl'],
  ['sklearn', 'linear-1.8.joblib'],
  ['sklearn', 'svc-1.8.joblib'],
  ['sklearn', 'mlp-1.8.pkl'],
  ['sklearn', 'kmeans-1.8.joblib'],
  ['sklearn', 'hist-gradient-boosting-1.8.joblib'],
  ['sklearn', 'hist-categories-1.8.pkl'],
  ['sklearn', 'columns-pipeline-1.8.joblib'],
  ['sklearn', 'imputed-pipeline-1.8.pkl'],
  ['sklearn', 'texts-pipeline-1.8.pkl'],
  ['sklearn', 'several-labels-1.8.pkl'],
  ['sklearn', 'lgbm-classifier-4.6.pkl'],
  ['sklearn', 'xgb-pipeline-3.4.joblib'],
  ['sklearn', 'xgb-categories-3.2.pkl'],
  ['sklearn', 'catboost-classifier-1.2.10.pkl'],
  ['skops', 'columns-pipeline-0.13.skops'],
  ['xgboost', 'binary-3.4.json'],
  ['xgboost', 'multiclass-3.4.ubj'],
  ['xgboost', 'regressor-3.4.json'],
  ['xgboost', 'words-3.2.json'],
  ['xgboost', 'words-3.4.ubj'],
  ['lightgbm', 'binary-4.6.txt'],
  ['lightgbm', 'regressor-4.6.txt'],
  ['lightgbm', 'pandas-categorical-4.6.txt'],
  ['catboost', 'binary-1.2.10.cbm'],
  ['catboost', 'kinds-1.2.10.cbm'],
  ['catboost', 'regressor-1.2.10.cbm'],
  ['mlflow', 'sklearn-3.17'],
  ['mlflow', 'xgboost-3.17'],
  ['mlflow', 'pyfunc-3.17'],
  ['sagemaker', 'xgboost-bare.tar.gz'],
  ['sagemaker', 'sklearn-bare.tar.gz'],
  ['archives', 'mlflow-in-a-folder.zip'],
  ['archives', 'xgboost.tar'],
];

const CASES = MODELS.map(([folder, name], at) => ({ folder, name, model: `m${at}` }));

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let slipway: RunningSlipway;

beforeAll(async () => {
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

/** What is answered otherwise than the framework did, by the shape in which it was asked. */
async function wrong(model: string, { requests }: ModelFixture): Promise<readonly string[]> {
  const found: string[] = [];
  const inputs = await inputsOf(model);
  for (const { body, answer } of requests.filter(({ protocol }) => protocol === 'invocations')) {
    for (const shape of shapesOf(model, rowsOf(body, inputs))) {
      const why = differenceOf(shape, await ask(model, shape), answer);
      if (why) found.push(`${shape.shape}: ${why}`);
    }
  }
  return found;
}

type Answer = Awaited<ReturnType<typeof ask>>;

function differenceOf({ count }: Shape, { status, body }: Answer, answer: unknown) {
  if (status !== 200) return `${status} ${JSON.stringify(body)}`;
  return difference(answeredRows(body, count), answeredRows(answer, count), RTOL);
}

describe('forty models of a first hour', () => {
  it.each(CASES)('$folder/$name answers each shape as its framework does', async (each) => {
    const fixture = fixtureOf(each.folder, each.name);
    const { out, err } = await slipway.command(
      'push',
      fixture.path,
      '--name',
      each.model,
      '--json',
    );
    const last = out.trim().split('\n').at(-1) ?? '';
    expect(last.startsWith('{') ? JSON.parse(last).detail : err).toMatchObject({ state: 'Live' });

    expect(await wrong(each.model, fixture)).toEqual([]);
  });
});
