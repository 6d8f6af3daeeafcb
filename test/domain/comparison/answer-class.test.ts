import { classOf } from '#domain/comparison/answer-class.ts';

describe('the class of an answer', () => {
  it.each<[string, unknown, string | undefined]>([
    ['is its label', { predictions: [{ label: 'cat', score: 0.9 }] }, 'cat'],
    ['is the number of a class', { predictions: [2] }, '2'],
    [
      'is in the tensor with one text, and not in the fields of the protocol',
      {
        model_name: 'digits',
        model_version: '3',
        outputs: [
          { name: 'odds', datatype: 'FP32', shape: [1, 2], data: [0.1, 0.9] },
          { name: 'label', datatype: 'BYTES', shape: [1], data: ['dog'] },
        ],
      },
      'dog',
    ],
    ['is none of several rows', { predictions: ['cat', 'dog'] }, undefined],
    ['is none of a measurement', { predictions: [2.5] }, undefined],
    ['is none of no answer', undefined, undefined],
  ])('%s', (_, answer, label) => {
    expect(classOf(answer)).toBe(label);
  });
});
