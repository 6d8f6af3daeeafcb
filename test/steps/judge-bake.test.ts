import type { ProbeAnswer, Prober } from '#ports/prober.ts';
import { judgeBake } from '#steps/judge-bake.ts';
import { type Asked, answered } from '../support/memory/prober.ts';
import {
  answersRight,
  answersWrong,
  type MemoryWorld,
  MODEL,
  memoryWorld,
} from '../support/worlds/memory.ts';

const answersIn = (latencyMs: number) => (asked: Asked) => ({ ...answersRight(asked), latencyMs });

const CANARY = 'rollout: { strategy: canary }';

/** Makes the endpoint's answers to clients from the model's answers. */
function throughRoute({ prober }: MemoryWorld, make: (answer: ProbeAnswer) => ProbeAnswer): Prober {
  return {
    ...prober,
    async send(address, ...asked) {
      const answer = await prober.send(address, ...asked);
      return address === '/models/digits' ? make(answer) : answer;
    },
  };
}

/** An upgrade with all traffic on it, baking for 60 s. */
async function baking(manifest = '') {
  const world = memoryWorld({ lateMs: 0 });
  await world.deploy();
  const held = await world.before('JudgeBake', world.upload({ manifest }));
  const judge = (attempt = 0, prober: Prober = world.prober) =>
    judgeBake({ ...world.deps, prober })({ ...held, attempt });
  return { world, held, judge };
}

const LANGUAGE = {
  task: 'generate',
  contextTokens: 512,
  requestsAtOnce: 1,
  hasChatTemplate: false,
} as const;

