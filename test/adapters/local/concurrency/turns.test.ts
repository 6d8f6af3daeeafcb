import { turns } from '#adapters/local/concurrency/turns.ts';

describe('turns', () => {
  it('runs the tasks of one key one after another, and others beside them', async () => {
    const inTurn = turns(1);
    const gate = Promise.withResolvers<void>();
    const seen: string[] = [];

    const first = inTurn('a', () => gate.promise.then(() => seen.push('first of a')));
    const second = inTurn('a', async () => seen.push('second of a'));
    await inTurn('b', async () => seen.push('first of b'));
    gate.resolve();
    await Promise.all([first, second]);

    expect(seen).toEqual(['first of b', 'first of a', 'second of a']);
  });

  it('runs no more of one key at once than it may', async () => {
    const inTurn = turns(2);
    const gates = [1, 2, 3].map(() => Promise.withResolvers<void>());
    const begun: number[] = [];

    const all = gates.map(({ promise }, i) =>
      inTurn('a', async () => {
        begun.push(i);
        await promise;
      }),
    );
    gates[1]?.resolve();
    await all[1];
    await inTurn('b', async () => undefined);

    expect(begun).toEqual([0, 1, 2]);
    for (const { resolve } of gates) resolve();
    await Promise.all(all);
  });

  it('lets a failed task fail alone', async () => {
    const inTurn = turns(1);

    const first = inTurn('a', () => Promise.reject(new Error('no')));
    const second = inTurn('a', async () => 'done');

    await expect(first).rejects.toThrow('no');
    expect(await second).toBe('done');
  });
});
