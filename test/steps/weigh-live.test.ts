import type { ModelVersion } from '#domain/deployment.ts';
import type { CalledHour } from '#domain/placement/learnt.ts';
import type { MoveRequest } from '#domain/workflow.ts';
import { weighLive } from '#steps/weigh-live.ts';
import { type MemoryWorld, MODEL, memoryWorld } from '../support/worlds/memory.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** The hours of the last two weeks, each with so many requests a second. */
function hoursAt({ clock }: MemoryWorld, perSecond: number): readonly CalledHour[] {
  const nowMs = clock.now();
  return Array.from({ length: 14 * 24 }, (_, ago) => ({
    atMs: nowMs - (nowMs % HOUR) - ago * HOUR,
    requests: perSecond * 3600,
    busiestMinute: perSecond * 60,
  }));
}

/** A model of 100 ms that is live on Lambda for a month, by the first guess, and is then called so often. */
async function liveWorld(perSecond: number, manifest = '') {
  const world = memoryWorld({ engine: 'image' });
  world.builds.measure(100);
  const held = await world.deploy(world.upload({ manifest }));
  world.clock.advance(30 * DAY);
  world.demand.called(MODEL, hoursAt(world, perSecond));
  const inAccount = weighLive({ ...world.deps, executions: world.executions });
  return { world, held, inAccount };
}

const liveOf = async ({ registry }: MemoryWorld) => (await registry.model(MODEL))!.live!;
const adviceOf = async (world: MemoryWorld) => {
  const [version] = await world.registry.versions(MODEL);
  return version?.advice;
};
const advised = async (world: MemoryWorld) =>
  (await world.told()).filter(({ state }) => state === 'Advised');

describe('the weekly look at live versions', () => {
  it('advises another target by what the model got, in its record and by one event', async () => {
    const { world, inAccount } = await liveWorld(60);

    expect(await inAccount()).toEqual([]);
    world.clock.advance(7 * DAY);
    world.demand.called(MODEL, hoursAt(world, 60));
    expect(await inAccount()).toEqual([]);

    expect(await adviceOf(world)).toMatchObject({
      to: expect.stringMatching(/on fargate$/),
      savesUsd: expect.any(Number),
    });
    expect(await advised(world)).toMatchObject([
      {
        version: 1,
        reason: expect.stringMatching(/would cost \$[\d.]+ a month, and lambda with \d+ MiB costs/),
        data: { to: expect.stringMatching(/on fargate$/), savesUsd: expect.any(Number) },
      },
    ]);
    expect(world.executions.started).toEqual([]);
  });

  it('takes the advice back, without an event, when the demand has gone', async () => {
    const { world, inAccount } = await liveWorld(60);
    await inAccount();
    world.demand.called(MODEL, hoursAt(world, 0.1));

    await inAccount();

    expect(await adviceOf(world)).toBeUndefined();
    expect(await advised(world)).toHaveLength(1);
  });

  it('starts the move of a model that moves by itself, and the new version is placed for what the old one got', async () => {
    const { world, inAccount } = await liveWorld(60, 'placement: { move: auto }');

    const [name] = await inAccount();
    const [move] = world.executions.started;
    expect(move).toMatchObject({ workflow: 'promote', name, input: { kind: 'move', version: 1 } });

    const before = await liveOf(world);
    await world.deploy(move!.input as MoveRequest);
    const after = await liveOf(world);
    expect([before.target, after.target]).toEqual(['lambda', 'fargate']);
    const { work } = (await world.registry.deployment(after.deploymentId))!;
    expect(work.image?.digest).toBe(
      (await world.registry.deployment(before.deploymentId))!.work.image?.digest,
    );
    expect(work.decision?.weighing).toMatchObject({
      isGuess: false,
      learntDays: 14,
      question: { demand: { requestsPerSecond: 60 } },
    });
    expect(work.comparison?.verdict).toBe('same');
  });

  it('moves for what a model got, also where its manifest declares other traffic', async () => {
    const manifest = 'placement: { move: auto }\ntraffic: { requestsPerSecond: 0.1 }';
    const { world, inAccount } = await liveWorld(60, manifest);
    await inAccount();

    await world.deploy(world.executions.started[0]!.input as MoveRequest);

    expect((await liveOf(world)).target).toBe('fargate');
    expect(await inAccount()).toEqual([]);
  });

  it('moves nothing that went live in the last half day: at most twice a day', async () => {
    const manifest = 'placement: { move: auto }';
    const { world, inAccount } = await liveWorld(0, manifest);
    await world.deploy(world.upload({ manifest }));
    world.demand.called(MODEL, hoursAt(world, 60));
    world.clock.advance(11 * HOUR);

    expect(await inAccount()).toEqual([]);
    world.clock.advance(HOUR);
    expect(await inAccount()).toHaveLength(1);
  });

  it('asks for a move once', async () => {
    const { world, inAccount } = await liveWorld(60, 'placement: { move: auto }');

    await inAccount();
    await inAccount();

    expect(new Set(world.executions.started.map(({ name }) => name)).size).toBe(1);
  });

  it('keeps the advice, and says why nothing moves, while the newest upload is not the live one', async () => {
    const { world, inAccount } = await liveWorld(60, 'placement: { move: auto }');
    await world.deploy(world.upload());
    await world.deploy(world.rollback(1));
    world.clock.advance(DAY);
    world.demand.called(MODEL, hoursAt(world, 100));

    expect(await inAccount()).toEqual([]);
    const [, live] = await world.registry.versions(MODEL);
    expect(live?.advice?.fix).toMatch(/while the newest upload is not live/);
  });

  it('asks anew a week later for a move that did not begin', async () => {
    const { world, inAccount } = await liveWorld(60, 'placement: { move: auto }');
    const [first] = await inAccount();
    world.clock.advance(7 * DAY);
    world.demand.called(MODEL, hoursAt(world, 60));

    const [second] = await inAccount();

    expect(second).toBeDefined();
    expect(second).not.toBe(first);
  });

  it('looks again before it starts a move, since reading the counts takes long', async () => {
    const { world } = await liveWorld(60, 'placement: { move: auto }');
    const demand = {
      async hours(live: ModelVersion, sinceMs: number) {
        await world.before('AcquireLease', world.undeploy());
        return world.demand.hours(live, sinceMs, []);
      },
    };

    await weighLive({ ...world.deps, demand, executions: world.executions })();

    expect(world.executions.started).toEqual([]);
  });

  it('moves nothing on one machine, and says what AWS would cost', async () => {
    const { world } = await liveWorld(60, 'placement: { move: auto }');

    expect(await weighLive({ ...world.deps, executions: null })()).toEqual([]);

    expect((await adviceOf(world))?.reason).toMatch(/^on AWS, /);
    expect(world.executions.started).toEqual([]);
  });

  it('leaves a model alone that never moves, and one whose deployment is under way', async () => {
    const never = await liveWorld(60, 'placement: { move: never }');
    await never.inAccount();
    expect(await adviceOf(never.world)).toBeUndefined();

    const busy = await liveWorld(60);
    await busy.world.before('ChooseTarget', busy.world.upload());
    await busy.inAccount();
    expect(await adviceOf(busy.world)).toBeUndefined();
  });

  it('weighs the other models where one cannot be, and then fails', async () => {
    const { world } = await liveWorld(60);
    await world.deploy(world.upload({ model: 'aaa' }));
    world.clock.advance(2 * DAY);
    world.demand.called(MODEL, hoursAt(world, 60));
    const demand = {
      hours: async (live: { readonly model: string }, sinceMs: number) => {
        if (live.model === 'aaa') throw new Error('no counts');
        return world.demand.hours(live as never, sinceMs, []);
      },
    };
    const look = weighLive({ ...world.deps, demand, executions: world.executions });

    await expect(look()).rejects.toThrow('no counts');
    expect(await adviceOf(world)).toBeDefined();
  });
});

