import type { ObjectCreated } from '#domain/workflow.ts';
import { settle } from '#steps/settle.ts';
import { settleEnded, sweep } from '#steps/sweep.ts';
import { complaints, endings } from '../support/complaints.ts';
import { NEVER } from '../support/faults.ts';
import { BUCKET, idOf, MODEL } from '../support/memory-world.ts';
import { type VirtualWorkflow, virtualWorkflow } from '../support/virtual-workflow.ts';

const SIX_MINUTES_MS = 6 * 60_000;

/** A workflow in virtual time whose ends nobody hears of, and its sweep; what that starts runs to its end, once for each name. */
function sweptWorkflow() {
  const world = virtualWorkflow();
  const runs = new Map<string, Promise<unknown>>();
  const { registry, store, clock } = world;
  const deps = {
    registry,
    artifacts: store,
    executions: {
      isRunning: world.deps.executions.isRunning,
      async start(name: string, event: unknown) {
        if (!runs.has(name)) runs.set(name, world.run(event as ObjectCreated));
      },
    },
    settle: settle({ registry, artifacts: store }),
    clock,
    bucket: BUCKET,
  };
  return {
    world,
    ended: settleEnded(deps),
    /** Sweeps, and waits for what was started. */
    async sweep() {
      const swept = await sweep(deps)();
      await Promise.all(runs.values());
      return swept;
    },
  };
}

/** Stops the execution of an upload as soon as a step of `state` calls a port. */
async function stopIn(world: VirtualWorkflow, state: string, event = world.upload()) {
  world.tap((_, call) => {
    if (world.states.at(-1) !== state) return call();
    world.stop();
    return NEVER;
  });
  await world.execute(event);
  world.tap((_, call) => call());
  return event;
}

describe('one sweep', () => {
  it('ends a stopped execution’s deployment, frees its lease and deploys a lost upload', async () => {
    const { world, sweep: run } = sweptWorkflow();
    await world.deploy();
    const stopped = await stopIn(world, 'CheckHealth');
    const lost = world.upload();
    world.clock.advance(SIX_MINUTES_MS);

    const swept = await run();

    expect(swept.settled).toEqual([await idOf(stopped)]);
    expect(swept.started).toHaveLength(1);
    expect(endings(await world.told())).toEqual(['Live', 'Failed', 'Live']);
    expect((await world.told(await idOf(lost))).map(({ state }) => state)).not.toContain('Waiting');
    expect(world.router.dataPlane(MODEL)).toEqual({ 'digits-v3': 100 });
  });

  it('leaves nothing to the next', async () => {
    const { world, sweep: run } = sweptWorkflow();
    await stopIn(world, 'CheckHealth');
    world.upload();
    world.clock.advance(SIX_MINUTES_MS);
    await run();
    const told = await world.told();
    world.clock.advance(SIX_MINUTES_MS);

    expect(await run()).toEqual({ settled: [], started: [] });
    expect(await world.told()).toEqual(told);
  });

  it('deploys a lost upload once, though its event arrives after all', async () => {
    const { world, sweep: run } = sweptWorkflow();
    const lost = world.upload();
    world.clock.advance(SIX_MINUTES_MS);

    await run();
    await world.run(lost);

    expect(endings(await world.told())).toEqual(['Live']);
    expect(await complaints(world)).toEqual([]);
  });

  it('leaves a deployment alone that is under way', async () => {
    const { world, sweep: run } = sweptWorkflow();
    const { reached, goOn } = pausedIn(world, 'CheckHealth');
    const ran = world.run(world.upload());
    await reached;
    world.clock.advance(SIX_MINUTES_MS);

    const swept = await run();
    goOn();
    await ran;

    expect(swept).toEqual({ settled: [], started: [] });
    expect(endings(await world.told())).toEqual(['Live']);
    expect(await complaints(world)).toEqual([]);
  });
});

describe('after a stop in any state and one sweep', () => {
  it.each([
    ...['AcquireLease', 'InspectArtifact', 'PlanBuild', 'ChooseTarget', 'ProvisionLambda'],
    ...['DescribeCandidate', 'CheckHealth', 'ShiftTraffic', 'VerifyTraffic', 'JudgeBake'],
    ...['CommitDeployment', 'RetirePrevious', 'ReleaseLease'],
  ])('%s no lease is left and every deployment has ended', async (state) => {
    const { world, sweep: run } = sweptWorkflow();
    await world.deploy();
    await stopIn(world, state);
    world.clock.advance(SIX_MINUTES_MS);
    await run();

    const next = world.upload();
    await world.run(next);

    expect(await world.registry.unended()).toEqual([]);
    const states = (await world.told(await idOf(next))).map((told) => told.state);
    expect(states).not.toContain('Waiting');
    expect(states.at(-1)).not.toBe('Failed');
  });
});

it('the end of an execution, told by its status, is settled without a sweep', async () => {
  const { world, ended } = sweptWorkflow();
  const event = await stopIn(world, 'CheckHealth');
  const { execution } = await world.recordOf({ deploymentId: await idOf(event) });

  await ended({ executionArn: execution, status: 'ABORTED' });

  expect((await world.told()).at(-1)).toMatchObject({
    state: 'Failed',
    reason: 'the workflow ended in phase Provisioning with ABORTED',
  });
});

/** Holds the first call that a step of `state` makes of a port. */
function pausedIn(world: VirtualWorkflow, state: string) {
  const reached = Promise.withResolvers<void>();
  const going = Promise.withResolvers<void>();
  world.tap(async (_, call) => {
    if (world.states.at(-1) === state) {
      world.tap((_, rest) => rest());
      reached.resolve();
      await going.promise;
    }
    return call();
  });
  return { reached: reached.promise, goOn: going.resolve };
}
