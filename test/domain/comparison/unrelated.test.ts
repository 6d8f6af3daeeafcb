import type { LeafPair } from '#domain/comparison/answer-content.ts';
import { numbersFrom } from '#domain/comparison/seeded-random.ts';
import { unrelatedSigns } from '#domain/comparison/unrelated.ts';

const COUNT = 60;

/** Pairs of `old`, evenly spread over 0 to 1 in a random order, and what `now` makes of it and of other such noise. */
function pairs(now: (old: number, noise: number) => unknown, place = '/value'): LeafPair[] {
  const random = numbersFrom('unrelated');
  return Array.from({ length: COUNT }, () => {
    const before = random();
    return { place, before, after: now(before, random()) };
  });
}

describe('numbers are not about the same thing', () => {
  it('where they do not correlate with those of before', () => {
    expect(unrelatedSigns(pairs((_, noise) => noise))).toEqual([
      expect.stringMatching(
        /^\/value has next to nothing to do with that of before: the correlation of 60 numbers is -?0\.\d+$/,
      ),
    ]);
  });

  it('where they hardly vary any more, and follow those of before loosely', () => {
    expect(unrelatedSigns(pairs((old, noise) => 0.4 + 0.06 * old + 0.1 * noise))).toEqual([
      expect.stringMatching(
        /^\/value hardly depends on the request any more: its standard deviation is 0\.0\d+; before: 0\.\d+$/,
      ),
    ]);
  });
});

describe('numbers may be about the same thing', () => {
  it.each<[string, (old: number, noise: number) => unknown]>([
    ['where a training moved them', (old, noise) => old + 0.3 * noise],
    [
      'where they follow those of before on a smaller scale',
      (old, noise) => 0.1 * old + 0.01 * noise,
    ],
    ['where they are one number', () => 0.5],
    ['where they are whole, as classes are', (_, noise) => Math.round(10 * noise)],
    ['where they are missing', () => null],
  ])('%s', (what, now) => {
    const isWhole = what.includes('whole');
    const found = pairs(now).map((pair) =>
      isWhole ? { ...pair, before: Math.round(10 * Number(pair.before)) } : pair,
    );

    expect(unrelatedSigns(found)).toEqual([]);
  });

  it('where there are too few of them', () => {
    expect(unrelatedSigns(pairs((_, noise) => noise).slice(0, 29))).toEqual([]);
  });
});

it('the answer itself is named so', () => {
  expect(unrelatedSigns(pairs((_, noise) => noise, ''))[0]).toMatch(/^the answer has next to/);
});
