import type { Target } from '#domain/placement/target.ts';
import { addConstantModel } from '../models/onnx.ts';
import type { Start } from '../worlds/memory-way.ts';
import { callers } from './flagship.ts';
import { placed, REQUEST, type RunningAws } from './scenarios.ts';
import { expectSmall, stateOf, toldOf } from './suite.ts';

const ROLLED_OUT = ['Provisioning', 'Ready', 'Shifting', 'Baking', 'Live'];
const LIVE = ['Admitted', 'Inspected', 'Building', ...ROLLED_OUT];
const COMPARED = LIVE.toSpliced(LIVE.indexOf('Shifting'), 0, 'Compared');
const UPGRADED = [...COMPARED, 'Retired'];
const BY_CANARY = [...COMPARED.slice(0, -1), 'Shifting', 'Baking', 'Live', 'Retired'];
const ROLLED_BACK = ['Admitted', ...ROLLED_OUT, 'Retired'];
const UNDEPLOYED = ['Admitted', 'Undeploying', 'Removed', 'Removed', 'Undeployed'];
const ENDED = { hasEnded: true, unended: [], lease: 'free' } as const;

/** A model from its first version to its end, on one target: each step continues where the one before ended. */
export function describeAwsLife(open: () => RunningAws, target: Target): void {
  const model = `life-${target}`;
  const [v1, v2] = [`${model}-v1`, `${model}-v2`];
  const expected = (revision: string) => ({
    status: 200,
    revision,
    data: revision === v1 ? [11, 12] : [21, 22],
  });
  const upload = (constant: number) =>
    open().upload(model, addConstantModel({ constant }), placed(target));
  const statesTold = async (start: Start) =>
    (await toldOf(open(), start)).map(({ state }) => state);
  let before: Awaited<ReturnType<RunningAws['inventory']>>;

  it(`${target}: goes live with its first version`, async () => {
    const world = open();
    before = await world.inventory();
    const event = await upload(10);

    const run = await world.run(event);

    expect(run.states.at(-1)).toBe('Live');
    expect(await statesTold(event)).toEqual(LIVE);
    expectSmall(`${target}, first version`, run);
    expect(await stateOf(world, event)).toMatchObject({ live: v1, phase: 'Live', ...ENDED });
    expect(await world.infer(model, REQUEST)).toEqual(expected(v1));
  });

  it(`${target}: is upgraded without an answer that fails`, async () => {
    const world = open();
    const event = await upload(20);
    const calls = callers(world, model);
    let weights = {};
    world.before('VerifyTraffic', async () => {
      weights = await world.containers.weights(model);
    });

    const run = await world.run(event);
    const answers = await calls.stop();

    // A canary in containers; on Lambda all at once.
    expect(weights).toEqual(target === 'lambda' ? {} : { [v1]: 90, [v2]: 10 });
    expect(run.states.at(-1)).toBe('Live');
    expectSmall(`${target}, upgrade`, run);
    expect(await statesTold(event)).toEqual(target === 'lambda' ? UPGRADED : BY_CANARY);
    expect(await stateOf(world, event)).toMatchObject({ live: v2, phase: 'Live', ...ENDED });
    expect(answers.length).toBeGreaterThan(5);
    expect(answers).toEqual(answers.map(({ revision }) => expected(String(revision))));
    expect(answers.at(-1)).toEqual(expected(v2));
  });

  it.each([
    { title: 'is rolled back to the version before, which starts again', id: 'rollback', to: v1 },
    { title: 'goes forward again by a rollback of the rollback', id: 'again', to: v2 },
  ])(`${target}: $title`, async ({ id, to }) => {
    const world = open();
    const [kind, deploymentId] = ['rollback', `${id}-of-${model}`] as const;
    const request = { kind, deploymentId, model, to: null, reason: '' };
    const calls = callers(world, model);

    const run = await world.run(request);
    const answers = await calls.stop();

    expect(run.states.at(-1)).toBe('Live');
    expectSmall(`${target}, ${id}`, run);
    expect(await stateOf(world, request)).toMatchObject({ live: to, phase: 'Live', ...ENDED });
    expect(answers).toEqual(answers.map(({ revision }) => expected(String(revision))));
    expect(answers.at(-1)).toEqual(expected(to));
    expect(await statesTold(request)).toEqual(ROLLED_BACK);
  });

  it(`${target}: is undeployed, and nothing of it is left`, async () => {
    const world = open();
    const request = { kind: 'undeploy', deploymentId: `undeploy-of-${model}`, model } as const;

    const run = await world.run(request);

    expect(run.states.at(-1)).toBe('Undeployed');
    expectSmall(`${target}, undeploy`, run);
    expect(await statesTold(request)).toEqual(UNDEPLOYED);
    const deployment = await world.registry.deployment(request.deploymentId);
    expect(deployment?.phase).toBe('Undeployed');
    expect((await world.registry.model(model))?.live).toBeNull();
    expect(await world.inventory()).toEqual(before);
  });
}
