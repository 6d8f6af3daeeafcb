import { judgeBake } from '#steps/judge-bake.ts';
import { answered } from '../support/memory-prober.ts';
import { answersRight, answersWrong, memoryWorld } from '../support/memory-world.ts';

/** An upgrade with all traffic on it, baking for 60 s. */
async function baking() {
  const world = memoryWorld({ lateMs: 0 });
  await world.deploy();
  const held = await world.before('JudgeBake');
  const judge = (attempt = 0) => judgeBake(world.deps)({ ...held, attempt });
  return { world, held, judge };
}

describe('judging a bake', () => {
  it('sends ten probes through the endpoint that clients use', async () => {
    const { world, held, judge } = await baking();
    const before = world.prober.sent.length;

    const answer = await judge(3);

    expect(answer).toEqual({ kind: 'baking', attempt: 4 });
    const sent = world.prober.sent.slice(before);
    expect(sent.map(({ address }) => address)).toEqual(new Array(10).fill('/models/digits'));
    expect((await world.recordOf(held)).work.bake).toMatchObject({
      probesSent: 10,
      probesFailed: 0,
    });
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
    world.clock.advance(120_000);

    expect((await judge()).kind).toBe('breach');
    expect((await world.recordOf(held)).trouble?.reason).toMatch(/^10 of 6\d requests/);
  });
});
