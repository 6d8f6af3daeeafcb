import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { type SlipwayEvent, slipwayEvent } from '#domain/event.ts';
import { Failure } from '#domain/failure.ts';

const instance = z.object({ pid: z.int(), gateway: z.string(), control: z.string() });

export type Instance = z.infer<typeof instance>;

/** The Slipway that runs on a data folder, by the file it keeps there. Fails with `PlatformUnavailable` when none answers. */
export async function findInstance(dataDir: string): Promise<Instance> {
  const none = new Failure('PlatformUnavailable', `no Slipway is running on ${dataDir}`, {
    fix: 'Start one with `slipway start`, or name its folder with --data.',
  });
  let found: Instance;
  try {
    found = instance.parse(JSON.parse(readFileSync(join(dataDir, 'instance.json'), 'utf8')));
    await fetch(`${found.control}/healthz`);
  } catch (cause) {
    none.cause = cause;
    throw none;
  }
  return found;
}

/** One answer of the control API, parsed. An error answer becomes a Failure with its message and fix. */
export async function call<T>(
  url: string,
  schema: z.ZodMiniType<T>,
  init: RequestInit = {},
): Promise<T> {
  const response = await fetch(url, init);
  const body: unknown = await response.json();
  if (response.ok) return schema.parse(body);
  const { error, fix } = problem.parse(body);
  throw new Failure(response.status === 404 ? 'InputInvalid' : 'PlatformUnavailable', error, {
    fix,
  });
}

const problem = z.object({
  error: z._default(z.string(), 'no reason given'),
  fix: z._default(z.string(), ''),
});

/** Which events to read: those of a model or a deployment, after a cursor, and whether to wait for the ones to come. */
export type EventQuery = {
  readonly model?: string;
  readonly deployment?: string;
  readonly after?: string;
  readonly follow: boolean;
};

export type CursoredEvent = { readonly cursor: string; readonly event: SlipwayEvent };

/** The events of a control API, oldest first, until the record ends or, when following, until the reader stops. */
export async function* readEvents(
  control: string,
  { after = '', follow, ...narrowed }: EventQuery,
): AsyncGenerator<CursoredEvent> {
  const closed = new AbortController();
  const query = new URLSearchParams({ ...narrowed, follow: String(follow) });
  const response = await fetch(`${control}/events?${query}`, {
    signal: closed.signal,
    headers: after ? { 'last-event-id': after } : {},
  });
  if (!response.body) return;
  try {
    yield* parse(response.body, after);
  } finally {
    closed.abort();
  }
}

async function* parse(
  body: ReadableStream<Uint8Array>,
  after: string,
): AsyncGenerator<CursoredEvent> {
  let cursor = after;
  for await (const line of lines(body)) {
    if (line.startsWith('id: ')) cursor = line.slice('id: '.length);
    if (line.startsWith('data: ')) {
      yield { cursor, event: slipwayEvent.parse(JSON.parse(line.slice('data: '.length))) };
    }
  }
}

async function* lines(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const bytes of body) {
    rest += decoder.decode(bytes, { stream: true });
    const complete = rest.split('\n');
    rest = complete.pop() ?? '';
    yield* complete;
  }
}
