import type { WeightPrint } from '#domain/artifact/weights.ts';
import { type AnswerEvidence, NO_ANSWERS } from '#domain/comparison/compare-answers.ts';
import { judgeComparison } from '#domain/comparison/judge-comparison.ts';
import type { TruthEvidence } from '#domain/comparison/truth.ts';
import { weightDifferences } from '#domain/comparison/weight-differences.ts';

const part = (name: string, pieces: string, more: Partial<WeightPrint> = {}): WeightPrint => ({
  name,
  isFinal: name.startsWith('model'),
  bytes: 8 * pieces.length,
  // A piece of zeros has no digest.
  pieces: [...pieces].map((piece) => piece.replace('0', '')),
  magnitudes: 96,
  ...more,
});
const SCALER = part('scaler.mean_', 'abc');
const MODEL = [part('model.coefs_.0', 'defg'), part('model.coefs_.1', 'hi')];
const BEFORE = [SCALER, ...MODEL];

const signs = (after: readonly WeightPrint[], before: readonly WeightPrint[] = BEFORE) =>
  weightDifferences(before, after).map(({ what }) => what);

describe('numbers that were not trained again', () => {
  it('are those of before but for some of them', () => {
    expect(signs([SCALER, part('model.coefs_.0', 'dXfg'), part('model.coefs_.1', 'hi')])).toEqual([
      'some numbers in "model.coefs_.0" differ, and all others of the model are the same to the bit: no training does that, but a damaged file does',
    ]);
  });

  it('are told as a sample, where the model is large', () => {
    const sampled = BEFORE.map((print) => ({ ...print, isSampled: true }));
    const after = sampled.with(1, { ...part('model.coefs_.0', 'dXfg'), isSampled: true });

    expect(signs(after, sampled)).toEqual([
      'some numbers in "model.coefs_.0" differ, and all others that were sampled are the same to the bit: no training does that, but a damaged file does',
    ]);
  });

  it('are those of before, rounded to a few', () => {
    const rounded = part('model.coefs_.0', 'WXYZ', { magnitudes: 7 });

    expect(signs([SCALER, rounded, part('model.coefs_.1', 'hi')])).toEqual([
      'the numbers in "model.coefs_.0" have 7 distinct magnitudes; before: 96: they were rounded and not trained again, since all other numbers are the same to the bit',
    ]);
  });

  it.each<[string, readonly WeightPrint[], string]>([
    ['another scaler', [part('scaler.mean_', 'aXc'), ...MODEL], '"scaler.mean_"'],
    ['a step more', [SCALER, part('steps', 'k'), ...MODEL], '"steps"'],
    ['a step less', MODEL, '"scaler.mean_"'],
  ])('are those of before behind %s', (_, after, named) => {
    expect(signs(after)).toEqual([
      `its rows are prepared in another way (${named}), but its last step is the same to the bit: it was not trained on such rows`,
    ]);
  });
});

