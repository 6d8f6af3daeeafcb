import { fastify } from 'fastify';
import { addFolderJobs } from '#adapters/local/control-api-jobs.ts';
import { fakeTimers } from '../../support/clock/fake-timers.ts';

it('a client of a job that has nothing new to tell is told its last progress again', async () => {
  const timers = fakeTimers();
  const found = Promise.withResolvers<{ readonly result: string }>();
  await using api = fastify();
  const jobs = {
    async *scrub() {
      yield { progress: 'read 7 files' };
      yield await found.promise;
    },
    async *prune() {},
    async *backUp() {},
    storage: async () => ({}),
  };
  addFolderJobs(api, jobs, timers);
  const url = await api.listen({ host: '127.0.0.1', port: 0 });

  const { body } = await fetch(`${url}/scrub`, { method: 'POST' });
  const said = body!.pipeThrough(new TextDecoderStream())[Symbol.asyncIterator]();
  const first = await said.next();
  timers.advance(30_000);
  const second = await said.next();
  found.resolve({ result: 'sound' });
  const last = await said.next();

  const progress = '{"progress":"read 7 files"}\n';
  expect([first, second, last].map(({ value }) => value)).toEqual([
    progress,
    progress,
    '{"result":"sound"}\n',
  ]);
  expect(timers.leftMs()).toEqual([]);
});
