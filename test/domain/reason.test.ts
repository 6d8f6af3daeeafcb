import { reasonOf } from '#domain/reason.ts';

describe('the reason of a failure', () => {
  it.each([
    [
      'its cause, where it has one',
      new TypeError('fetch failed', { cause: new Error('no route') }),
      'no route',
    ],
    ['its own message', new Error('too large'), 'too large'],
    ['its own message, where its cause is no error', new Error('late', { cause: 3 }), 'late'],
    ['what was thrown, which need not be an error', 'gone', 'gone'],
  ])('is %s', (_, error, reason) => {
    expect(reasonOf(error)).toBe(reason);
  });
});
