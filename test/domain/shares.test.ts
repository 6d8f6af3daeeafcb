import fc from 'fast-check';
import { acceptShares, isSameShares, withoutZeros } from '#domain/shares.ts';

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
