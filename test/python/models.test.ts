import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { difference } from '#domain/json-difference.ts';
import { type ModelFixture, modelFixtures } from '../support/model-fixtures.ts';
import { type RunningSlipway, startSlipway, temporaryFolder } from '../support/running-slipway.ts';

/** A version of each format and the next one, as their owners upload them; `asOnnx`: whether it is converted. */
const CASES = [
  {
    what: 'a scikit-learn pipeline of numbers and texts',
    folder: 'sklearn',
    versions: ['columns-pipeline-1.8.joblib', 'columns-pipeline-1.8.pkl'],
    asOnnx: [true, true],
  },
  {
    what: 'a forest of scikit-learn',
    folder: 'sklearn',
    versions: ['forest-1.3-zlib.joblib', 'forest-1.8.pkl'],
    asOnnx: [true, true],
  },
  { what: 'XGBoost', folder: 'xgboost', versions: ['multiclass-3.2.ubj', 'multiclass-3.4.json'] },
  { what: 'LightGBM', folder: 'lightgbm', versions: ['binary-3.3.txt', 'categorical-4.6.txt'] },
  {
    what: 'CatBoost',
    folder: 'catboost',
    versions: ['binary-1.2.3.cbm', 'categorical-1.2.10.cbm'],
  },
  { what: 'an MLflow folder', folder: 'mlflow', versions: ['sklearn-3.17', 'xgboost-3.17'] },
  {
    what: 'a SageMaker archive',
    folder: 'sagemaker',
    versions: ['sklearn-bare.tar.gz', 'sklearn-code.tar.gz'],
  },
  { what: 'plain Python', folder: 'python', versions: ['function.zip', 'class'] },
] as const;

// Converted or not, no answer is further from the framework's own.
const RTOL = 1e-4;

describe('dropped, as it is, on one machine', () => {
  it.each(CASES)(
    '$what answers as its framework does, and so does the next version',
    async (given) => {
      await using folder = await temporaryFolder();
      await using slipway = await startSlipway(folder.path);

      for (const name of given.versions) {
        const fixture = fixtureOf(given.folder, name);

        expect(await pushed(slipway, fixture)).toMatchObject({ state: 'Live' });
        expect(await wrongAnswers(slipway, fixture)).toEqual([]);
      }
      if ('asOnnx' in given) expect(await servedAsOnnx(slipway)).toEqual(given.asOnnx);
    },
  );

  it('a version that its framework cannot load is given up, and the one before answers on', async () => {
    await using folder = await temporaryFolder();
    await using slipway = await startSlipway(folder.path);
    const good = fixtureOf('xgboost', 'binary-3.4.ubj');
    await pushed(slipway, good);

    // Well-formed to whoever only reads it: the last tree has lost a node.
    slipway.drop('models/m/broken.json', broken(fixtureOf('xgboost', 'binary-3.4.json')));
    const end = await slipway.ending('m', 2);

    expect(end.detail).toMatchObject({ state: 'Failed', reason: expect.stringMatching(/build/i) });
    expect(await wrongAnswers(slipway, good)).toEqual([]);
  });
});

function fixtureOf(folder: string, name: string): ModelFixture {
  const found = modelFixtures(folder).find((each) => each.name === `${folder}/${name}`);
  if (!found) throw new Error(`there is no model ${folder}/${name}`);
  return found;
}

/** As its owner does; answers how its deployment ended. */
async function pushed(slipway: RunningSlipway, { path }: ModelFixture) {
  const { out, err } = await slipway.command('push', path, '--name', 'm', '--json');
  const last = out.trim().split('\n').at(-1) ?? '';
  if (!last.startsWith('{')) throw new Error(err);
  return JSON.parse(last).detail;
}

async function wrongAnswers(
  { gateway }: RunningSlipway,
  { requests }: ModelFixture,
): Promise<readonly string[]> {
  const wrong: string[] = [];
  for (const { protocol, body, answer } of requests) {
    const path = protocol === 'infer' ? 'v2/models/m/infer' : 'invocations';
    const response = await fetch(`${gateway}/models/m/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const got = await response.json();
    const why = response.ok
      ? difference(got, answer, RTOL)
      : `${response.status} ${JSON.stringify(got)}`;
    if (why) wrong.push(why);
  }
  return wrong;
}

async function servedAsOnnx(slipway: RunningSlipway): Promise<readonly boolean[]> {
  const explained = [1, 2].map((version) => slipway.get(`/models/m/explain?version=${version}`));
  const all = (await Promise.all(explained)) as { runtime: { name: string } }[];
  return all.map(({ runtime }) => runtime.name === 'onnx');
}

function broken({ path }: ModelFixture): string {
  const model = JSON.parse(readFileSync(join(path), 'utf8'));
  const { trees } = model.learner.gradient_booster.model;
  trees.at(-1).left_children.pop();
  return JSON.stringify(model);
}