describe('judging a bake', () => {
  it.each([
    { language: LANGUAGE, kind: 'breach' },
    { language: undefined, kind: 'done' },
  ])('looks at the pace of a language model and of no other: $kind', async ({ language, kind }) => {
    const { world, held, judge } = await baking();
    const { inspection } = (await world.recordOf(held)).work;
    if (!inspection) throw new Error('nothing was inspected');
    const facts = { ...inspection.facts, ...(language && { language }) };
    await world.registry.recordWork(held, { inspection: { ...inspection, facts } });
    for (let answers = 0; answers < 20; answers += 1) {
      world.metrics.wrote('digits-v1', 50);
      world.metrics.wrote('digits-v2', 20);
    }
    world.clock.advance(120_000);

    expect(await judge()).toMatchObject({ kind });
  });

  it('takes as long as it should when the clock of the machine is set back meanwhile', async () => {
    const { world, judge } = await baking();
    world.clock.step(-3_600_000);
    await judge();
    world.clock.advance(60_000);

    expect(await judge(1)).toMatchObject({ kind: 'done' });
  });

  it.each([
    ['that saw nothing wrong', answersRight],
    ['that saw a breach', answersWrong],
  ])('drops a look %s, where another run of the step has looked meanwhile', async (_, late) => {
    const { world, held, judge } = await baking(CANARY);
    const reached = Promise.withResolvers<void>();
    const hangs = Promise.withResolvers<void>();
    const hung = judge(0, {
      ...world.prober,
      async send(...asked) {
        reached.resolve();
        await hangs.promise;
        return world.prober.send(...asked);
      },
    });
    await reached.promise;
    world.clock.advance(180_000);
    expect((await judge()).kind).toBe('next');
    const record = await world.recordOf(held);

    world.behave('digits-v2', late);
    hangs.resolve();

    expect((await hung).kind).toBe('next');
    expect(await world.recordOf(held)).toEqual(record);
  });

  it('looks again where another run has looked meanwhile, and each look counts once', async () => {
    const { world, held, judge } = await baking();
    const both = await Promise.all([judge(), judge()]);
    const once = (await world.recordOf(held)).work.bake;

    expect(both.map(({ kind }) => kind)).toEqual(['baking', 'baking']);
    expect(once).toMatchObject({ looks: 1, probesSent: 10 });

    await judge(1);
    expect((await world.recordOf(held)).work.bake).toMatchObject({ looks: 2, probesSent: 20 });
  });

  it('sends ten probes through the endpoint that clients use, and as many to the version before', async () => {
    const { world, held, judge } = await baking();
    const before = world.prober.sent.length;

    const answer = await judge(3);

    expect(answer).toEqual({ kind: 'baking', sliceSeconds: 30, attempt: 4 });
    const sent = world.prober.sent.slice(before);
    expect(sent.map(({ address }) => address)).toEqual(
      new Array(10).fill(['/models/digits', '/_candidate/digits-v1']).flat(),
    );
    expect((await world.recordOf(held)).work.bake).toMatchObject({
      probesSent: 10,
      probesFailed: 0,
      latenciesMs: new Array(10).fill(1),
      previousLatenciesMs: new Array(10).fill(1),
    });
  });

  it('sends them past the endpoint and through it while the version before has traffic too', async () => {
    const { world, held, judge } = await baking(CANARY);
    const before = world.prober.sent.length;

    await judge();

    const sent = world.prober.sent
      .slice(before)
      .map(({ revision, address }) => [revision, address]);
    const byRoute = sent.filter(([, address]) => address === '/models/digits');
    const ofCandidate = byRoute.filter(([revision]) => revision === 'digits-v2').length;
    expect(new Set(sent.map(String))).toEqual(
      new Set([
        ...['digits-v2,/_candidate/digits-v2', 'digits-v1,/_candidate/digits-v1'],
        ...['digits-v2,/models/digits', 'digits-v1,/models/digits'],
      ]),
    );
    expect(byRoute).toHaveLength(10);
    expect(ofCandidate).toBeGreaterThan(0);
    // Answers of the previous version are no evidence for this one.
    expect((await world.recordOf(held)).work.bake).toMatchObject({
      probesSent: 10 + ofCandidate,
      latenciesMs: new Array(10).fill(1),
    });
  });

  it.each([
    { what: 'all traffic is on it', manifest: '' },
    { what: 'the version before has traffic too', manifest: CANARY },
  ])('counts what no model answers to clients as failed, while $what', async ({ manifest }) => {
    const { world, held, judge } = await baking(manifest);
    const badGateway = { ...answered(502, 'bad gateway'), revision: null } as ProbeAnswer;

    const answer = await judge(
      0,
      throughRoute(world, () => badGateway),
    );

    expect(answer.kind).toBe('breach');
    expect((await world.recordOf(held)).trouble?.reason).toMatch(
      /^10 of \d\d probes failed since the shift; the last: no model answered at the endpoint: the golden request was answered 502: "bad gateway"$/,
    );
  });

  it('counts an answer that names nobody as none, though it is right', async () => {
    const { world, judge } = await baking();
    const nameless = (answer: ProbeAnswer) => ({ ...answer, revision: null }) as ProbeAnswer;

    expect((await judge(0, throughRoute(world, nameless))).kind).toBe('breach');
  });

  it('counts an answer of a revision that has no share as failed', async () => {
    const { world, held, judge } = await baking();
    const strange = (answer: ProbeAnswer) => ({ ...answer, revision: 'digits-v9' }) as ProbeAnswer;

    expect((await judge(0, throughRoute(world, strange))).kind).toBe('breach');
    expect((await world.recordOf(held)).trouble?.reason).toContain(
      'digits-v9, which has no share of the traffic, answered at the endpoint: it was answered 200',
    );
  });

  it('takes what the version before answers, though all traffic is off it, for no evidence', async () => {
    const { world, held, judge } = await baking();
    const late = (answer: ProbeAnswer) => ({ ...answer, revision: 'digits-v1' }) as ProbeAnswer;

    expect((await judge(0, throughRoute(world, late))).kind).toBe('baking');
    expect((await world.recordOf(held)).work.bake?.probesSent).toBe(0);
  });

  it('counts what the version before answers and this one refuses as failed', async () => {
    const world = memoryWorld({ lateMs: 0 });
    const two = { inputs: [{ name: 'x', datatype: 'FP32', shape: [2], data: [1, 2] }] };
    await world.deploy(
      world.upload({ manifest: `examples: [{ request: ${JSON.stringify(two)} }]` }),
    );
    // The live version does not answer while the candidate is proven by its own request.
    world.behave('digits-v1', () => answered(503));
    world.behave('digits-v2', (asked) =>
      JSON.stringify(asked).includes('[1,2]') ? answered(400) : answersRight(asked),
    );
    const held = await world.before('JudgeBake', world.upload({ manifest: '' }));
    const judge = () => judgeBake(world.deps)({ ...held, attempt: 0 });

    const before = await judge();
    world.behave('digits-v1', answersRight);

    expect([before.kind, (await judge()).kind]).toEqual(['baking', 'breach']);
    expect((await world.recordOf(held)).trouble?.reason).toBe(
      '10 of 30 probes failed since the shift; the last: the golden request was answered 400: {}',
    );
  });

  it('compares a first version with none', async () => {
    const world = memoryWorld();
    const manifest = 'rollout: { bakeSeconds: 60 }';
    const held = await world.before('JudgeBake', world.upload({ manifest }));
    const before = world.prober.sent.length;

    await judgeBake(world.deps)({ ...held, attempt: 0 });

    expect(world.prober.sent.slice(before)).toHaveLength(10);
  });

  it('compares a version that is set right with none', async () => {
    const world = memoryWorld();
    await world.deploy();
    const held = await world.before('JudgeBake', world.rollback(null, 'repair'));
    const before = world.prober.sent.length;

    await judgeBake(world.deps)({ ...held, attempt: 0 });

    expect(world.prober.sent.slice(before)).toHaveLength(10);
  });

  it('counts all since the shift, and is done when the time is over', async () => {
    const { world, held, judge } = await baking();
    world.clock.advance(30_000);
    const first = await judge();
    world.clock.advance(30_000);
    const second = await judge();

    expect([first.kind, second.kind]).toEqual(['baking', 'done']);
    expect((await world.recordOf(held)).work.bake?.probesSent).toBe(20);
  });

  it('begins no probe after five seconds', async () => {
    const { world, held, judge } = await baking();
    world.behave('digits-v2', (asked) => {
      world.clock.advance(2000);
      return answersRight(asked);
    });

    await judge();

    expect((await world.recordOf(held)).work.bake?.probesSent).toBe(3);
  });

  it('goes to the next step of the shift when the bake is over, once', async () => {
    const { world, held, judge } = await baking('rollout: { strategy: canary }');
    world.clock.advance(180_000);

    expect(await judge(3)).toEqual({ kind: 'next', sliceSeconds: 30, attempt: 4 });
    const sent = world.prober.sent.length;
    expect(await judge(3)).toEqual({ kind: 'next', sliceSeconds: 30, attempt: 4 });

    expect(world.prober.sent).toHaveLength(sent);
    expect((await world.recordOf(held)).work.bake?.isOver).toBe(true);
  });

  it('is a breach when the version is much slower than the one it replaces', async () => {
    const { world, held, judge } = await baking();
    world.behave('digits-v2', answersIn(200));

    expect((await judge()).kind).toBe('breach');
    expect((await world.recordOf(held)).trouble?.reason).toMatch(
      /^a request takes 200 ms, and 1 ms/,
    );
  });

  it('is none when both have become slower, since the version before was baked, by the load of the machine', async () => {
    const world = memoryWorld({ lateMs: 0 });
    world.behave('digits-v1', answersIn(6));
    await world.deploy();
    const held = await world.before('JudgeBake', world.upload());
    world.behave('digits-v1', answersIn(33));
    world.behave('digits-v2', answersIn(177));

    const { kind } = await judgeBake(world.deps)({ ...held, attempt: 0 });

    expect(kind).toBe('baking');
    expect((await world.recordOf(held)).work.bake?.judges).toContainEqual({
      judge: 'pace',
      verdict: 'passed',
      reason: 'a request takes 177 ms, and 33 ms on the revision it replaces',
    });
  });

  it('is none when both are as slow', async () => {
    const { world, judge } = await baking();
    world.behave('digits-v1', answersIn(200));
    world.behave('digits-v2', answersIn(250));

    expect((await judge()).kind).toBe('baking');
  });

  it('keeps the times of the last thirty probes', async () => {
    const { world, held, judge } = await baking();
    for (let burst = 0; burst < 4; burst += 1) {
      world.behave('digits-v2', answersIn(burst + 1));
      await judge();
    }

    const { latenciesMs } = (await world.recordOf(held)).work.bake!;
    expect(latenciesMs).toEqual([2, 3, 4].flatMap((ms) => new Array(10).fill(ms)));
  });

  it('is a breach when an alarm of the manifest rings, and not when another does', async () => {
    const { world, held, judge } = await baking('rollout: { alarms: [checkout, unheard-of] }');
    world.metrics.ring('elsewhere');
    world.metrics.ring('checkout', 'quiet');

    expect((await judge()).kind).toBe('baking');
    world.metrics.ring('checkout');
    expect((await judge()).kind).toBe('breach');
    expect((await world.recordOf(held)).trouble?.reason).toBe('in state ALARM: checkout');
  });

  it('is a breach when probes fail, and says how the last one did', async () => {
    const { world, held, judge } = await baking();
    world.behave('digits-v2', answersWrong);

    expect((await judge()).kind).toBe('breach');
    expect((await world.recordOf(held)).trouble).toMatchObject({
      name: 'BakeBreached',
      reason: expect.stringMatching(/^10 of 10 probes failed .* output z is not declared$/),
      fix: expect.stringMatching(/./),
    });
  });

  it('remembers how the last failed probe did', async () => {
    const { world, held, judge } = await baking();
    let probes = 0;
    world.behave('digits-v2', (asked) => {
      probes += 1;
      return (probes === 5 ? answersWrong : answersRight)(asked);
    });

    await judge();
    await judge();

    expect((await world.recordOf(held)).work.bake).toMatchObject({
      probesSent: 20,
      probesFailed: 1,
      lastFailure: expect.stringContaining('output z'),
    });
  });

  it('counts no probe that was turned away by a busy revision', async () => {
    const { world, held, judge } = await baking();
    world.behave('digits-v2', () => answered(429));
    world.clock.advance(60_000);

    expect((await judge()).kind).toBe('baking');
    expect((await world.recordOf(held)).work.bake?.probesSent).toBe(0);
  });

  it('is a breach when clients get server errors', async () => {
    const { world, held, judge } = await baking();
    for (let request = 0; request < 60; request += 1) {
      world.metrics.record('digits-v2', request < 10 ? 500 : 200);
    }
    world.clock.advance(180_000);

    expect((await judge()).kind).toBe('breach');
    expect((await world.recordOf(held)).trouble?.reason).toMatch(/^10 of 6\d requests/);
    expect(await world.router.shares(MODEL)).toEqual({ 'digits-v2': 100 });
  });

  it('is a breach when clients are refused what the version before took', async () => {
    const { world, held, judge } = await baking();
    world.clock.advance(-120_000);
    for (let request = 0; request < 100; request += 1) world.metrics.record('digits-v1', 200);
    world.clock.advance(120_000);
    for (let request = 0; request < 60; request += 1) world.metrics.record('digits-v2', 400);
    world.clock.advance(180_000);

    expect((await judge()).kind).toBe('breach');
    expect((await world.recordOf(held)).trouble?.reason).toMatch(
      /^60 of 6\d requests since the shift were refused \(4xx\), and 0 of 1\d\d by the revision it replaces/,
    );
  });

  it('is no breach when the version before refused as many', async () => {
    const { world, judge } = await baking();
    world.clock.advance(-120_000);
    for (let request = 0; request < 100; request += 1) world.metrics.record('digits-v1', 400);
    world.clock.advance(120_000);
    for (let request = 0; request < 60; request += 1) world.metrics.record('digits-v2', 400);
    world.clock.advance(180_000);

    expect((await judge()).kind).not.toBe('breach');
  });
});
