import { execFileSync } from 'node:child_process';
import { difference } from '#domain/rollout/json-difference.ts';
import { eventually } from '../support/clock/eventually.ts';
import {
  brokenBooster,
  CONVERTED,
  fixtureOf,
  NATIVE,
  type Post,
  pathOf,
  pushed,
  servedAsOnnx,
  throughGateway,
  wrongAnswers,
} from '../support/models/dropped.ts';
import { type RunningSlipway, startSlipway } from '../support/slipway/running.ts';
import {
  docker,
  dockerFolder,
  makeWebAdapterImage,
  removeContainers,
  removeImages,
} from './docker.ts';
import { emulatedLambda } from './emulated-lambda.ts';
import { say } from './image-world.ts';

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
  // Other models, converted or not, are tested where models are processes: their images hold the same.
  it.each([CONVERTED, NATIVE])(
    'of $what answers as its framework does, also as Lambda runs it, and so does the next version',
    async (given) => {
      await using folder = await dockerFolder();
      await using slipway = await startSlipway(folder.path, DOCKER);

      for (const name of given.versions) {
        const fixture = fixtureOf(given.folder, name);

        const end = await pushed(slipway, fixture);
        expect(end).toMatchObject({ state: 'Live' });
        expect(await wrongAnswers(throughGateway(slipway), fixture)).toEqual([]);
        expect(await wrongAnswers(await onLambda(slipway, end.deploymentId), fixture)).toEqual([]);
      }
      expect(await servedAsOnnx(slipway)).toEqual(given.asOnnx);
    },
  );

  it('is not started when its framework cannot load it, and the version before answers on', async () => {
    await using folder = await dockerFolder();
    await using slipway = await startSlipway(folder.path, DOCKER);
    const good = fixtureOf('xgboost', 'binary-3.4.ubj');
    await pushed(slipway, good);

    slipway.drop('models/m/broken.json', brokenBooster());
    const end = await slipway.ending('m', 2);

    expect(end.detail).toMatchObject({
      state: 'Failed',
      reason: expect.stringMatching(/Unknown objective function/),
    });
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

/** The image of a deployment, under Lambda's emulator. */
async function onLambda(slipway: RunningSlipway, deploymentId: string): Promise<Post> {
  const { work } = (await slipway.get(`/deployments/${deploymentId}`)) as Recorded;
  const { digest, smoke, proof } = work.image;
  expect(smoke.peakBytes).toBeGreaterThan(2 ** 20);
  const size = await docker('image', 'inspect', '--format', '{{.Size}}', digest);
  say(`${size} bytes, which take ${smoke.peakBytes} bytes of memory`);
  const { post } = await emulatedLambda(digest, { name: 'm', modelFile: proof.modelFile });
  return async (protocol, body) => {
    const answer = await post(pathOf(protocol, 'm'), body);
    return { status: answer.statusCode, body: JSON.parse(answer.body) };
  };
}
