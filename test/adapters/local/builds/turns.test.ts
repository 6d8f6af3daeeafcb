import { turns } from '#adapters/local/builds/turns.ts';

describe('turns', () => {
  it('runs the tasks of one key one after another, and others beside them', async () => {
    const inTurn = turns();
    const gate = Promise.withResolvers<void>();
    const seen: string[] = [];

    const first = inTurn('a', () => gate.promise.then(() => seen.push('first of a')));
    const second = inTurn('a', async () => seen.push('second of a'));
    await inTurn('b', async () => seen.push('first of b'));
    gate.resolve();
    await Promise.all([first, second]);

    expect(seen).toEqual(['first of b', 'first of a', 'second of a']);
  });

  it('lets a failed task fail alone', async () => {
    const inTurn = turns();

    const first = inTurn('a', () => Promise.reject(new Error('no')));
    const second = inTurn('a', async () => 'done');

    await expect(first).rejects.toThrow('no');
    expect(await second).toBe('done');
  });
});
