import type { AskedPair } from '#domain/comparison/asked-pair.ts';
import { compareAnswers } from '#domain/comparison/compare-answers.ts';
import { judgeComparison } from '#domain/comparison/judge-comparison.ts';
import { precisionOf } from '#domain/comparison/precision.ts';

const weights = (dtypes: readonly string[], optimize: 'auto' | 'int8' = 'auto') => ({
  facts: { dtypes },
  manifest: { runtime: { optimize } },
});
const FULL = weights(['FP32', 'INT64']);
const INT8 = weights(['FP32', 'INT8', 'UINT8']);

describe('the precision that explains a difference', () => {
  it.each([
    ['int8 in the place of 32 bits', FULL, INT8, { bits: 8, within: 0.0625 }],
    ['32 bits in the place of int8', INT8, FULL, { bits: 8, within: 0.0625 }],
    ['16 bits in the place of 32', FULL, weights(['FP16']), { bits: 11, within: 0.0078125 }],
    ['int8 that the build makes', FULL, weights(['FP32'], 'int8'), { bits: 8, within: 0.0625 }],
    ['32 bits in the place of 64', weights(['FP64']), FULL, { bits: 24, within: 2 ** -20 }],
  ])('is that of %s', (_, before, after, expected) => {
    expect(precisionOf(before, after)).toEqual(expected);
  });

  it.each([
    ['both have as many bits', INT8, INT8],
    ['the type is not known', FULL, weights(['Q4_K'])],
    ['no type is known of the version before', weights([]), INT8],
  ])('is none where %s', (_, before, after) => {
    expect(precisionOf(before, after)).toBeUndefined();
  });
});

const ROWS = 60;
const answer = (body: unknown) =>
  ({ kind: 'answer', status: 200, body: JSON.stringify(body) }) as const;
const pairs = (before: (row: number) => unknown, after: (row: number) => unknown): AskedPair[] =>
  Array.from({ length: ROWS }, (_, row) => ({
    what: `row ${row}`,
    isDrawn: false,
    request: { protocol: 'invocations', body: row } as const,
    before: answer(before(row)),
    again: null,
    after: answer(after(row)),
  }));
const odds = (row: number) => 0.5 + 0.4 * Math.sin(row);
const labelled = (row: number, moved = 0) => ({
  label: row % 2 === 0 ? 'a' : 'b',
  odds: [odds(row) + moved, 1 - odds(row) - moved],
});
const judged = (found: readonly AskedPair[], isEmbedder = false) => {
  const precision = precisionOf(FULL, INT8);
  const counting = { of: ROWS, tolerated: 0.02, truth: { margin: 0.02 }, isEmbedder };
  return judgeComparison({
    isSameModel: false,
    differences: [],
    answers: compareAnswers(found, { ...counting, precision }),
  });
};

describe('a version in int8', () => {
  it('is the same where its labels are, and its numbers are off by little', () => {
    const found = judged(pairs(labelled, (row) => labelled(row, 0.015 * Math.cos(7 * row))));

    expect(found).toMatchObject({ verdict: 'same' });
    expect(found.reason).toMatch(
      /^all of 60 kept requests are answered as before; 60 answers differ by as little as weights of 8 bits explain$/,
    );
  });

  it('is the same if it answers exactly as before', () => {
    expect(judged(pairs(labelled, labelled)).reason).toBe(
      'all of 60 kept requests are answered as before',
    );
  });

  it.each<[string, (row: number) => unknown]>([
    ['numbers that are off by more', (row) => labelled(row, 0.06 * Math.cos(7 * row))],
    ['other labels', (row) => ({ ...labelled(row), label: row % 5 === 0 ? 'b' : 'a' })],
    ['more numbers', (row) => ({ ...labelled(row), odds: [...labelled(row).odds, 0.5] })],
    ['no numbers', (row) => ({ ...labelled(row), odds: [row % 2 ? 'low' : 'high', 'low'] })],
  ])('has changed where it answers %s', (_, after) => {
    expect(judged(pairs(labelled, after))).toMatchObject({ verdict: 'changed' });
  });

  it('has changed where a whole number has: it may be a class', () => {
    const classes = (by: number) => (row: number) => ({ class: [(row + by) % 40] });

    expect(judged(pairs(classes(0), classes(1)))).toMatchObject({ verdict: 'changed' });
  });

  it.each([
    ['the same where its vectors point where they did', 0.01, 'same'],
    ['changed where they do not', 0.1, 'changed'],
  ])('of an embedder is %s', (_, by, verdict) => {
    const vector = (off: number) => (row: number) => ({
      embedding: Array.from(
        { length: 32 },
        (__, at) => Math.sin(row + at * at) + off * Math.cos(3 * row + 5 * at),
      ),
    });

    expect(judged(pairs(vector(0), vector(2 * by)), true)).toMatchObject({ verdict });
  });
});
