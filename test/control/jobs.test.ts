import { controlHandler } from '#control/handler.ts';
import { onOneMachine } from '#control/operations.ts';
import { eventually } from '../support/clock/eventually.ts';
import { fakeTimers } from '../support/clock/fake-timers.ts';

it('a client of a job that has nothing new to tell is told its last progress again', async () => {
  const timers = fakeTimers();
  const result = { checked: 7, bytes: 70, bad: [], mended: [] };
  const found = Promise.withResolvers<{ readonly result: typeof result }>();
  const handler = controlHandler({
    table: { scrub: onOneMachine.scrub },
    operations: {
      scrub: async () =>
        (async function* () {
          yield { progress: 'read 7 files' };
          yield await found.promise;
        })(),
    },
    guard: () => undefined,
    after: timers.after,
  });

  const { body } = await handler(new Request('http://here/scrub', { method: 'POST' }));
  const said = body!.pipeThrough(new TextDecoderStream())[Symbol.asyncIterator]();
  const first = await said.next();
  const again = said.next();
  await eventually(() => timers.leftMs().length > 0);
  timers.advance(30_000);
  const second = await again;
  found.resolve({ result });
  const last = await said.next();

  const progress = '{"progress":"read 7 files"}\n';
  expect([first, second, last].map(({ value }) => value)).toEqual([
    progress,
    progress,
    `${JSON.stringify({ result })}\n`,
  ]);
  expect(timers.leftMs()).toEqual([]);
});
