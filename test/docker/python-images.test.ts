import { execFileSync } from 'node:child_process';
import { cpSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { difference } from '#domain/json-difference.ts';
import {
  brokenBooster,
  fixtureOf,
  type Post,
  pushed,
  servedAsOnnx,
  throughGateway,
  wrongAnswers,
} from '../support/dropped-models.ts';
import { eventually } from '../support/eventually.ts';
import type { ModelFixture } from '../support/model-fixtures.ts';
import { type RunningSlipway, startSlipway } from '../support/running-slipway.ts';
import {
  docker,
  dockerFolder,
  makeWebAdapterImage,
  removeContainers,
  removeImages,
} from './docker.ts';
import { emulatedLambda } from './emulated-lambda.ts';
import { say, timed } from './image-world.ts';

/** A version of each format and the next one, made by frameworks that Python 3.13 has: there is no other base image everywhere. `asOnnx`: whether it is converted. */
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
    versions: ['forest-1.8-zlib.joblib', 'tied-forest-1.8.pkl'],
    asOnnx: [true, true],
  },
  { what: 'XGBoost', folder: 'xgboost', versions: ['multiclass-3.2.ubj', 'multiclass-3.4.json'] },
  { what: 'LightGBM', folder: 'lightgbm', versions: ['binary-3.3.txt', 'categorical-4.6.txt'] },
  {
    what: 'CatBoost',
    folder: 'catboost',
    versions: ['binary-1.2.10.cbm', 'categorical-1.2.10.cbm'],
  },
  { what: 'an MLflow folder', folder: 'mlflow', versions: ['sklearn-3.17', 'xgboost-3.17'] },
  {
    what: 'a SageMaker archive',
    folder: 'sagemaker',
    versions: ['xgboost-bare.tar.gz', 'xgboost-code.tar.gz'],
    // Its own packages are those of an older Python.
    manifests: [null, 'build: { requirements: [xgboost-cpu==2.1.4, numpy] }'],
  },
  { what: 'plain Python', folder: 'python', versions: ['function.zip', 'class'] },
] as const;

const DOCKER = { config: { engine: 'docker', gatewayPort: 0, controlPort: 0 } } as const;

type Recorded = {
  readonly work: {
    readonly image: {
      readonly digest: string;
      readonly smoke: { readonly startMs: number; readonly peakBytes: number };
      readonly proof: { readonly modelFile: string };
    };
  };
};

beforeAll(async () => say(`web adapter ${await makeWebAdapterImage()}`));
afterEach(removeContainers);
afterAll(removeImages);

describe('an image of a model that is no ONNX', () => {
  it.each(CASES)(
    'of $what answers as its framework does, also as Lambda runs it, and so does the next version',
    async (given) => {
      await using folder = await dockerFolder();
      await using slipway = await startSlipway(folder.path, DOCKER);

      for (const [index, name] of given.versions.entries()) {
        const manifest = 'manifests' in given ? given.manifests[index] : null;
        const fixture = described(fixtureOf(given.folder, name), folder.path, manifest);

        const end = await timed(`${name}, from drop to Live`, () => pushed(slipway, fixture));
        expect(end).toMatchObject({ state: 'Live' });
        expect(await wrongAnswers(throughGateway(slipway), fixture)).toEqual([]);
        expect(await wrongAnswers(await onLambda(slipway, end.deploymentId), fixture)).toEqual([]);
      }
      if ('asOnnx' in given) expect(await servedAsOnnx(slipway)).toEqual(given.asOnnx);
    },
  );

  it('is not started when its framework cannot load it, and the version before answers on', async () => {
    await using folder = await dockerFolder();
    await using slipway = await startSlipway(folder.path, DOCKER);
    const good = fixtureOf('xgboost', 'binary-3.4.ubj');
    await pushed(slipway, good);

    slipway.drop('models/m/broken.json', brokenBooster());
    const end = await slipway.ending('m', 2);

    expect(end.detail).toMatchObject({ state: 'Failed', reason: expect.stringMatching(/build/i) });
    expect(await wrongAnswers(throughGateway(slipway), good)).toEqual([]);
  });

  it('goes when the model is undeployed, and leaves its environments to the next one of its kind', async () => {
    const before = images('slipway/');
    const others = images('slipway-environment:');
    await using folder = await dockerFolder();
    await using slipway = await startSlipway(folder.path, DOCKER);
    await pushed(slipway, fixtureOf('xgboost', 'binary-3.4.ubj'));
    expect(images('slipway/').length).toBeGreaterThan(before.length);

    await slipway.command('undeploy', 'm', '--yes');

    await eventually(() => difference(images('slipway/'), before, 0) === undefined);
    const made = images('slipway-environment:').filter((name) => !others.includes(name));
    expect(made.length).toBeGreaterThan(0);
    await docker('image', 'rm', ...made);
  });
});

const images = (prefix: string) =>
  execFileSync('docker', ['image', 'ls', '--format', '{{.Repository}}:{{.Tag}}'])
    .toString()
    .split('\n')
    .filter((name) => name.startsWith(prefix))
    .toSorted();

/** As its owner has it with a manifest beside it. */
function described(fixture: ModelFixture, folder: string, manifest?: string | null): ModelFixture {
  if (!manifest) return fixture;
  const path = join(folder, basename(fixture.path));
  cpSync(fixture.path, path);
  writeFileSync(`${path}.yaml`, manifest);
  return { ...fixture, path };
}

/** The image of a deployment, under Lambda's emulator. */
async function onLambda(slipway: RunningSlipway, deploymentId: string): Promise<Post> {
  const { work } = (await slipway.get(`/deployments/${deploymentId}`)) as Recorded;
  const { digest, smoke, proof } = work.image;
  expect(smoke.peakBytes).toBeGreaterThan(2 ** 20);
  const size = await docker('image', 'inspect', '--format', '{{.Size}}', digest);
  say(`${size} bytes, ready in ${smoke.startMs} ms with ${smoke.peakBytes} bytes of memory`);
  const { post } = await emulatedLambda(digest, { name: 'm', modelFile: proof.modelFile });
  return async (path, body) => {
    const answer = await post(path, body);
    return { status: answer.statusCode, body: JSON.parse(answer.body) };
  };
}
