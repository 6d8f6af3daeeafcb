import { publisher } from '#compose/publisher.ts';

describe('the publisher', () => {
  it('runs one publication at a time, and one more for what came meanwhile', async () => {
    const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    let running = 0;
    const seen: number[] = [];
    const published = publisher(async () => {
      running += 1;
      seen.push(running);
      await gates[seen.length - 1]?.promise;
      running -= 1;
    }, fail);

    published.wake();
    await new Promise(setImmediate);
    published.wake();
    published.wake();
    for (const gate of gates) gate.resolve();
    await published.stop();

    expect(seen).toEqual([1, 1]);
  });

  it('reports a failure once and publishes what is left when it stops', async () => {
    const problems: unknown[] = [];
    let runs = 0;
    const published = publisher(
      async () => {
        runs += 1;
        if (runs < 3) throw new Error('the disk is full');
      },
      (error) => problems.push(error),
    );

    published.wake();
    await new Promise(setImmediate);
    published.wake();
    await new Promise(setImmediate);
    await published.stop();

    expect(problems).toEqual([new Error('the disk is full')]);
    expect(runs).toBe(3);
  });
});

function fail(error: unknown): never {
  throw error;
}