describe('no sign is left by', () => {
  it.each<[string, readonly WeightPrint[]]>([
    ['the same numbers', BEFORE],
    ['a training of everything', [part('scaler.mean_', 'ABC'), part('model.coefs_.0', 'DEFG')]],
    [
      'a training of all but the scaler',
      [SCALER, part('model.coefs_.0', 'DEFG'), part('model.coefs_.1', 'HI')],
    ],
    ['a training of the last layer', [SCALER, ...MODEL.slice(0, 1), part('model.coefs_.1', 'HI')]],
    [
      'a training on a few corrected rows, which some trees did not see',
      [SCALER, part('model.coefs_.0', 'dEFG'), part('model.coefs_.1', 'hi')],
    ],
    ['another size', [SCALER, part('model.coefs_.0', 'defgx'), part('model.coefs_.1', 'hi')]],
    [
      'numbers of few magnitudes that were trained with all others',
      BEFORE.map(({ name, bytes }) => part(name, 'QRST', { bytes, magnitudes: 3 })),
    ],
    [
      'numbers whose magnitudes are not known',
      [SCALER, part('model.coefs_.0', 'WXYZ', { magnitudes: null }), part('model.coefs_.1', 'hi')],
    ],
  ])('%s', (_, after) => {
    expect(signs(after)).toEqual([]);
  });

  it('a table of which a training changes single rows', () => {
    const table = (pieces: string) => [
      part('model.table', pieces, { isSparse: true }),
      part('model.head', 'hi'),
    ];

    expect(signs(table('dXfg'), table('defg'))).toEqual([]);
  });

  it('another scaler before a model that has learnt nothing', () => {
    const constant = [part('model.coef_', '0000'), part('model.intercept_', 'a')];

    expect(signs([part('scaler.mean_', 'ABC'), ...constant], [SCALER, ...constant])).toEqual([]);
  });

  it('rounded numbers beside nothing but zeros', () => {
    const before = [part('model.w', 'abcd'), part('model.b', '00')];

    expect(
      signs([part('model.w', 'QRST', { magnitudes: 3 }), part('model.b', '00')], before),
    ).toEqual([]);
  });

  it('zeros that stay zeros', () => {
    expect(signs([part('model', 'a00')], [part('model', 'b00')])).toEqual([]);
  });

  it('a version of which nothing is known', () => {
    expect(weightDifferences(undefined, BEFORE)).toEqual([]);
    expect(weightDifferences(BEFORE, undefined)).toEqual([]);
  });
});

describe('the verdict on a damaged version', () => {
  const differences = weightDifferences(BEFORE, [part('scaler.mean_', 'aXc'), ...MODEL]);
  const changed = (kept: number, drawn = 0): AnswerEvidence => ({
    ...NO_ANSWERS,
    kept: { asked: kept === 0 && drawn > 0 ? 0 : 60, changed: kept },
    drawn: { asked: 30, changed: drawn },
    share: { asked: 60, changed: kept, of: 60, low: kept / 60, high: kept / 60, confidence: 0.99 },
  });
  const judged = (answers: AnswerEvidence) =>
    judgeComparison({ isSameModel: false, differences, answers });

  it.each([
    ['kept requests', changed(30), '30 of 60 requests'],
    ['drawn requests, where there are no others', changed(0, 12), '12 of 30 requests'],
  ])('is broken where it answers %s otherwise', (_, answers, counted) => {
    const found = judged(answers);

    expect(found).toMatchObject({ verdict: 'broken', level: 'answers' });
    expect(found.reason).toMatch(new RegExp(`^its rows are prepared .*; ${counted} are answered`));
  });

  it('is named as the cause where the answers show a fault of their own', () => {
    const sign = '/label is "cat" for each of 60; before it had 3 labels';

    const found = judged({ ...changed(30), signs: [sign] });

    expect(found).toMatchObject({ verdict: 'broken', level: 'answers' });
    expect(found.reason).toMatch(new RegExp(`^its rows are prepared .*; ${sign}$`));
  });

  it.each([
    ['the same where it answers as before: what differs is not read', changed(0), 'same'],
    ['the same where few answers differ', changed(1), 'same'],
  ])('is %s', (_, answers, verdict) => {
    expect(judged(answers)).toMatchObject({ verdict });
  });

  it('is changed where the truth shows that it is as good', () => {
    const truth: TruthEvidence = {
      ...{ metric: 'accuracy' as const, rows: 400, before: 0.8, after: 0.8 },
      ...{ low: -0.01, high: 0.01, margin: 0.02 },
    };

    expect(judged({ ...changed(30), truth })).toMatchObject({ verdict: 'changed', level: 'truth' });
  });

  it('is unproven where nothing was asked', () => {
    expect(judged({ ...NO_ANSWERS })).toMatchObject({ verdict: 'unproven' });
  });
});
