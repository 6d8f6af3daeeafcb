import type { Signature, TensorSpec } from '#domain/artifact/signature.ts';
import { signatureDifferences } from '#domain/comparison/signature-differences.ts';

const X: TensorSpec = { name: 'x', datatype: 'FP32', shape: [-1, 4] };
const AGE: TensorSpec = { name: 'age', datatype: 'FP64', shape: [-1, 1] };
const TOWN: TensorSpec = { name: 'town', datatype: 'BYTES', shape: [-1, 1] };
const LABEL: TensorSpec = { name: 'label', datatype: 'INT64', shape: [-1] };
const ODDS: TensorSpec = {
  name: 'odds',
  datatype: 'FP32',
  shape: [-1, 2],
  classes: ['cat', 'dog'],
};

const version = (
  inputs: readonly TensorSpec[],
  outputs: readonly TensorSpec[] = [LABEL, ODDS],
): Signature => ({ inputs, outputs });

const between = (before: Signature, after: Signature) =>
  signatureDifferences(before, after).map(({ weight, what }) => `${weight}: ${what}`);

describe('what a version takes, beside the one before,', () => {
  it.each<[string, readonly TensorSpec[], readonly TensorSpec[], readonly string[]]>([
    ['is the same where nothing has changed', [X], [X], []],
    [
      'is one of 3 columns where it was one of 4',
      [X],
      [{ ...X, shape: [-1, 3] }],
      ['breaking: the input "x" takes the shape [any, 3]; before: [any, 4]'],
    ],
    ['holds more where a size is free now', [X], [{ ...X, shape: [-1, -1] }], []],
    ['holds more where any rank is taken now', [X], [{ ...X, shape: [], isUnranked: true }], []],
    [
      'holds less where a size was free',
      [{ ...X, shape: [-1, -1] }],
      [X],
      ['breaking: the input "x" takes the shape [any, 4]; before: [any, any]'],
    ],
    [
      'has another name',
      [X],
      [{ ...X, name: 'X' }],
      [
        'breaking: it no longer takes the input "x"',
        'breaking: it needs the input "X", which no request of before has',
      ],
    ],
    ['lacks a column', [AGE, TOWN], [AGE], ['breaking: it no longer takes the input "town"']],
    [
      'has a column more',
      [AGE],
      [AGE, TOWN],
      ['breaking: it needs the input "town", which no request of before has'],
    ],
    [
      'has a column more that may be left out',
      [AGE],
      [AGE, { ...TOWN, isOptional: true }],
      ['harmless: it also takes the input "town"'],
    ],
    [
      'may no longer be left out',
      [{ ...AGE, isOptional: true }],
      [AGE],
      ['breaking: the input "age" may no longer be left out'],
    ],
    [
      'has the same columns in another order',
      [AGE, TOWN],
      [TOWN, AGE],
      [
        'breaking: its inputs are in another order: "town", "age"; before: "age", "town"; a row without names is read wrong',
      ],
    ],
    ['takes numbers in more precision', [X], [{ ...X, datatype: 'FP64' }], []],
    [
      'takes numbers in less precision',
      [AGE],
      [{ ...AGE, datatype: 'FP32' }],
      ['breaking: the input "age" takes FP32; before: FP64'],
    ],
    [
      'is a text where it was a number',
      [AGE],
      [{ ...AGE, datatype: 'BYTES' }],
      ['breaking: the input "age" takes BYTES; before: FP64'],
    ],
  ])('%s', (_, before, after, differences) => {
    expect(between(version(before), version(after))).toEqual(differences);
  });
});

describe('what a version answers, beside the one before,', () => {
  it.each<[string, readonly TensorSpec[], readonly TensorSpec[], readonly string[]]>([
    [
      'lacks an output',
      [LABEL, ODDS],
      [LABEL],
      ['breaking: it no longer answers the output "odds"'],
    ],
    ['has an output more', [LABEL], [LABEL, ODDS], ['harmless: it also answers the output "odds"']],
    ['is not declared at all', [LABEL], [], []],
    [
      'is a text where it was a number',
      [LABEL],
      [{ ...LABEL, datatype: 'BYTES' }],
      ['breaking: the output "label" is BYTES; before: INT64'],
    ],
    [
      'has more precision',
      [ODDS],
      [{ ...ODDS, datatype: 'FP64' }],
      ['harmless: the output "odds" is FP64; before: FP32'],
    ],
    [
      'has its classes in another order',
      [ODDS],
      [{ ...ODDS, classes: ['dog', 'cat'] }],
      [
        'breaking: the labels of the output "odds" are in another order: "dog", "cat"; before: "cat", "dog"',
      ],
    ],
    [
      'lacks a class, which is said once',
      [ODDS],
      [{ ...ODDS, shape: [-1, 1], classes: ['cat'] }],
      ['breaking: the output "odds" no longer has the label "dog"'],
    ],
    [
      'has a class more at the end',
      [ODDS],
      [{ ...ODDS, shape: [-1, 3], classes: ['cat', 'dog', 'owl'] }],
      ['suspicious: the output "odds" has the label "owl" too'],
    ],
    [
      'has a class more in front of the others',
      [ODDS],
      [{ ...ODDS, shape: [-1, 3], classes: ['bee', 'cat', 'dog'] }],
      [
        'breaking: the labels of the output "odds" are in another order: "bee", "cat", "dog"; before: "cat", "dog"',
      ],
    ],
    [
      'has other sizes',
      [X],
      [{ ...X, shape: [-1, 5] }],
      ['breaking: the output "x" has the shape [any, 5]; before: [any, 4]'],
    ],
    ['has a size that was free', [{ ...X, shape: [-1, -1] }], [X], []],
  ])('%s', (_, before, after, differences) => {
    expect(between(version([X], before), version([X], after))).toEqual(differences);
  });
});
