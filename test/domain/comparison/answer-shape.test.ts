import { leafPairs } from '#domain/comparison/answer-content.ts';
import { shapeOf } from '#domain/comparison/answer-shape.ts';

const WORDS = new Set(['outputs', 'label', 'score']);
const PEOPLE = ['alice', 'bob', 'carol', 'dave'];

/** The places of the first answer, by the shape of all of them. */
const placesOf = (answers: readonly unknown[]) =>
  leafPairs(answers[0], answers[0], shapeOf(answers, WORDS)).map(({ place }) => place);

describe('the places of an answer', () => {
  it.each<[string, readonly unknown[], readonly string[]]>([
    ['have the keys that the model names', [{ label: 'a', score: 1 }], ['/label', '/score']],
    [
      'count the fields that nobody names and every answer has',
      PEOPLE.map(() => ({ label: 'a', risk: 1, alice: 2 })),
      ['/label', '/key 2 of 3', '/key 3 of 3'],
    ],
    [
      'do not tell the keys of a map apart',
      PEOPLE.map((name) => ({ outputs: [{ [name]: 1 }, { [`${name}'s cat`]: 2 }] })),
      ['/outputs/*', '/outputs/*'],
    ],
    [
      'go on below such a key',
      PEOPLE.map((name) => ({ [name]: { score: [1, 2], [name]: 3, odds: 4 } })),
      ['/*/score', '/*/score', '/*/*', '/*/key 2 of 2'],
    ],
    [
      'have the names of tensors in the same way',
      PEOPLE.map((name) => ({
        outputs: [
          { name: 'score', datatype: 'FP32', shape: [1], data: [1] },
          { name, datatype: 'FP32', shape: [1], data: [2] },
        ],
      })),
      ['/outputs/score/key 1 of 1', '/outputs/*/key 1 of 1'],
    ],
    ['are the answer itself where it has no keys', [[1, 2]], ['', '']],
  ])('%s', (_, answers, places) => {
    expect(placesOf(answers)).toEqual(places);
  });

  it('hold no word that is not public, whatever the answers are', () => {
    const answers = PEOPLE.map((name, index) => ({
      [name]: { [`${name}-${index}`]: [index], name, score: { [name]: 1 } },
      always: { [name]: { name: `of ${name}`, label: 'x' } },
    }));

    for (const answer of answers) {
      const places = leafPairs(answer, answer, shapeOf(answers, WORDS)).map(({ place }) => place);
      expect(places.length).toBeGreaterThan(0);
      expect(places.join()).not.toMatch(/alice|bob|carol|dave|always/);
    }
  });
});
