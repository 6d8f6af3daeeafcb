import type { Placement } from '#domain/placement/target.ts';
import type { Router } from '#ports/router.ts';

/** The revisions that must run for the suite, healthy and without a share; no others of these models run. */
export const REVISIONS = {
  'digits-v1': { target: 'lambda' },
  'digits-v2': { target: 'lambda' },
  'digits-v3': { target: 'lambda' },
  'digits-v4': { target: 'lambda', isStreaming: true },
  'digits-v5': { target: 'lambda', isStreaming: true },
  'digits-v6': { target: 'fargate' },
  'digits-v7': { target: 'ec2' },
  'words-v1': { target: 'lambda' },
} as const satisfies Record<string, Placement>;

/** The placement of one of `REVISIONS`; undefined for any other. */
export function placementUnderTest(revision: string): Placement | undefined {
  return Object.entries(REVISIONS).find(([name]) => name === revision)?.[1];
}

export type RouterUnderTest = {
  readonly router: Router;
  /** Whether clients get a change only some time after it was made. */
  readonly isSpreading: boolean;
  /** Lets every change spread to where clients are. */
  settle(): Promise<void>;
  close(): Promise<void>;
};

/** The promises of every Router. */
export function describeRouter(name: string, start: () => Promise<RouterUnderTest>): void {
  describe(`${name} keeps the promises of a Router`, () => {
    let world: RouterUnderTest;
    let router: Router;

    beforeEach(async () => {
      world = await start();
      router = world.router;
    });

    afterEach(() => world.close());

    it('has addresses for a model and a revision before there is a route', async () => {
      expect(router.route('digits')).not.toBe(router.route('words'));
      const paths = (
        ['digits-v1', 'digits-v2', 'digits-v4', 'digits-v6', 'digits-v7'] as const
      ).map((revision) => router.testPath({ revision, ...REVISIONS[revision] }));
      expect(new Set(paths).size).toBe(paths.length);
      expect(await router.shares('digits')).toEqual({});
    });

    it('makes the route of a model with its first shares', async () => {
      await router.setShares('digits', { 'digits-v1': 1 }, {}, 1);
      await world.settle();

      expect(await router.shares('digits')).toEqual({ 'digits-v1': 1 });
      expect(await router.verify('digits', { 'digits-v1': 1 })).toEqual({ kind: 'verified' });
    });

    it('takes a share of 0 for none', async () => {
      await router.setShares('digits', { 'digits-v1': 0, 'digits-v2': 999 }, { 'digits-v1': 0 }, 1);
      await world.settle();

      expect(await router.shares('digits')).toEqual({ 'digits-v2': 999 });
      expect(await router.verify('digits', { 'digits-v2': 999, 'digits-v3': 0 })).toEqual({
        kind: 'verified',
      });
    });

    it('changes shares when they are what the caller saw, in whatever order', async () => {
      await router.setShares('digits', { 'digits-v1': 90, 'digits-v2': 10 }, {}, 1);

      await router.setShares('digits', { 'digits-v2': 1 }, { 'digits-v2': 10, 'digits-v1': 90 }, 1);

      expect(await router.shares('digits')).toEqual({ 'digits-v2': 1 });
    });

    it.each([
      { name: 'other shares', expected: { 'digits-v1': 2 } },
      { name: 'no route', expected: {} },
      { name: 'another revision', expected: { 'digits-v9': 1 } },
    ])('refuses a change by a caller who saw $name', async ({ expected }) => {
      await router.setShares('digits', { 'digits-v1': 1 }, {}, 1);

      const change = router.setShares('digits', { 'digits-v2': 1 }, expected, 1);

      await expect(change).rejects.toMatchObject({ name: 'SharesChanged' });
      expect(await router.shares('digits')).toEqual({ 'digits-v1': 1 });
    });

    it('refuses a change by a caller who saw a route where there is none', async () => {
      const change = router.setShares('digits', { 'digits-v2': 1 }, { 'digits-v1': 1 }, 1);

      await expect(change).rejects.toMatchObject({ name: 'SharesChanged' });
      expect(await router.shares('digits')).toEqual({});
    });

    it('lets one of two callers who saw the same', async () => {
      await router.setShares('digits', { 'digits-v1': 1 }, {}, 1);

      const outcomes = await Promise.allSettled([
        router.setShares('digits', { 'digits-v2': 1 }, { 'digits-v1': 1 }, 1),
        router.setShares('digits', { 'digits-v3': 1 }, { 'digits-v1': 1 }, 1),
      ]);

      expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    });

    it('takes a change that is made already for a success, whatever the caller saw', async () => {
      await router.setShares('digits', { 'digits-v1': 1 }, {}, 1);

      await router.setShares('digits', { 'digits-v1': 1 }, {}, 1);
      await router.setShares('digits', { 'digits-v1': 1 }, { 'digits-v7': 3 }, 1);

      expect(await router.shares('digits')).toEqual({ 'digits-v1': 1 });
    });

    it.each([
      { name: 'no revision', shares: {} },
      { name: 'zeros only', shares: { 'digits-v2': 0, 'digits-v3': 0 } },
      { name: 'a weight over 999', shares: { 'digits-v2': 1_000 } },
      { name: 'a weight below 0', shares: { 'digits-v1': 1, 'digits-v2': -1 } },
      { name: 'a part of a weight', shares: { 'digits-v2': 0.5 } },
      { name: 'a weight that is no number', shares: { 'digits-v2': Number.NaN } },
      { name: 'six revisions', shares: { a: 1, b: 1, c: 1, d: 1, e: 1, f: 1 } },
    ])('refuses $name and goes on as it was', async ({ shares }) => {
      await router.setShares('digits', { 'digits-v1': 1 }, {}, 1);

      const change = router.setShares('digits', shares, { 'digits-v1': 1 }, 1);

      await expect(change).rejects.toMatchObject({ name: 'SharesRefused' });
      expect(await router.shares('digits')).toEqual({ 'digits-v1': 1 });
    });

    it.each([
      { name: 'functions', before: { 'digits-v1': 1 }, after: { 'digits-v2': 9, 'digits-v1': 1 } },
      {
        name: 'functions that stream',
        before: { 'digits-v4': 1 },
        after: { 'digits-v5': 9, 'digits-v4': 1 },
      },
      { name: 'containers', before: { 'digits-v6': 1 }, after: { 'digits-v7': 9, 'digits-v6': 1 } },
    ])('does not verify a change among $name before it can be everywhere', async (each) => {
      await router.setShares('digits', each.before, {}, 1);
      await world.settle();

      await router.setShares('digits', each.after, each.before, 1);
      const early = await router.verify('digits', each.after);
      await world.settle();
      const late = await router.verify('digits', each.after);

      expect(early.kind).toBe(world.isSpreading ? 'pending' : 'verified');
      expect(late.kind).toBe('verified');
    });

    it('says what it holds when asked to verify something else', async () => {
      await router.setShares('digits', { 'digits-v1': 1 }, {}, 1);
      await world.settle();

      expect(await router.verify('digits', { 'digits-v2': 1 })).toEqual({
        kind: 'different',
        shares: { 'digits-v1': 1 },
      });
    });

    it('takes a route away, and once more is success', async () => {
      await router.setShares('digits', { 'digits-v1': 1 }, {}, 1);
      await router.setShares('words', { 'words-v1': 1 }, {}, 1);

      await router.remove('digits', 1);
      await router.remove('digits', 1);
      await world.settle();

      expect(await router.shares('digits')).toEqual({});
      expect(await router.verify('digits', {})).toEqual({ kind: 'verified' });
      expect(await router.verify('words', { 'words-v1': 1 })).toEqual({ kind: 'verified' });
    });

    it('makes a route anew after it was taken away', async () => {
      await router.setShares('digits', { 'digits-v1': 1 }, {}, 1);
      await router.remove('digits', 1);

      await router.setShares('digits', { 'digits-v2': 1 }, {}, 1);
      await world.settle();

      expect(await router.verify('digits', { 'digits-v2': 1 })).toEqual({ kind: 'verified' });
    });

    it('names the models that have a route', async () => {
      expect(await router.models()).toEqual([]);
      await router.setShares('digits', { 'digits-v1': 1 }, {}, 1);
      await router.setShares('words', { 'words-v1': 1 }, {}, 1);
      const both = await router.models();

      await router.remove('digits', 1);

      expect(both.toSorted()).toEqual(['digits', 'words']);
      expect(await router.models()).toEqual(['words']);
    });

    it('refuses a share for a revision that is not there', async () => {
      await router.setShares('digits', { 'digits-v1': 1 }, {}, 1);

      const change = router.setShares('digits', { 'digits-v9': 1 }, { 'digits-v1': 1 }, 1);

      await expect(change).rejects.toMatchObject({ name: 'SharesRefused' });
      expect(await router.shares('digits')).toEqual({ 'digits-v1': 1 });
    });

    it('spreads traffic over containers of both kinds', async () => {
      await router.setShares('digits', { 'digits-v6': 900, 'digits-v7': 99 }, {}, 1);
      await world.settle();

      expect(await router.verify('digits', { 'digits-v6': 900, 'digits-v7': 99 })).toEqual({
        kind: 'verified',
      });
    });

    it.each([
      { name: 'for Lambda and for containers', other: 'digits-v6' },
      { name: 'for functions that answer whole and that stream', other: 'digits-v4' },
    ])('refuses a share each $name, and goes on as it was', async ({ other }) => {
      await router.setShares('digits', { 'digits-v1': 1 }, {}, 1);

      const mixture = { 'digits-v1': 99, [other]: 1 };
      const change = router.setShares('digits', mixture, { 'digits-v1': 1 }, 1);

      await expect(change).rejects.toMatchObject({ name: 'SharesRefused' });
      expect(await router.shares('digits')).toEqual({ 'digits-v1': 1 });
    });

    it.each([
      {
        way: 'from Lambda to containers and back',
        revisions: ['digits-v1', 'digits-v6', 'digits-v2'],
      },
      {
        way: 'from functions that answer whole to those that stream and back',
        revisions: ['digits-v1', 'digits-v4', 'digits-v2'],
      },
      {
        way: 'through all three mechanisms, and back without a stop',
        revisions: ['digits-v1', 'digits-v6', 'digits-v4', 'digits-v7', 'digits-v5', 'digits-v3'],
      },
    ])('moves a model $way', async ({ revisions }) => {
      const seen: string[] = [];
      let before: Record<string, number> = {};

      for (const revision of revisions) {
        await router.setShares('digits', { [revision]: 1 }, before, 1);
        await world.settle();
        before = { [revision]: 1 };
        seen.push((await router.verify('digits', before)).kind);
      }

      expect(seen).toEqual(revisions.map(() => 'verified'));
      expect(await router.shares('digits')).toEqual(before);
    });

    it.each([
      {
        name: 'of shares',
        change: () => router.setShares('digits', { 'digits-v2': 1 }, { 'digits-v1': 1 }, 6),
      },
      {
        name: 'of shares that hold already',
        change: () => router.setShares('digits', { 'digits-v1': 1 }, {}, 6),
      },
      { name: 'that takes the route away', change: () => router.remove('digits', 6) },
    ])('refuses a change $name by one whose lease is over', async ({ change }) => {
      await router.setShares('digits', { 'digits-v1': 1 }, {}, 7);

      await expect(change()).rejects.toMatchObject({ name: 'LeaseLost' });

      expect(await router.shares('digits')).toEqual({ 'digits-v1': 1 });
    });

    it('takes changes under the same lease, under a later one, and under that of another model', async () => {
      await router.setShares('digits', { 'digits-v1': 1 }, {}, 7);

      await router.setShares('digits', { 'digits-v2': 1 }, { 'digits-v1': 1 }, 7);
      await router.setShares('digits', { 'digits-v3': 1 }, { 'digits-v2': 1 }, 8);
      await router.setShares('words', { 'words-v1': 1 }, {}, 1);
      await router.remove('digits', 8);

      expect(await router.models()).toEqual(['words']);
    });
  });
}
