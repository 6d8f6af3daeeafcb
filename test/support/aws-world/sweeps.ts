import { modelOfTag } from '#domain/build/image.ts';
import type { Target } from '#domain/placement/target.ts';
import { revisionSpec } from '#steps/revision-spec.ts';
import { addConstantModel } from '../models/onnx.ts';
import { NOTHING } from '../worlds/swept.ts';
import { callers } from './flagship.ts';
import type { LocalAws } from './local.ts';
import { deploymentOf, placed, REQUEST } from './scenarios.ts';
import { stateOf, toldOf } from './suite.ts';

const ENDED = { hasEnded: true, unended: [], lease: 'free' } as const;

/** Executions that are stopped, whose end nobody hears of, and leftovers that nobody asked for: two sweeps put all of it right. */
export function describeAwsSweeps(open: () => LocalAws, target: Target): void {
  const model = `swept-${target}`;
  const [v1, v2, stray] = [`${model}-v1`, `${model}-v2`, `${model}-v99`] as const;
  const data: Readonly<Record<string, readonly number[]>> = { [v1]: [11, 12], [v2]: [21, 22] };
  const upload = (constant: number) =>
    open().upload(model, addConstantModel({ constant }), placed(target));
  const answer = (revision: string) => ({ status: 200, revision, data: data[revision] });
  let nothing: Awaited<ReturnType<LocalAws['inventory']>>;
  let first: Awaited<ReturnType<typeof upload>>;

  async function sweepTwice(): Promise<void> {
    const world = open();
    expect(await world.sweep()).not.toEqual(NOTHING);
    await world.sweep();
    expect(await world.sweep()).toEqual(NOTHING);
  }

  async function imagesLeft(): Promise<readonly string[]> {
    const tags = (await open().ports.images.all()).map(({ tag }) => tag);
    return tags.filter((tag) => modelOfTag(tag) === model);
  }

  it(`${target}: an upgrade that is stopped in ShiftTraffic goes live without an answer that fails`, async () => {
    const world = open();
    nothing = await world.inventory();
    first = await upload(10);
    await world.run(first);
    const second = await upload(20);
    const calls = callers(world, model);

    await world.runStopped(second, 'ShiftTraffic');
    await sweepTwice();
    const answers = await calls.stop();

    expect(await stateOf(world, second)).toMatchObject({ live: v2, phase: 'Live', ...ENDED });
    expect(answers.length).toBeGreaterThan(5);
    expect(answers).toEqual(answers.map(({ revision }) => answer(String(revision))));
    expect(answers.at(-1)).toEqual(answer(v2));
    const told = (await toldOf(world, second)).map(({ state }) => state);
    expect(told.filter((state) => state === 'Live')).toHaveLength(1);
  });

  it(`${target}: half of the traffic that somebody gave to a revision of nobody goes back, and the revision goes away`, async () => {
    const world = open();
    const before = await world.inventory();
    const { platforms, registry, router } = world.ports;
    const { epoch } = (await registry.lease(model))!;
    const deployment = (await registry.deployment(await deploymentOf(first)))!;
    const spec = {
      ...revisionSpec(deployment, { revision: stray, madeBy: 'nobody' }),
      version: 99,
    };
    await platforms[target].create(spec, epoch);
    expect(await platforms[target].describe(stray, { waitMs: 600_000 })).toMatchObject({
      kind: 'ready',
    });
    await router.setShares(model, { [v2]: 50, [stray]: 50 }, { [v2]: 100 }, epoch);

    await sweepTwice();

    expect(await router.shares(model)).toEqual({ [v2]: 100 });
    expect(await router.verify(model, { [v2]: 100 })).toEqual({ kind: 'verified' });
    expect((await platforms[target].revisions()).map(({ revision }) => revision)).not.toContain(
      stray,
    );
    expect(await world.inventory()).toEqual(before);
    expect(await world.infer(model, REQUEST)).toEqual(answer(v2));
  });

  it(`${target}: a rollback that is stopped in RestartVersion is done`, async () => {
    const world = open();
    const [kind, deploymentId] = ['rollback', `rollback-swept-${target}`] as const;
    const request = { kind, deploymentId, model, to: 1, reason: '' };

    await world.runStopped(request, 'RestartVersion');
    await sweepTwice();

    expect(await stateOf(world, request)).toMatchObject({ live: v1, phase: 'Live', ...ENDED });
    expect(await imagesLeft()).toHaveLength(2);
    expect(await world.infer(model, REQUEST)).toEqual(answer(v1));
  });

  it(`${target}: an undeployment that is stopped in RetireAll leaves nothing`, async () => {
    const world = open();
    const [kind, deploymentId] = ['undeploy', `undeploy-swept-${target}`] as const;

    await world.runStopped({ kind, deploymentId, model }, 'RetireAll');
    await sweepTwice();

    expect((await world.registry.deployment(deploymentId))?.phase).toBe('Undeployed');
    expect(await imagesLeft()).toEqual([]);
    expect(await world.inventory()).toEqual(nothing);
  });
}
