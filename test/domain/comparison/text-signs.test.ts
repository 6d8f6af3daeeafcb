import { textSigns } from '#domain/comparison/text-signs.ts';

const pairs = (before: (row: number) => unknown, after: (row: number) => unknown, count = 20) =>
  Array.from({ length: count }, (_, row) => ({
    place: '/text',
    before: before(row),
    after: after(row),
  }));
const json = (row: number) => JSON.stringify({ answer: row });
const words = (row: number) => `The answer to question ${row} is that it depends.`;

describe('texts that have lost their form', () => {
  it.each([
    ['are JSON no more', json, words, '0 of 20 texts in /text are JSON; before, 20 were'],
    ['are cut off within their JSON', json, (row: number) => json(row).slice(0, -1), 'are JSON'],
    [
      'are empty',
      words,
      (row: number) => (row < 8 ? ' \n' : words(row)),
      '8 of 20 texts in /text are empty; before, 0 did so',
    ],
    [
      'are refusals',
      words,
      (row: number) => (row < 10 ? 'I’m sorry, but I can’t help with that.' : words(row)),
      '10 of 20 texts in /text refuse to answer',
    ],
    [
      'do not end by themselves',
      words,
      (row: number) => words(row).repeat(row < 12 ? 6 : 1),
      '12 of 20 texts in /text are 5 times as long as before, or more',
    ],
    [
      'end after a word',
      words,
      (row: number) => (row < 12 ? 'The' : words(row)),
      '12 of 20 texts in /text are 5 times as short as before, or more',
    ],
  ])('show a fault where they %s', (_, before, after, sign) => {
    expect(textSigns('/text', pairs(before, after))).toEqual([expect.stringContaining(sign)]);
  });

  it.each([
    ['other words', words, (row: number) => `It depends, in case ${row}.`],
    ['three times as long', words, (row: number) => words(row).repeat(3)],
    ['long where a word was', () => 'cat', words],
    ['of another length in a few', words, (row: number) => words(row).repeat(row < 9 ? 9 : 1)],
    ['other JSON', json, (row: number) => JSON.stringify([row])],
    ['JSON where there was none', words, json],
    [
      'refusals as before',
      (row: number) => (row % 2 ? 'I cannot say.' : words(row)),
      (row: number) => (row % 2 ? words(row) : 'I can’t say.'),
    ],
    ['numbers, which are JSON too', String, words],
    ['no texts', (row: number) => row, () => null],
  ])('show none where they are %s', (_, before, after) => {
    expect(textSigns('/text', pairs(before, after))).toEqual([]);
  });

  it('show none where there are few', () => {
    expect(textSigns('/text', pairs(json, words, 9))).toEqual([]);
  });
});
