import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { queryText } from '#adapters/local/query-text.ts';
import { Failure } from '#domain/failure.ts';

type Line = object;

/** What looks after the data folder: each job tells its progress line by line, and its result in the last one. */
export type FolderJobs = {
  scrub(): AsyncGenerator<Line, void>;
  prune(isDryRun: boolean): AsyncGenerator<Line, void>;
  backUp(to: string, options: { readonly isLinked: boolean }): AsyncGenerator<Line, void>;
  storage(): Promise<object>;
};

type Asked = { Querystring: Readonly<Record<string, unknown>> };

/** The routes for the data folder. A job may take longer than clients wait for a whole answer, so it is sent as JSON Lines; a failure after its begin is the last of them. */
export function addFolderJobs(api: FastifyInstance, jobs: FolderJobs): void {
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

function sendLines(reply: FastifyReply, lines: AsyncGenerator<Line, void>) {
  return reply.type('application/x-ndjson').send(Readable.from(textOf(lines)));
}

async function* textOf(lines: AsyncGenerator<Line, void>) {
  try {
    for await (const line of lines) yield `${JSON.stringify(line)}\n`;
  } catch (error) {
    const failure = error instanceof Failure ? error : undefined;
    const { name = 'PlatformUnavailable', fix = '' } = failure ?? {};
    const message = error instanceof Error ? error.message : String(error);
    yield `${JSON.stringify({ failure: { name, message, fix } })}\n`;
  }
}
