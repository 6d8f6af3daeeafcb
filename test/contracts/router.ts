import type { Router } from '#ports/router.ts';

export type RouterUnderTest = {
  readonly router: Router;
  /** Lets every change spread to where clients are. */
  settle(): Promise<void>;
  close(): Promise<void>;
};

/** What every Router promises. */
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
      expect(router.testPath('digits-v1')).not.toBe(router.testPath('digits-v2'));
      expect(await router.shares('digits')).toEqual({});
    });

    it('makes the route of a model with its first shares', async () => {
      await router.setShares('digits', { 'digits-v1': 1 }, {});
      await world.settle();

      expect(await router.shares('digits')).toEqual({ 'digits-v1': 1 });
      expect(await router.verify('digits', { 'digits-v1': 1 })).toEqual({ kind: 'verified' });
    });

    it('takes a share of 0 for none', async () => {
      await router.setShares('digits', { 'digits-v1': 0, 'digits-v2': 999 }, { 'digits-v1': 0 });
      await world.settle();

      expect(await router.shares('digits')).toEqual({ 'digits-v2': 999 });
      expect(await router.verify('digits', { 'digits-v2': 999, 'digits-v3': 0 })).toEqual({
        kind: 'verified',
      });
    });

    it('changes shares when they are what the caller saw, in whatever order', async () => {
      await router.setShares('digits', { 'digits-v1': 90, 'digits-v2': 10 }, {});

      await router.setShares('digits', { 'digits-v2': 1 }, { 'digits-v2': 10, 'digits-v1': 90 });

      expect(await router.shares('digits')).toEqual({ 'digits-v2': 1 });
    });

    it.each([
      { name: 'other shares', expected: { 'digits-v1': 2 } },
      { name: 'no route', expected: {} },
      { name: 'another revision', expected: { 'digits-v9': 1 } },
    ])('refuses a change by a caller who saw $name', async ({ expected }) => {
      await router.setShares('digits', { 'digits-v1': 1 }, {});

      const change = router.setShares('digits', { 'digits-v2': 1 }, expected);

      await expect(change).rejects.toMatchObject({ name: 'SharesChanged' });
      expect(await router.shares('digits')).toEqual({ 'digits-v1': 1 });
    });

    it('refuses a change by a caller who saw a route where there is none', async () => {
      const change = router.setShares('digits', { 'digits-v2': 1 }, { 'digits-v1': 1 });

      await expect(change).rejects.toMatchObject({ name: 'SharesChanged' });
      expect(await router.shares('digits')).toEqual({});
    });

    it('lets one of two callers who saw the same', async () => {
      await router.setShares('digits', { 'digits-v1': 1 }, {});

      const outcomes = await Promise.allSettled([
        router.setShares('digits', { 'digits-v2': 1 }, { 'digits-v1': 1 }),
        router.setShares('digits', { 'digits-v3': 1 }, { 'digits-v1': 1 }),
      ]);

      expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    });

    it('takes a change that is made already for a success, whatever the caller saw', async () => {
      await router.setShares('digits', { 'digits-v1': 1 }, {});

      await router.setShares('digits', { 'digits-v1': 1 }, {});
      await router.setShares('digits', { 'digits-v1': 1 }, { 'digits-v7': 3 });

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
      await router.setShares('digits', { 'digits-v1': 1 }, {});

      const change = router.setShares('digits', shares, { 'digits-v1': 1 });

      await expect(change).rejects.toMatchObject({ name: 'SharesRefused' });
      expect(await router.shares('digits')).toEqual({ 'digits-v1': 1 });
    });

    it('says what it holds when asked to verify something else', async () => {
      await router.setShares('digits', { 'digits-v1': 1 }, {});
      await world.settle();

      expect(await router.verify('digits', { 'digits-v2': 1 })).toEqual({
        kind: 'different',
        shares: { 'digits-v1': 1 },
      });
    });

    it('takes a route away, and once more is success', async () => {
      await router.setShares('digits', { 'digits-v1': 1 }, {});
      await router.setShares('words', { 'words-v1': 1 }, {});

      await router.remove('digits');
      await router.remove('digits');
      await world.settle();

      expect(await router.shares('digits')).toEqual({});
      expect(await router.verify('digits', {})).toEqual({ kind: 'verified' });
      expect(await router.verify('words', { 'words-v1': 1 })).toEqual({ kind: 'verified' });
    });

    it('makes a route anew after it was taken away', async () => {
      await router.setShares('digits', { 'digits-v1': 1 }, {});
      await router.remove('digits');

      await router.setShares('digits', { 'digits-v2': 1 }, {});
      await world.settle();

      expect(await router.verify('digits', { 'digits-v2': 1 })).toEqual({ kind: 'verified' });
    });
  });
}
