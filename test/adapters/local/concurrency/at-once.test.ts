import { atOnce, fairlyAtOnce } from '#adapters/local/concurrency/at-once.ts';

describe('atOnce', () => {
  it('runs no more tasks side by side than it may, and all of them in their order', async () => {
    const limited = atOnce(2);
    const gates = [0, 1, 2, 3].map(() => Promise.withResolvers<void>());
    const seen: string[] = [];

    const all = gates.map(({ promise }, i) =>
      limited(async () => {
        seen.push(`${i} begins`);
        await promise;
        seen.push(`${i} ends`);
      }),
    );
    gates[1]?.resolve();
    await all[1];
    for (const { resolve } of gates) resolve();
    await Promise.all(all);

    expect(seen.slice(0, 4)).toEqual(['0 begins', '1 begins', '1 ends', '2 begins']);
    expect(seen).toHaveLength(8);
  });

  it('never runs a task that was given up while it waited, and goes on with the one after it', async () => {
    const limited = atOnce(1);
    const gate = Promise.withResolvers<void>();
    const ended = new AbortController();
    const seen: string[] = [];
    const first = limited(() => gate.promise);

    const second = limited(async () => seen.push('second'), ended.signal);
    const third = limited(async () => seen.push('third'), ended.signal);
    const fourth = limited(async () => seen.push('fourth'));
    ended.abort(new Error('no more'));

    await expect(second).rejects.toThrow('no more');
    await expect(third).rejects.toThrow('no more');
    gate.resolve();
    await Promise.all([first, fourth]);
    expect(seen).toEqual(['fourth']);
  });

  it('takes no place for a task that was given up before', async () => {
    const limited = atOnce(1);

    const never = limited(async () => 'never', AbortSignal.abort(new Error('no more')));

    await expect(never).rejects.toThrow('no more');
    expect(await limited(async () => 'done')).toBe('done');
  });

  it('lets a task that has its turn go on, whatever its signal says', async () => {
    const limited = atOnce(1);
    const gate = Promise.withResolvers<string>();
    const ended = new AbortController();

    const task = limited(() => gate.promise, ended.signal);
    ended.abort();
    gate.resolve('done');

    expect(await task).toBe('done');
  });

  it('gives the place of a failed task to the next', async () => {
    const limited = atOnce(1);

    const first = limited(() => Promise.reject(new Error('no')));
    const second = limited(async () => 'done');

    await expect(first).rejects.toThrow('no');
    expect(await second).toBe('done');
  });

  it('tells each that waits its place, and that it begins', async () => {
    const limited = atOnce(1);
    const gate = Promise.withResolvers<void>();
    const givenUp = new AbortController();
    const seen: string[] = [];
    const named = (name: string, signal?: AbortSignal) =>
      limited(
        async () => seen.push(`${name} runs`),
        signal,
        (place) => seen.push(`${name} ${place}`),
      );

    const first = limited(() => gate.promise);
    const second = named('second', givenUp.signal).catch(() => undefined);
    const third = named('third');
    givenUp.abort();
    gate.resolve();
    await Promise.all([first, second, third]);

    expect(seen).toEqual(['second 1', 'third 2', 'third 1', 'third null', 'third runs']);
  });
});

describe('a place that a task lends', () => {
  const who = (model: string) => ({ model, isUpgrade: false });

  it('is the next one’s until the task ends, and no place more', async () => {
    const inTurn = fairlyAtOnce(1);
    const gates = [0, 1, 2].map(() => Promise.withResolvers<void>());
    const begun: number[] = [];
    const all = gates.map(({ promise }, index) =>
      inTurn(who(String(index)), async (lend) => {
        begun.push(index);
        if (index === 0) for (let times = 0; times < 3; times += 1) lend();
        await promise;
      }),
    );
    await Promise.resolve();

    gates[0]?.resolve();
    await all[0];
    const afterTheFirst = begun.length;
    for (const { resolve } of gates) resolve();
    await Promise.all(all);

    expect(afterTheFirst).toBe(2);
    expect(begun).toHaveLength(3);
  });

  it('is one of four for each that there is', async () => {
    const inTurn = fairlyAtOnce(1);
    const gate = Promise.withResolvers<void>();
    const begun: number[] = [];

    const all = Array.from({ length: 7 }, (_, index) =>
      inTurn(who(String(index)), async (lend) => {
        begun.push(index);
        lend();
        await gate.promise;
      }),
    );
    for (let ticks = 0; ticks < 100; ticks += 1) await Promise.resolve();
    const before = begun.length;
    gate.resolve();
    await Promise.all(all);

    expect(before).toBe(5);
    expect(begun).toHaveLength(7);
  });
});
