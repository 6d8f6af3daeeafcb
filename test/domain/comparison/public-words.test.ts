import { isPublic, publicWords } from '#domain/comparison/public-words.ts';
import type { GoldenAnswer } from '#domain/rollout/golden-verdict.ts';

const answer = (body: unknown): GoldenAnswer => ({
  kind: 'answer',
  status: 200,
  body: JSON.stringify(body),
});

describe('a record may hold', () => {
  const words = publicWords(
    [
      { before: answer({ risk: ['high'] }), after: answer({ risk: [{ low: null }] }) },
      { isSent: true, before: answer({ alice: 'ill' }), after: answer({ bob: 'well' }) },
    ],
    ['versicolor'],
  );

  it.each(['label', 'versicolor', 'risk', 'high', 'low', 7, -3, true, null, undefined])(
    '%s',
    (value) => {
      expect(isPublic(value, words)).toBe(true);
    },
  );

  it.each([['alice'], ['ill'], ['bob'], ['well'], [4_111_111], [{ risk: 1 }], [['high']]])(
    'not %s',
    (value) => {
      expect(isPublic(value, words)).toBe(false);
    },
  );
});
