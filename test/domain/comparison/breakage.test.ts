import fc from 'fast-check';
import { leafPairs } from '#domain/comparison/answer-content.ts';
import { breakageIn } from '#domain/comparison/breakage.ts';

const signsIn = (...given: Parameters<typeof breakageIn>) =>
  breakageIn(...given).map(({ what }) => what);

const NUMBERS = Array.from({ length: 40 }, (_, index) => Math.sin(index) * 100 + index);
const LABELS = NUMBERS.map((value) => ['cat', 'dog', 'owl'][Math.abs(Math.round(value)) % 3] ?? '');

const WORDS = new Set(['cat', 'dog', 'owl']);

const numbers = (after: (value: number, index: number) => unknown) =>
  signsIn(leafPairs({ y: NUMBERS }, { y: NUMBERS.map(after) }), WORDS);

const labels = (after: (label: string, index: number) => string) =>
  signsIn(leafPairs({ label: LABELS }, { label: LABELS.map(after) }), WORDS);

describe('pairs of answers show that a version is broken where', () => {
  it('a number is null now', () => {
    expect(numbers((value, index) => (index === 3 ? null : value))).toEqual([
      '1 of 40 numbers in /y are null now: it computes NaN or infinity',
    ]);
  });

  it.each([
    ['the unit differs', (value: number) => value / 2.54, '/y is about 0.394 × that of before'],
    ['a scaler is missing', (value: number) => (value - 20) / 70, '/y is about 0.0143 × that'],
    ['they are negated', (value: number) => -value, '/y is about -1 × that of before'],
  ])('%s', (_, after, sign) => {
    expect(numbers(after)).toEqual([expect.stringContaining(sign)]);
  });

  it('answers are cut off or rounded', () => {
    const [cut, coarse] = [
      numbers((value) => Math.min(value, -50)),
      numbers((value) => (value > 0 ? 1 : 0)),
    ];

    expect(cut).toEqual([expect.stringContaining('they are cut off, or rounded too far')]);
    expect(coarse).toEqual([expect.stringContaining('they are cut off, or rounded too far')]);
  });

  it('the target is on another scale', () => {
    expect(numbers((value) => Math.exp(value / 20))).toEqual([
      '/y has the order of before, and other values: its target is on another scale',
    ]);
  });

  it('everything is answered alike', () => {
    expect(numbers(() => 7)).toEqual([expect.stringContaining('/y is 7 for each of 40')]);
    expect(labels(() => 'cat')).toEqual([
      expect.stringContaining('/label is "cat" for each of 40'),
    ]);
  });

  it('labels have changed places, though a few answers differ otherwise', () => {
    const next = new Map([
      ['cat', 'dog'],
      ['dog', 'owl'],
      ['owl', 'cat'],
    ]);
    const signs = labels((label, index) => (index === 5 ? label : (next.get(label) ?? '')));

    expect(signs).toEqual([expect.stringContaining('the labels in /label have changed places')]);
  });
});

describe('a label that only clients have got', () => {
  const swap = (of: readonly string[]) => (label: string) =>
    of[(of.indexOf(label) + 1) % of.length] ?? '';
  const signsOf = (values: readonly (string | number)[], after: readonly (string | number)[]) =>
    signsIn(leafPairs({ label: values }, { label: after }), new Set(['cat']));

  it('has a number in its place where labels have changed places', () => {
    const signs = signsOf(LABELS, LABELS.map(swap(['cat', 'dog', 'owl'])));

    expect(signs).toHaveLength(1);
    expect(signs[0]).toMatch(/"cat" is text [12] now/);
    expect(signs[0]).not.toMatch(/dog|owl/);
  });

  it('has a number in its place where everything is answered alike, a number of an account too', () => {
    const accounts = LABELS.map((label) => (label === 'cat' ? 4_111_111 : 4_222_222));

    expect(
      signsOf(
        LABELS,
        LABELS.map(() => 'dog'),
      )[0],
    ).toMatch(/^\/label is text \d for each of 40/);
    expect(
      signsOf(
        accounts,
        accounts.map((value) => 8_333_333 - value),
      ).join(),
    ).not.toMatch(/4_?111|4_?222/);
  });
});

describe('pairs of answers show nothing where', () => {
  it('the answers are the same', () => {
    expect(numbers((value) => value)).toEqual([]);
    expect(labels((label) => label)).toEqual([]);
  });

  it('a retrained model moves each number a little', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -0.04, max: 0.04, noNaN: true }), {
          minLength: NUMBERS.length,
          maxLength: NUMBERS.length,
        }),
        (noise) => {
          expect(numbers((value, index) => value * (1 + (noise[index] ?? 0)))).toEqual([]);
        },
      ),
    );
  });

  it('a retrained model moves all of them alike', () => {
    expect(numbers((value) => value + 500)).toEqual([]);
  });

  it('a model with another regularisation is more certain of each probability', () => {
    const odds = NUMBERS.map((_, index) => (1 + Math.sin(index)) / 2);
    const after = (slope: number) => odds.map((value) => 0.5 + (value - 0.5) * slope);
    const signs = (slope: number) =>
      signsIn(leafPairs({ odds: odds }, { odds: after(slope) }), WORDS);

    expect(signs(0.8)).toEqual([]);
    expect(signs(0.3)).toEqual([expect.stringContaining('/odds is about 0.3 × that of before')]);
    expect(signs(-1)).toEqual([expect.stringContaining('/odds is about -1 × that of before')]);
  });

  it('whole numbers are all one greater', () => {
    const whole = NUMBERS.map((_, index) => index % 4);
    const after = whole.map((value) => value + 1);

    expect(signsIn(leafPairs({ y: whole }, { y: after }), WORDS)).toEqual([]);
  });

  it('a retrained model decides a fifth of the rows otherwise', () => {
    expect(labels((label, index) => (index % 5 === 0 ? 'owl' : label))).toEqual([]);
  });

  it('there are few answers', () => {
    const few = NUMBERS.slice(0, 5);
    expect(signsIn(leafPairs({ y: few }, { y: few.map((value) => value * 2) }), WORDS)).toEqual([]);
  });

  it('texts are all different', () => {
    const texts = NUMBERS.map((value) => `text ${value}`);
    const others = texts.map((text) => `${text}, and more`);
    expect(signsIn(leafPairs({ text: texts }, { text: others }), WORDS)).toEqual([]);
  });
});

it.each([
  ['another unit', (value: number) => value / 2.54, true],
  ['one answer to everything', () => 7, undefined],
])('%s: whether it could be declared', (_, after, isDeclarable) => {
  const pairs = leafPairs({ y: NUMBERS }, { y: NUMBERS.map(after) });

  expect(breakageIn(pairs, WORDS).map((sign) => sign.isDeclarable)).toEqual([isDeclarable]);
});
