import { readFileSync } from 'node:fs';
import { addend } from './conversion.ts';
import { withOneLook } from './paths.ts';
import {
  deploymentOf,
  FROM_IMAGE_TO_LIVE,
  GIVEN_UP,
  REQUEST,
  type RunningAws,
  TO_PLAN,
} from './scenarios.ts';
import { stateOf, toldOf } from './suite.ts';

const MODEL = 'boosted';
// Both models have one framework in one version, so one environment serves both.
const [FIRST, SECOND] = ['binary-3.4.ubj', 'categorical-3.4.ubj'].map((name) =>
  readFileSync(new URL(`../../fixtures/models/xgboost/${name}`, import.meta.url)),
) as [Buffer, Buffer];

/** A Python model, whose environment is built once and in a separate build. The tests run in this order: each continues where the one before ended. */
export function describeAwsPython(open: () => RunningAws): void {
  const upload = (bytes: Buffer, manifest?: string) =>
    open().upload(MODEL, bytes, manifest, 'model.ubj');
  const workOf = async (event: Awaited<ReturnType<typeof upload>>) =>
    (await open().registry.deployment(await deploymentOf(event)))?.work;

  it('a model whose environment cannot be built is given up before its image is, and the log says why', async () => {
    const world = open();
    world.builds.failNext(['No matching distribution found for xgboost-cpu==3.4.1']);
    const event = await upload(FIRST);

    const { states } = await world.run(event);

    expect(states).toEqual([...TO_PLAN, 'BuildEnvironment', 'ExplainBuild', ...GIVEN_UP, 'Failed']);
    expect(await stateOf(world, event)).toMatchObject({ phase: 'Failed', lease: 'free' });
    const end = (await toldOf(world, event)).at(-1);
    expect(end?.reason).toMatch(/No matching distribution/);
  });

  it('a model of Python goes live as ONNX, in an environment of its own that is built before it', async () => {
    const world = open();
    const event = await upload(FIRST, '{}');

    const { states } = await world.run(event);

    expect(withOneLook(states)).toEqual([...TO_PLAN, 'BuildEnvironment', ...FROM_IMAGE_TO_LIVE]);
    const work = await workOf(event);
    expect(work?.plan).toMatchObject({
      runtime: 'python',
      python: { python: '3.12', requirements: ['xgboost-cpu==3.4.1'] },
    });
    expect(work?.image?.proof).toMatchObject({ runtime: 'onnx', conversion: { kept: true } });
    expect(work?.golden).toMatchObject({ sample: 'example', warning: '' });
    expect(await world.infer(MODEL, REQUEST)).toMatchObject({
      status: 200,
      data: [1 + addend(FIRST), 2 + addend(FIRST)],
    });
  });

  it('a new version in the same environment has its image built alone', async () => {
    const world = open();
    // It takes other columns than the first one.
    const event = await upload(SECOND, 'gate: { broken: warn }');

    const { states } = await world.run(event);

    expect(withOneLook(states)).toEqual([...TO_PLAN, ...FROM_IMAGE_TO_LIVE]);
    expect(await world.infer(MODEL, REQUEST)).toMatchObject({
      status: 200,
      data: [1 + addend(SECOND), 2 + addend(SECOND)],
    });
  });
}
