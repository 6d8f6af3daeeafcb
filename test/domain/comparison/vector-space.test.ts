import { movedSpace } from '#domain/comparison/vector-space.ts';

const DIMENSIONS = 16;
const vector = (text: number, turned = 0) =>
  Array.from({ length: DIMENSIONS }, (_, at) => Math.cos(text + at + turned * at));
const answers = (after: (text: number) => unknown, count = 12) =>
  Array.from({ length: count }, (_, text) => ({
    before: { data: [{ embedding: vector(text), index: 0 }] },
    after: { data: [{ embedding: after(text), index: 0 }] },
  }));

describe('the vectors of an embedder', () => {
  it('lie in another space where most of them point elsewhere', () => {
    expect(movedSpace(answers((text) => vector(text, 1)))).toMatch(
      /^12 of 12 vectors point elsewhere \(a cosine below 0\.9 with those of before\): vectors that clients have stored/,
    );
  });

  it.each<[string, (text: number) => unknown]>([
    ['another length', (text) => vector(text).slice(1)],
    ['no direction', (text) => vector(text).fill(0)],
    ['no numbers', () => null],
  ])('lie in another space where they have %s', (_, after) => {
    expect(movedSpace(answers(after))).toContain('12 of 12');
  });

  it.each<[string, (text: number) => unknown]>([
    ['are the same', vector],
    ['are rounded', (text) => vector(text).map((value) => Math.round(value * 100) / 100)],
    ['are longer', (text) => vector(text).map((value) => value * 7)],
    ['moved in a few answers', (text) => vector(text, text < 4 ? 1 : 0)],
  ])('lie in the same space where they %s', (_, after) => {
    expect(movedSpace(answers(after))).toBeUndefined();
  });

  it('show nothing where there are few, or none', () => {
    expect(movedSpace(answers((text) => vector(text, 1), 9))).toBeUndefined();
    expect(movedSpace([{ before: { label: 'cat', odds: [0.1, 0.9] }, after: {} }])).toBeUndefined();
  });
});
