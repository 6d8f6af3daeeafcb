import type { Target } from '#domain/placement/target.ts';
import { addConstantModel } from '../models/onnx.ts';
import { callers } from './flagship.ts';
import type { LocalAws } from './local.ts';
import { deploymentOf, placed } from './scenarios.ts';
import { stateOf } from './suite.ts';

const MODEL = 'moving';
const CHAT = 'chatting';
const BUSY = 'busy';
const HOUR_MS = 3_600_000;
const [V1, V2, V3] = [1, 2, 3].map((version) => `${MODEL}-v${version}`) as [string, string, string];

/** A model that moves between two mechanisms, its traffic all at once; the old side stays complete until it gets no more requests. */
export function describeAwsMoves(open: () => LocalAws): void {
  const upload = (constant: number, target: Target) =>
    open().upload(MODEL, addConstantModel({ constant }), placed(target));
  const sides = async () => ({
    alias: (
      await open()
        .alias(MODEL)
        .catch(() => undefined)
    )?.version,
    weights: await open().containers.weights(MODEL),
  });
  const targetOfRoute = async () => {
    const { uri = '' } = (await open().route(MODEL))?.methodIntegration ?? {};
    return uri.startsWith('http:') ? 'containers' : 'lambda';
  };

  /** Deploys the next version; returns both sides as they were in its bake and before the retirement of the old version. */
  async function move(
    constant: number,
    target: Target,
    left: { revision: string; target: Target },
  ) {
    const world = open();
    const event = await upload(constant, target);
    const seen: { state: string; route: string; alias?: string | undefined; weights: object }[] =
      [];
    const look = async (state: string) => {
      seen.push({ state, route: await targetOfRoute(), ...(await sides()) });
    };
    // Clients still use the old route, until their count ends.
    world.before('VerifyTraffic', () => world.count(left, 3, 0));
    world.before('JudgeBake', () => look('JudgeBake'));
    world.before('RetirePrevious', () => look('RetirePrevious'));
    const calls = callers(world, MODEL);
    const startedMs = world.clock.now();
    const run = await world.run(event);
    const answers = await calls.stop();
    const tookSeconds = (world.clock.now() - startedMs) / 1000;
    return { event, run, seen, answers, tookSeconds };
  }

  it('moves from Lambda to Fargate: both sides are complete until nobody comes to the alias', async () => {
    const world = open();
    await world.run(await upload(10, 'lambda'));

    const { event, run, seen, answers, tookSeconds } = await move(20, 'fargate', {
      revision: V1,
      target: 'lambda',
    });

    expect(run.states.at(-1)).toBe('Live');
    const whole = { route: 'containers', alias: '1', weights: { [V2]: 100 } };
    expect(seen).toEqual([
      { state: 'JudgeBake', ...whole },
      { state: 'RetirePrevious', ...whole },
    ]);
    expect(run.states.filter((state) => state === 'WaitForTraffic').length).toBeGreaterThan(0);
    expect(tookSeconds).toBeGreaterThan(900);
    expect(await sides()).toEqual({ alias: undefined, weights: { [V2]: 100 } });
    expect(await stateOf(world, event)).toMatchObject({ live: V2, phase: 'Live', lease: 'free' });
    expectAnswers(answers, { [V1]: [11, 12], [V2]: [21, 22] }, V2);
  });

  it('moves back from Fargate to Lambda: both sides are complete until nobody comes to the rule', async () => {
    const world = open();

    const { event, run, seen, answers } = await move(30, 'lambda', {
      revision: V2,
      target: 'fargate',
    });

    expect(run.states.at(-1)).toBe('Live');
    const [first, second] = seen;
    expect(first).toMatchObject({ route: 'lambda', weights: { [V2]: 100 } });
    expect(second).toMatchObject({ route: 'lambda', weights: { [V2]: 100 }, alias: first?.alias });
    expect(await sides()).toEqual({ alias: first?.alias, weights: {} });
    expect(await stateOf(world, event)).toMatchObject({ live: V3, phase: 'Live', lease: 'free' });
    expectAnswers(answers, { [V2]: [21, 22], [V3]: [31, 32] }, V3);
  });

  it('moves to functions that stream, and back by a rollback: both aliases are complete until nobody comes to the one that was left', async () => {
    const world = open();
    const { registry } = world.ports;
    await world.run(await world.upload(CHAT, addConstantModel({ constant: 10 })));
    const event = await world.upload(CHAT, addConstantModel({ constant: 20 }));
    const aliases = () =>
      Promise.all(
        (['function', 'streaming-function'] as const).map((kind) =>
          world
            .alias(CHAT, kind)
            .then(({ version }) => version)
            .catch(() => undefined),
        ),
      );
    const seen: (readonly (string | undefined)[])[] = [];
    const look = async () => void seen.push(await aliases());
    // A language model takes this way: it needs a build of a Python environment.
    world.before('ProvisionLambda', async () => {
      const deploymentId = await deploymentOf(event);
      const { epoch } = (await registry.lease(CHAT))!;
      const { decision } = (await registry.deployment(deploymentId))!.work;
      const streaming = { ...decision!, isStreaming: true };
      await registry.recordWork({ deploymentId, epoch }, { decision: streaming });
    });
    world.before('RetirePrevious', look);
    const calls = callers(world, CHAT);

    const run = await world.run(event);
    await look();
    const live = (await registry.model(CHAT))?.live;
    world.before('RetirePrevious', look);
    const back = await world.run({
      kind: 'rollback',
      deploymentId: 'rollback-chat',
      model: CHAT,
      to: null,
      reason: 'somebody asked for it',
    });
    await look();
    const answers = await calls.stop();

    expect([run.states.at(-1), back.states.at(-1)]).toEqual(['Live', 'Live']);
    expect(live).toMatchObject({ revision: `${CHAT}-v2`, isStreaming: true });
    expect(seen).toEqual([
      ['1', '2'],
      [undefined, '2'],
      ['1', '2'],
      ['1', undefined],
    ]);
    expect((await registry.model(CHAT))?.live).not.toHaveProperty('isStreaming');
    const data = { [`${CHAT}-v1`]: [11, 12], [`${CHAT}-v2`]: [21, 22] };
    expectAnswers(answers, data, `${CHAT}-v1`);
  });

  it('moves by itself where that costs less for the requests that it got, with the same image', async () => {
    const world = open();
    const { registry } = world.ports;
    world.builds.measureNext(100);
    const manifest = 'placement: { move: auto }\nrollout: { bakeSeconds: 1 }';
    await world.run(await world.upload(BUSY, addConstantModel({ constant: 10 }), manifest));
    const before = (await registry.model(BUSY))!.live!;
    expect(await world.weigh()).toEqual([]);
    world.clock.advance(25 * HOUR_MS);
    await world.callSince(BUSY, 24, 60);
    const calls = callers(world, BUSY);

    const [move] = await world.weigh();
    const answers = await calls.stop();

    expect(move).toEqual(expect.any(String));
    const after = (await registry.model(BUSY))!.live!;
    expect([before, after]).toMatchObject([
      { version: 1, target: 'lambda' },
      { version: 2, target: 'fargate' },
    ]);
    const [first, second] = await Promise.all(
      [before, after].map(({ deploymentId }) => registry.deployment(deploymentId)),
    );
    expect(second).toMatchObject({ kind: 'promote', phase: 'Live' });
    expect(second!.work.image?.digest).toBe(first!.work.image?.digest);
    const { question, learntDays } = second!.work.decision!.weighing!;
    expect(learntDays).toBe(1);
    expect(question.demand.requestsPerSecond).toBeCloseTo(60, -1);
    const [, old] = await registry.versions(BUSY);
    expect(old?.advice?.to).toMatch(/on fargate$/);
    expectAnswers(
      answers,
      { [before.revision]: [11, 12], [after.revision]: [11, 12] },
      after.revision,
    );
    // It is placed well now, and stays for half a day in any case.
    expect(await world.weigh()).toEqual([]);
  });

  it('is undeployed from both targets', async () => {
    const world = open();
    const request = { kind: 'undeploy', deploymentId: 'undeploy-moving', model: MODEL } as const;

    const run = await world.run(request);

    expect(run.states.at(-1)).toBe('Undeployed');
    expect(await world.route(MODEL)).toBeUndefined();
    const left = await Promise.all(
      (['lambda', 'fargate', 'ec2'] as const).map((target) =>
        world.ports.platforms[target].revisions(),
      ),
    );
    expect(left.flat().filter(({ model }) => model === MODEL)).toEqual([]);
  });
}

function expectAnswers(
  answers: Awaited<ReturnType<ReturnType<typeof callers>['stop']>>,
  data: Readonly<Record<string, readonly number[]>>,
  last: string,
): void {
  expect(answers.length).toBeGreaterThan(5);
  expect(answers).toEqual(
    answers.map(({ revision = '' }) => ({ status: 200, revision, data: data[revision] })),
  );
  expect(answers.at(-1)?.revision).toBe(last);
}
