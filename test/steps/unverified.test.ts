import type { ProbeAnswer } from '#ports/prober.ts';
import { looksAfter, unverified } from '#steps/unverified.ts';
import { fakeClock } from '../support/clock/fake-clock.ts';
import { memoryMetrics } from '../support/memory/metrics.ts';
import { answered, memoryProber } from '../support/memory/prober.ts';
import { memoryRouter } from '../support/memory/router.ts';
import { MODEL, memoryWorld } from '../support/worlds/memory.ts';

const V1 = { 'digits-v1': 100 };
const ASKED = { revision: 'digits-v1', path: '/ping', isNamed: true };
const ON_V1 = { shares: V1, looks: 1, isAnswering: true, asked: ASKED };

/** Why the shares of a live model are not certain, when its endpoint answers so. */
async function doubt(answer: ProbeAnswer, isAnswering = true) {
  const world = memoryWorld();
  await world.deploy();
  const prober = { ...world.prober, ready: async () => answer };
  return unverified({ router: world.router, prober }, MODEL, { ...ON_V1, isAnswering });
}

/** The same where two revisions share the traffic. */
async function doubtOfTwo(answer: ProbeAnswer) {
  const world = memoryWorld();
  const shares = { 'digits-v1': 50, 'digits-v2': 50 };
  const router = { ...world.router, verify: async () => ({ kind: 'verified' }) as const };
  const prober = { ...world.prober, ready: async () => answer };
  return unverified({ router, prober }, MODEL, { ...ON_V1, shares });
}

const by = (revision: string | null, status: number) =>
  ({ ...answered(status, 'because'), revision }) as ProbeAnswer;

describe('it is certain what clients get', () => {
  it('when router and endpoint agree', async () => {
    const world = memoryWorld();
    await world.deploy();

    expect(await unverified(world, MODEL, ON_V1)).toBeUndefined();
  });

  it.each([by('digits-v1', 500), by(null, 502)])(
    'when what has the traffic was seen failing, and the router says that it has it',
    async (answer) => {
      expect(await doubt(answer, false)).toBeUndefined();
    },
  );

  it('when another revision with a share answered that it does not know the path', async () => {
    expect(await doubtOfTwo(by('digits-v2', 404))).toBeUndefined();
  });

  it.each([
    { looks: 1, timeoutMs: 5000 },
    { looks: 3, timeoutMs: 2000 },
  ])('after $looks answers, each waited for $timeoutMs ms', async ({ looks, timeoutMs }) => {
    const world = memoryWorld();
    await world.deploy();
    const waited: number[] = [];
    const ready: typeof world.prober.ready = async (_route, _path, ms) => {
      waited.push(ms);
      return by('digits-v1', 200);
    };
    const prober = { ...world.prober, ready };

    const expected = { ...ON_V1, looks };
    expect(await unverified({ router: world.router, prober }, MODEL, expected)).toBeUndefined();
    expect(waited).toEqual(new Array(looks).fill(timeoutMs));
  });

  it('when the model has no route, as it should', async () => {
    expect(await unverified(memoryWorld(), MODEL, { ...ON_V1, shares: {} })).toBeUndefined();
  });
});

describe('it is not certain what clients get', () => {
  it('while a change spreads', async () => {
    const world = routed(1000);
    await world.router.setShares(MODEL, V1, {}, 1);

    expect(await unverified(world, MODEL, ON_V1)).toBe('clients still get {}');
  });

  it('when the router holds something else', async () => {
    const world = routed(0);
    await world.router.setShares(MODEL, { 'digits-v2': 1 }, {}, 1);

    expect(await unverified(world, MODEL, ON_V1)).toBe(
      'the router holds {"digits-v2":1}, not {"digits-v1":100}',
    );
  });

  it.each([true, false])('when a revision without a share answered', async (isAnswering) => {
    expect(await doubt(by('digits-v9', 200), isAnswering)).toBe(
      'digits-v9 answered, which has no share of the traffic',
    );
  });

  it.each([200, 404, 502])('when no model answered, but something with %i', async (status) => {
    expect(await doubt(by(null, status))).toBe(
      `its endpoint answered ${status}, but not from a model: "because"`,
    );
  });

  it('when the revision with the traffic answered that it is not ready', async () => {
    expect(await doubt(by('digits-v1', 503))).toBe('digits-v1 answered 503: "because"');
  });

  it.each([500, 503])('when another revision with a share answered %i', async (status) => {
    expect(await doubtOfTwo(by('digits-v2', status))).toBe(
      `digits-v2 answered ${status}: "because"`,
    );
  });

  it('and as much is shown of what was answered as fits a line', async () => {
    const long = { ...by(null, 502), body: 'x'.repeat(201) } as ProbeAnswer;
    const empty = { ...by(null, 502), body: '' } as ProbeAnswer;

    expect(await doubt(long)).toMatch(/: x{200}$/);
    expect(await doubt(empty)).toMatch(/: \(no body\)$/);
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

    const doubted = await unverified({ router: world.router, prober }, MODEL, { ...ON_V1, looks });

    expect(doubted).toBe('digits-v9 answered, which has no share of the traffic');
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
