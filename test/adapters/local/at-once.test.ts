import { atOnce } from '#adapters/local/at-once.ts';

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

  it('gives the place of a failed task to the next', async () => {
    const limited = atOnce(1);

    const first = limited(() => Promise.reject(new Error('no')));
    const second = limited(async () => 'done');

    await expect(first).rejects.toThrow('no');
    expect(await second).toBe('done');
  });
});
