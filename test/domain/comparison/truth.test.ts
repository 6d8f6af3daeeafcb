import type { AskedPair } from '#domain/comparison/asked-pair.ts';
import { compareAnswers } from '#domain/comparison/compare-answers.ts';
import { gate } from '#domain/comparison/gate.ts';
import { judgeComparison } from '#domain/comparison/judge-comparison.ts';
import { numbersFrom } from '#domain/comparison/seeded-random.ts';
import { isAsGood, isWorse, truthEvidence } from '#domain/comparison/truth.ts';
import { gateSchema } from '#domain/manifest/gate.ts';

const LABELS = ['cat', 'dog', 'emu'];
const answer = (content: unknown) =>
  ({ kind: 'answer', status: 200, body: JSON.stringify(content) }) as const;
const pair = (truth: unknown, before: unknown, after: unknown): AskedPair => ({
  what: 'an example',
  isDrawn: false,
  request: { protocol: 'invocations', body: {} },
  truth,
  before: answer({ label: [before], odds: [[0.1, 0.2, 0.7]] }),
  again: null,
  after: answer({ label: [after], odds: [[0.1, 0.2, 0.7]] }),
});

/** Classifiers that are right in these shares of all rows, each by itself. */
function classifiers(rows: number, rightBefore: number, rightAfter: number): readonly AskedPair[] {
  const random = numbersFrom(`${rows} ${rightBefore} ${rightAfter}`);
  return Array.from({ length: rows }, (_, index) => {
    const truth = LABELS[index % 3];
    const said = (right: number) => (random() < right ? truth : LABELS[(index + 1) % 3]);
    return pair(truth, said(rightBefore), said(rightAfter));
  });
}

const evidence = (pairs: readonly AskedPair[]) => truthEvidence(pairs, { margin: 0.02 }, 0.01);

describe('beside the truth a version is', () => {
  it.each([
    ['worse', classifiers(400, 0.9, 0.7), 'worse'],
    ['as good', classifiers(400, 0.7, 0.9), 'as good'],
    ['neither, where too little shows it', classifiers(60, 0.9, 0.85), 'unknown'],
  ])('%s', (_, pairs, expected) => {
    const found = evidence(pairs);
    if (!found) throw new Error('the truth is known');

    expect(isWorse(found) ? 'worse' : isAsGood(found) ? 'as good' : 'unknown').toBe(expected);
    expect(found).toMatchObject({ metric: 'accuracy', rows: pairs.length });
  });

  it('worse in no more than the error of all equal ones', () => {
    const found = Array.from({ length: 200 }, (_, run) =>
      evidence(classifiers(200, 0.8 + run * 1e-6, 0.8)),
    ).filter((each) => each && isWorse(each));

    expect(found.length).toBeLessThanOrEqual(2);
  });

  it('measured by the error of numbers, as a part of their spread', () => {
    const pairs = Array.from({ length: 200 }, (_, index) => {
      const truth = index + 0.5;
      return { ...pair(truth, 0, 0), before: answer([truth + 5]), after: answer([truth + 25]) };
    });

    const found = evidence(pairs);

    expect(found).toMatchObject({ metric: 'absolute error', rows: 200 });
    expect(found?.before).toBeCloseTo(5 / 57.73, 2);
    expect(found && isWorse(found)).toBe(true);
  });

  it('not known where there are few rows, no truth, or no answer of its kind', () => {
    expect(evidence(classifiers(19, 1, 0))).toBeUndefined();
    expect(evidence(classifiers(40, 1, 0).map(({ truth: _, ...each }) => each))).toBeUndefined();
    expect(evidence(classifiers(40, 1, 0).map((each) => ({ ...each, truth: 1 })))).toBeUndefined();
  });

  it('known for each row of a request, by the output that the manifest names', () => {
    const rows = answer({
      outputs: [
        { name: 'a', data: [0, 0] },
        { name: 'b', data: [1, 2] },
      ],
    });
    const pairs = Array.from({ length: 10 }, () => ({
      ...pair([1, 2], '', ''),
      before: rows,
      after: rows,
    }));

    const found = truthEvidence(pairs, { margin: 0.02, output: 'b' }, 0.01);

    expect(found).toMatchObject({ rows: 20, before: 1, after: 1, metric: 'accuracy' });
  });
});

describe('the verdict by truth', () => {
  const judged = (pairs: readonly AskedPair[]) =>
    judgeComparison({
      isSameModel: false,
      differences: [],
      answers: compareAnswers(pairs, {
        of: pairs.length,
        tolerated: 0.02,
        truth: { margin: 0.02 },
      }),
    });
  const policy = gateSchema.parse({ changed: 'block' });
  const version = { model: 'a', version: 2, live: 1, isReleasedByApproval: false };

  it('is broken where the version is worse, with the figures', () => {
    const found = judged(classifiers(400, 0.9, 0.7));

    expect(found).toMatchObject({ verdict: 'broken', level: 'truth' });
    expect(found.reason).toMatch(
      /^its accuracy on 400 rows whose truth is known is [67]\d(\.\d)? %, before [89]\d(\.\d)? %: a gain of -\d/,
    );
  });

  it('gives the figures of a truth that does not decide, and how many labels differ', () => {
    const found = judged(classifiers(60, 0.9, 0.88));

    expect(found).toMatchObject({ verdict: 'changed', level: 'answers' });
    expect(found.reason).toMatch(
      /^\d+ of 60 kept requests are answered otherwise; \d+ of 60 labels in \/label differ; .*; its accuracy on 60 rows whose truth is known is [89]\d(\.\d)? %, before [89]\d(\.\d)? %: a gain of -.*, which does not decide$/,
    );
  });

  it('lets a version pass that answers otherwise, and as well', () => {
    const found = judged(classifiers(400, 0.7, 0.95));

    expect(found).toMatchObject({ verdict: 'changed', level: 'truth' });
    expect(gate(found, policy, version)).toEqual({ kind: 'passed' });
    expect(gate({ ...found, level: 'answers' }, policy, version).kind).toBe('blocked');
  });
});