describe('a move', () => {
  /** A move of the live version 1, or 2, that the weekly look has asked for. */
  async function asked({ deploys = 1 } = {}) {
    const manifest = 'placement: { move: auto }';
    const { world, inAccount } = await liveWorld(deploys > 1 ? 0 : 60, manifest);
    if (deploys > 1) {
      await world.deploy(world.upload({ manifest }));
      world.clock.advance(DAY);
      world.demand.called(MODEL, hoursAt(world, 100));
    }
    await inAccount();
    const request = world.executions.started[0]!.input as MoveRequest;
    const admit = () => world.steps.AdmitPromotion({ request, execution: 'e9' });
    const acquire = () =>
      world.steps.AcquireLease({
        deploymentId: request.deploymentId,
        execution: 'e9',
        attempt: 0,
      });
    return { world, request, admit, acquire };
  }

  it.each(['AcquireLease', 'RemoveRoute', 'ReleaseLease'] as const)(
    'does not undo an undeploy that waits for %s',
    async (state) => {
      const { world, admit } = await asked();
      await world.before(state, world.undeploy());

      expect(await admit()).toMatchObject({ kind: 'ignored' });
    },
  );

  it('does not undo a rollback that is under way', async () => {
    const { world, request, admit } = await asked({ deploys: 2 });
    await world.before('AcquireLease', world.rollback(1));

    expect(await admit()).toMatchObject({ kind: 'ignored' });
    expect((await world.told(request.deploymentId)).map(({ reason }) => reason)).toEqual([
      'the rollback of digits is under way: it may take version 2 away',
    ]);
  });

  it.each(['undeploy', 'rollback'] as const)(
    'gives way at the lease to a later %s that has taken its version away',
    async (kind) => {
      const { world, admit, acquire } = await asked({ deploys: 2 });
      await admit();
      await world.deploy(kind === 'undeploy' ? world.undeploy() : world.rollback(1));

      expect(await acquire()).toMatchObject({ kind: 'superseded' });
    },
  );

  it('goes back when its version was taken away after it had begun, while it was not running', async () => {
    const { world, request } = await asked({ deploys: 2 });
    const held = await world.before('DescribeCandidate', request);
    const { execution } = await world.recordOf(held);
    const again = { deploymentId: held.deploymentId, execution: 'run-again', attempt: 0 };
    await world.registry.adopt(held.deploymentId, execution, again.execution);
    world.executions.end(execution);
    world.clock.advance(DAY);
    await world.deploy(world.rollback(1));

    expect(await world.steps.AcquireLease(again)).toMatchObject({ resume: 'rollback' });
  });

  it('is ignored where another version is live by then', async () => {
    const { world, inAccount } = await liveWorld(60, 'placement: { move: auto }');
    await inAccount();
    await world.deploy(world.upload());
    const request = world.executions.started[0]!.input as MoveRequest;

    expect(await world.steps.AdmitPromotion({ request, execution: 'e9' })).toMatchObject({
      kind: 'ignored',
    });
  });

  it('is admitted once', async () => {
    const { world, inAccount } = await liveWorld(60, 'placement: { move: auto }');
    await inAccount();
    const request = world.executions.started[0]!.input as MoveRequest;

    for (let times = 0; times < 2; times += 1) {
      expect(await world.steps.AdmitPromotion({ request, execution: 'e9' })).toMatchObject({
        kind: 'admitted',
      });
    }

    expect((await world.told(request.deploymentId)).map(({ data }) => data)).toMatchObject([
      { kind: 'move', fromVersion: 1 },
    ]);
  });
});
