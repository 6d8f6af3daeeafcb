import fc from 'fast-check';
import { mechanismOf, type Placement, TARGETS } from '#domain/placement/target.ts';
import { acceptShares, isSameShares, refuseMixture, withoutZeros } from '#domain/rollout/shares.ts';

const weights = fc.dictionary(fc.string({ minLength: 1 }), fc.integer({ min: 0, max: 999 }), {
  maxKeys: 5,
});

it.each([
  { name: 'no revision', shares: {} },
  { name: 'zeros only', shares: { a: 0, b: 0 } },
  { name: 'a weight over 999', shares: { a: 1_000 } },
  { name: 'a weight below 0', shares: { a: 1, b: -1 } },
  { name: 'a part of a weight', shares: { a: 0.5 } },
  { name: 'six revisions', shares: { a: 1, b: 1, c: 1, d: 1, e: 1, f: 1 } },
])('shares with $name are refused', ({ shares }) => {
  expect(() => acceptShares(shares)).toThrow(expect.objectContaining({ name: 'SharesRefused' }));
});

it('accepted shares have no zeros and are in the order of their names', () => {
  expect(Object.entries(acceptShares({ b: 999, a: 1, c: 0 }))).toEqual([
    ['a', 1],
    ['b', 999],
  ]);
});

it('shares are the same whatever their order and their zeros', async () => {
  await fc.assert(
    fc.property(weights, (shares) => {
      const turned = Object.fromEntries(Object.entries(shares).toReversed());
      expect(isSameShares(shares, withoutZeros(turned))).toBe(true);
    }),
  );
  expect(isSameShares({ a: 1 }, { a: 2 })).toBe(false);
});

describe('revisions of two mechanisms', () => {
  const placements: Readonly<Record<string, Placement>> = {
    l: { target: 'lambda' },
    s: { target: 'lambda', isStreaming: true },
    f: { target: 'fargate' },
    e: { target: 'ec2' },
  };
  const mixed = (shares: Record<string, number>) => () =>
    refuseMixture(shares, (revision) => placements[revision]);

  it('cannot share the traffic of a model', () => {
    expect(mixed({ l: 1, e: 1 })).toThrow(
      expect.objectContaining({
        name: 'SharesRefused',
        message: 'ec2 and lambda cannot share the traffic of a model; one has all of it',
      }),
    );
  });

  it('are also two functions of which one answers whole and one as it writes', () => {
    expect(mixed({ l: 1, s: 1 })).toThrow(
      'lambda and lambda (streaming) cannot share the traffic of a model',
    );
  });

  it.each([
    { what: 'one of them has all of it', shares: { l: 1, f: 0 } },
    { what: 'both are containers', shares: { f: 1, e: 1 } },
    { what: 'one is not known', shares: { l: 1, unknown: 1 } },
  ])('are let be when $what', ({ shares }) => {
    expect(mixed(shares)).not.toThrow();
  });

  it('are those of Lambda and of anything else', () => {
    const mechanisms = TARGETS.map((target) => mechanismOf({ target }));

    expect(mechanisms).toEqual(['function', 'container', 'container']);
  });
});
