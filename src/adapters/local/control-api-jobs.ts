import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { queryText } from '#adapters/local/query-text.ts';
import { realTimers, type Timers } from '#adapters/local/timers.ts';
import { Failure } from '#domain/failure.ts';

type Line = object;

/** Looks after the data folder: each job reports its progress line by line, and its result in the last one. */
export type FolderJobs = {
  scrub(): AsyncGenerator<Line, void>;
  prune(isDryRun: boolean): AsyncGenerator<Line, void>;
  backUp(to: string, options: { readonly isLinked: boolean }): AsyncGenerator<Line, void>;
  storage(): Promise<object>;
};

// Clients give up an answer of which nothing comes for minutes: Node's after five.
const QUIET_MS = 30_000;

type Asked = { Querystring: Readonly<Record<string, unknown>> };

/** The routes for the data folder. A job may take longer than clients wait for a whole answer, so it is sent as JSON Lines; a failure after its begin is the last of them. While a job has nothing new to tell, its last progress is sent again every 30 s. */
export function addFolderJobs(
  api: FastifyInstance,
  jobs: FolderJobs,
  timers: Timers = realTimers,
): void {
  const sendLines = (reply: FastifyReply, lines: AsyncGenerator<Line, void>) =>
    reply.type('application/x-ndjson').send(Readable.from(textOf(lines, timers)));
  api.get('/storage', () => jobs.storage());
  api.post('/scrub', (_request, reply) => sendLines(reply, jobs.scrub()));
  api.post<Asked>('/prune', ({ query }, reply) =>
    sendLines(reply, jobs.prune(queryText(query, 'dryRun') === 'true')),
  );
  api.post<Asked>('/backup', ({ query }, reply) => {
    const to = queryText(query, 'to');
    if (!to) throw new Failure('InputInvalid', 'the query has no to, the folder of the backup');
    return sendLines(reply, jobs.backUp(to, { isLinked: queryText(query, 'link') === 'true' }));
  });
}

async function* textOf(lines: AsyncGenerator<Line, void>, timers: Timers) {
  let last: Line = { progress: 'waits for its turn' };
  try {
    for (;;) {
      const next = lines.next();
      while (await isLate(next, timers)) yield textLine(last);
      const { done, value } = await next;
      if (done) return;
      last = value;
      yield textLine(last);
    }
  } catch (error) {
    const failure = error instanceof Failure ? error : undefined;
    const { name = 'PlatformUnavailable', fix = '' } = failure ?? {};
    const message = error instanceof Error ? error.message : String(error);
    yield textLine({ failure: { name, message, fix } });
  } finally {
    await lines.return();
  }
}

async function isLate(next: Promise<unknown>, timers: Timers): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<boolean>();
  const callOff = timers.after(QUIET_MS, () => resolve(true));
  const came = next.then(
    () => false,
    () => false,
  );
  return Promise.race([came, late]).finally(callOff);
}

function textLine(line: Line): string {
  return `${JSON.stringify(line)}\n`;
}
