import type { ProbeAnswer } from '#ports/prober.ts';
import { looksAfter, unverified } from '#steps/unverified.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { memoryMetrics } from '../support/memory-metrics.ts';
import { answered, memoryProber } from '../support/memory-prober.ts';
import { memoryRouter } from '../support/memory-router.ts';
import { MODEL, memoryWorld } from '../support/memory-world.ts';

const V1 = { 'digits-v1': 100 };

/** Why the shares of a live model are not certain, when its endpoint answers so. */
async function doubt(answer: ProbeAnswer) {
  const world = memoryWorld();
  await world.deploy();
  const prober = { ...world.prober, ready: async () => answer };
  return unverified({ router: world.router, prober }, MODEL, V1, 1);
}

describe('it is certain what clients get', () => {
  it('when router and endpoint agree', async () => {
    const world = memoryWorld();
    await world.deploy();

    expect(await unverified(world, MODEL, V1, 1)).toBeUndefined();
  });

  it('when the endpoint does not say which revision answered', async () => {
    expect(await doubt(answered(503))).toBeUndefined();
  });

  it('when the model has no route, as it should', async () => {
    expect(await unverified(memoryWorld(), MODEL, {}, 1)).toBeUndefined();
  });
});

describe('it is not certain what clients get', () => {
  it('while a change spreads', async () => {
    const world = routed(1000);
    await world.router.setShares(MODEL, V1, {}, 1);

    expect(await unverified(world, MODEL, V1, 1)).toBe('clients still get {}');
  });

  it('when the router holds something else', async () => {
    const world = routed(0);
    await world.router.setShares(MODEL, { 'digits-v2': 1 }, {}, 1);

    expect(await unverified(world, MODEL, V1, 1)).toBe(
      'the router holds {"digits-v2":1}, not {"digits-v1":100}',
    );
  });

  it('when a revision without a share answered', async () => {
    const stranger = { ...answered(200), revision: 'digits-v9' } as ProbeAnswer;

    expect(await doubt(stranger)).toBe('digits-v9 answered, which has no share');
  });

  it('when one of many answers is of a revision without a share', async () => {
    const world = memoryWorld();
    await world.deploy();
    let asked = 0;
    const ready = async () => {
      asked += 1;
      return { ...answered(200), revision: asked < 30 ? 'digits-v1' : 'digits-v9' } as ProbeAnswer;
    };
    const prober = { ...world.prober, ready };
    const fargate = { revision: 'digits-v2', target: 'fargate' } as const;
    const looks = await looksAfter(world.registry, MODEL, V1, fargate);

    const doubted = await unverified({ router: world.router, prober }, MODEL, V1, looks);

    expect(doubted).toBe('digits-v9 answered, which has no share');
  });

  it('when nothing answered', async () => {
    expect(await doubt({ kind: 'none', reason: 'the connection was reset' })).toBe(
      'the connection was reset',
    );
  });
});

/** A router for which every revision is there, and a prober. */
function routed(spreadMs: number) {
  const clock = fakeClock(0);
  const router = memoryRouter({ clock, spreadMs });
  return { router, prober: memoryProber({ router, metrics: memoryMetrics({ clock, lateMs: 0 }) }) };
}
