import type { Target } from '#domain/placement/target.ts';
import type { WorkflowName } from '#ports/executions.ts';
import { machines, statesOf } from '../support/walk/asl.ts';
import { BUILDS } from '../support/walk/script.ts';
import { complaints, endings } from '../support/worlds/complaints.ts';
import { answersRight, answersWrong, idOf, MODEL, type Start } from '../support/worlds/memory.ts';
import { revisionSpec } from '../support/worlds/revision-spec.ts';
import { NOTHING } from '../support/worlds/swept.ts';
import { stopIn, stopNothing, sweptWorkflow } from '../support/worlds/swept-workflow.ts';
import type { VirtualWorkflow } from '../support/worlds/virtual-workflow.ts';

const FARGATE = 'placement: {target: fargate}';

type Case = {
  readonly what: string;
  readonly workflow: WorkflowName;
  readonly ends: string;
  /** The targets of the installation; all of them by default. */
  readonly offered?: readonly Target[];
  /** Makes the world ready; returns the request whose execution is to be stopped. */
  prepare(world: VirtualWorkflow): Promise<Start>;
};

async function live(world: VirtualWorkflow, manifest?: string): Promise<void> {
  const upload = () => world.upload(manifest ? { manifest } : {});
  await world.deploy(upload());
  await world.deploy(upload());
}

const CASES: readonly Case[] = [
  {
    what: 'a first deployment',
    workflow: 'deploy',
    ends: 'Live',
    prepare: async (world) => world.upload(),
  },
  {
    what: 'an upgrade in containers',
    workflow: 'deploy',
    ends: 'Live',
    async prepare(world) {
      await world.deploy(world.upload({ manifest: FARGATE }));
      return world.upload({ manifest: FARGATE });
    },
  },
  {
    what: 'a move from Lambda to containers',
    workflow: 'deploy',
    ends: 'Live',
    async prepare(world) {
      await world.deploy();
      return world.upload({ manifest: FARGATE });
    },
  },
  {
    what: 'a rollback',
    workflow: 'rollback',
    ends: 'Live',
    async prepare(world) {
      await live(world);
      return world.rollback();
    },
  },
  {
    what: 'a rollback in containers',
    workflow: 'rollback',
    ends: 'Live',
    async prepare(world) {
      await live(world, FARGATE);
      return world.rollback();
    },
  },
  {
    what: 'an undeploy',
    workflow: 'undeploy',
    ends: 'Undeployed',
    async prepare(world) {
      await live(world);
      return world.undeploy();
    },
  },
];

const COMPENSATION = ['ExplainBuild', 'RollBack', 'Compensate'];

/** The steps on the way of a case, without those of the other targets. */
function stepsOf({ workflow, what }: Case): readonly string[] {
  const target = /containers/.test(what) ? 'ProvisionFargate' : 'ProvisionLambda';
  return statesOf(machines[workflow], 'Task').filter(
    (state) =>
      ![...COMPENSATION, 'GrantBuild', 'AwaitContainers', ...BUILDS].includes(state) &&
      (!state.startsWith('Provision') || state === target),
  );
}

const STOPS: readonly (Case & { readonly state: string })[] = [
  ...CASES.flatMap((of) => stepsOf(of).map((state) => ({ ...of, state }))),
  {
    what: 'a model that waits for containers, which nobody turns on,',
    workflow: 'deploy',
    ends: 'Rejected',
    offered: ['lambda'],
    prepare: async (world) => world.upload({ manifest: FARGATE }),
    state: 'AwaitContainers',
  },
];

/** All that is wrong; containers that run without traffic are, too. */
async function wrong(world: VirtualWorkflow): Promise<readonly string[]> {
  const { fargate, ec2 } = world.platforms;
  const serves = (await world.registry.model(MODEL))?.live?.revision;
  const idle = [...fargate.running(), ...ec2.running()].filter((it) => it !== serves);
  return [
    ...(await complaints(world)),
    ...world.outages,
    ...idle.map((revision) => `${revision} is still running`),
  ];
}

describe('after one stop and two sweeps', () => {
  it.each(STOPS)('in $state $what has ended as ever', async ({ state, ends, offered, prepare }) => {
    const { world, sweep } = sweptWorkflow(offered && { offered });
    const start = await prepare(world);
    stopIn(world, state);
    const { error } = await world.execute(start);
    stopNothing(world);

    await sweep();
    await sweep();

    expect(error).toBe('States.Aborted');
    expect(await wrong(world)).toEqual([]);
    const id = 'detail' in start ? await idOf(start) : start.deploymentId;
    // An execution that died before it was recorded is an upload that is found again, or a request that was never made.
    const isLost = state === 'AdmitRollback' || state === 'AdmitUndeploy';
    expect(endings(await world.told(id))).toEqual(isLost ? [] : [ends]);
    expect(await sweep()).toEqual(NOTHING);
  });
});

it('a model that waited for containers when its execution died goes live once they are on', async () => {
  const offered: Target[] = ['lambda'];
  const { world, sweep } = sweptWorkflow({ offered });
  stopIn(world, 'AwaitContainers');
  const start = world.upload({ manifest: FARGATE });
  const { error } = await world.execute(start);
  stopNothing(world);
  offered.push('fargate', 'ec2');

  const { recovered } = await sweep();

  expect(error).toBe('States.Aborted');
  expect(recovered).toHaveLength(1);
  expect(endings(await world.told(await idOf(start)))).toEqual(['Live']);
  expect(await wrong(world)).toEqual([]);
});

