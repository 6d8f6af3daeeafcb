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
    const demand = {
      hours: async (live: { readonly model: string }, sinceMs: number) => {
        if (live.model === 'aaa') throw new Error('no counts');
        return world.demand.hours(live as never, sinceMs);
      },
    };
    const look = weighLive({ ...world.deps, demand, executions: world.executions });

    await expect(look()).rejects.toThrow('no counts');
    expect(await adviceOf(world)).toBeDefined();
  });
});

describe('a move', () => {
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
