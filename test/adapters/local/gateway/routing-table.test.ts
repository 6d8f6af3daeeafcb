import fc from 'fast-check';
import { spread } from '#adapters/local/gateway/routing-table.ts';

const take = (count: number, shares: Readonly<Record<string, number>>): string[] => {
  const route = spread(shares);
  return Array.from({ length: count }, () => route.next());
};

const occurrences = (list: readonly string[], name: string) =>
  list.filter((each) => each === name).length;

it('a round gives each revision exactly its share', () => {
  const weights = fc.dictionary(
    fc.constantFrom('v1', 'v2', 'v3', 'v4', 'v5'),
    fc.integer({ min: 1, max: 999 }),
    { minKeys: 1 },
  );
  fc.assert(
    fc.property(weights, (shares) => {
      const sum = Object.values(shares).reduce((a, b) => a + b);

      const round = take(sum, shares);

      for (const [revision, weight] of Object.entries(shares)) {
        expect(occurrences(round, revision)).toBe(weight);
      }
    }),
    { numRuns: 50 },
  );
});

it('a small share comes evenly, not in a burst', () => {
  const turns = take(400, { old: 90, new: 10 }).flatMap((name, turn) =>
    name === 'new' ? [turn] : [],
  );

  const gaps = turns.slice(1).map((turn, index) => turn - turns[index]!);

  expect(new Set(gaps)).toEqual(new Set([10]));
});

it('the smallest share there is comes once in a thousand', () => {
  expect(occurrences(take(1_000, { old: 999, new: 1 }), 'new')).toBe(1);
});