describe('after a stop of each of its executions', () => {
  const stops = STOPS.filter(({ state }) => !state.startsWith('Admit'));

  it.each(stops)('in $state $what is given up and cleared away', async (stop) => {
    const { world, sweep } = sweptWorkflow(stop.offered && { offered: stop.offered });
    const start = await stop.prepare(world);
    stopIn(world, stop.state);
    await world.execute(start);
    for (let attempts = 1; attempts < 3; attempts += 1) {
      expect((await sweep()).recovered).toHaveLength(1);
    }
    stopNothing(world);

    expect((await sweep()).recovered).toHaveLength(1);
    await sweep();
    await sweep();

    expect(await wrong(world)).toEqual([]);
    expect(await world.registry.unended()).toEqual([]);
    expect(await sweep()).toEqual(NOTHING);
  });
});

describe('two sweeps', () => {
  it('deploy a lost upload once, though its event arrives after all', async () => {
    const { world, sweep } = sweptWorkflow();
    const lost = world.upload();

    await sweep();
    await world.run(lost);
    await sweep();

    expect(endings(await world.told())).toEqual(['Live']);
    expect(await wrong(world)).toEqual([]);
  });

  it('put drifted shares back', async () => {
    const { world, sweep } = sweptWorkflow();
    await live(world);
    const { epoch } = (await world.registry.lease(MODEL))!;
    const drifted = { 'digits-v1': 90, 'digits-v2': 10 };
    await world.router.setShares(MODEL, drifted, { 'digits-v2': 100 }, epoch);

    await sweep();

    expect(world.router.dataPlane(MODEL)).toEqual({ 'digits-v2': 100 });
    expect(endings(await world.told())).toEqual(['Live', 'Live', 'Live']);
    expect(await sweep()).toEqual(NOTHING);
  });

  it.each([undefined, FARGATE])('bring a live revision back that is gone: %s', async (manifest) => {
    const { world, sweep } = sweptWorkflow();
    await live(world, manifest);
    const { epoch } = (await world.registry.lease(MODEL))!;
    const platform = world.platforms[manifest ? 'fargate' : 'lambda'];
    await platform.remove('digits-v2', epoch);

    await sweep();

    expect(await complaints(world)).toEqual([]);
    expect(await sweep()).toEqual(NOTHING);
  });

  it('take away what nothing refers to, and nothing else', async () => {
    const { world, sweep } = sweptWorkflow();
    await live(world);
    const { epoch } = (await world.registry.lease(MODEL))!;
    await world.platforms.ec2.create(revisionSpec('9', { version: 9 }), epoch);
    await world.lambda.create(revisionSpec('1', { model: 'strange' }), 1);

    await sweep();
    await sweep();

    expect(world.existing()).toEqual(['digits-v1', 'digits-v2', 'strange-v1']);
  });

  it('leave a deployment alone that is under way', async () => {
    const { world, sweep } = sweptWorkflow();
    await world.deploy();
    const { reached, goOn } = pausedIn(world, 'CommitDeployment');
    const ran = world.run(world.upload());
    await reached;

    const swept = [await sweep(), await sweep()];
    goOn();
    await ran;

    expect(swept).toEqual([NOTHING, NOTHING]);
    expect(endings(await world.told())).toEqual(['Live', 'Live']);
    expect(await wrong(world)).toEqual([]);
  });

  it('do not bring back what was rolled back', async () => {
    const { world, sweep } = sweptWorkflow();
    await live(world);
    await world.run(world.rollback());

    expect([await sweep(), await sweep()]).toEqual([NOTHING, NOTHING]);
    expect(world.router.dataPlane(MODEL)).toEqual({ 'digits-v1': 100 });
  });

  it('do not bring back what was undeployed', async () => {
    const { world, sweep } = sweptWorkflow();
    await live(world);
    await world.run(world.undeploy());

    expect([await sweep(), await sweep()]).toEqual([NOTHING, NOTHING]);
    expect(world.existing()).toEqual([]);
  });
});

it('traffic stays with a version that was given up while the live one is worse, and goes back then', async () => {
  const { world, sweep } = sweptWorkflow();
  await world.deploy();
  const { deploymentId } = await world.before('JudgeBake');
  world.executions.end('execution-2');
  await world.registry.settle({ deploymentId, reason: 'stopped', degraded: true });
  world.behave('digits-v1', answersWrong);

  for (let sweeps = 0; sweeps < 3; sweeps += 1) await sweep();
  const meanwhile = { shares: world.router.dataPlane(MODEL), existing: world.existing() };
  world.behave('digits-v1', answersRight);
  for (let sweeps = 0; sweeps < 6; sweeps += 1) await sweep();

  expect(meanwhile).toEqual({
    shares: { 'digits-v2': 100 },
    existing: ['digits-v1', 'digits-v2'],
  });
  expect(await wrong(world)).toEqual([]);
});

/** Holds the first call that a step of `state` makes of a port. */
function pausedIn(world: VirtualWorkflow, state: string) {
  const reached = Promise.withResolvers<void>();
  const going = Promise.withResolvers<void>();
  world.tap(async (_, call) => {
    if (world.states.at(-1) === state) {
      stopNothing(world);
      reached.resolve();
      await going.promise;
    }
    return call();
  });
  return { reached: reached.promise, goOn: going.resolve };
}
