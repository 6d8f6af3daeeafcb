import { createQueue } from '../../../../runtimes/onnx/session/queue.ts';

it('runs one task at a time, in the order they came, also after one that failed', async () => {
  const queue = createQueue(10);
  const log: string[] = [];
  const task = (name: string) => async () => {
    log.push(`${name} starts`);
    await new Promise(setImmediate);
    log.push(`${name} ends`);
    if (name === 'b') throw new Error('b failed');
    return name;
  };

  const results = await Promise.allSettled(['a', 'b', 'c'].map((name) => queue.run(task(name))));

  expect(log).toEqual(['a starts', 'a ends', 'b starts', 'b ends', 'c starts', 'c ends']);
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
});

it('refuses a task with 503 when as many wait as may', async () => {
  const queue = createQueue(1);
  const { promise: gate, resolve: open } = Promise.withResolvers<string>();
  const running = queue.run(() => gate);
  await new Promise(setImmediate);
  const waiting = queue.run(async () => 'waited');

  const refused = queue.run(async () => 'too many');

  await expect(refused).rejects.toMatchObject({
    status: 503,
    message: '1 requests are waiting; the limit is 1',
    retryAfterSeconds: 1,
  });
  open('ran');
  expect(await Promise.all([running, waiting])).toEqual(['ran', 'waited']);
});

it('never runs a task for which nobody waits any more at its turn', async () => {
  const queue = createQueue(10);
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  let isGone = false;
  let hasRun = false;
  const running = queue.run(() => gate);
  const waiting = queue.run(
    async () => {
      hasRun = true;
    },
    () => isGone,
  );

  isGone = true;
  open();
  await running;

  await expect(waiting).rejects.toThrow('nobody waits for the answer any more');
  expect(hasRun).toBe(false);
});

it('is idle when the last task has ended', async () => {
  const queue = createQueue(10);
  let hasEnded = false;
  const running = queue.run(async () => {
    await new Promise(setImmediate);
    hasEnded = true;
  });

  await queue.idle();

  expect(hasEnded).toBe(true);
  await running;
});
