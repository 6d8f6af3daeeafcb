import { EventEmitter, once } from 'node:events';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { queryText } from '#adapters/local/query-text.ts';
import { Failure } from '#domain/failure.ts';
import type { EventQuery, Registry } from '#ports/registry.ts';

/** The registry's events, for readers that follow them. */
export type EventStream = {
  /** Wakes the readers when there are new events. */
  changed(): void;
  /** Answers a request with events for as long as its client stays. */
  send(request: FastifyRequest, reply: FastifyReply): Promise<void>;
  /** Ends every stream. */
  close(): void;
};

const PAGE = 100;
// Many clients and proxies drop a connection that is silent for some minutes (Node's fetch after five), and a build may take longer.
const HEARTBEAT_MS = 15_000;

/**
 * Server-sent events: `id` is the cursor, `data` the event. Begins after `Last-Event-ID`, else at the first event.
 * `?model=` and `?deployment=` filter it; `?follow=false` ends it after the last recorded event. While idle, it sends an empty comment every 15 s.
 */
export function eventStream(registry: Registry, heartbeatMs = HEARTBEAT_MS): EventStream {
  const changes = new EventEmitter().setMaxListeners(0);
  const closing = new AbortController();
  let version = 0;

  async function changedSince(seen: number, signal: AbortSignal): Promise<true> {
    if (seen === version) await once(changes, 'changed', { signal });
    return true;
  }

  return {
    changed() {
      version += 1;
      changes.emit('changed');
    },
    close: () => closing.abort(),
    async send(request, reply) {
      const { events, isFollowing } = readQuery(request.query);
      const signal = AbortSignal.any([closed(reply), closing.signal]);
      let after = String(request.headers['last-event-id'] ?? '');
      await checkCursor(registry, after);
      begin(reply);
      const beating = setInterval(() => beat(reply), heartbeatMs);
      try {
        let seen: number;
        do {
          seen = version;
          after = await sendNew(registry, { ...events, after }, reply, signal);
        } while (isFollowing && (await changedSince(seen, signal)));
      } catch (error) {
        if (!signal.aborted) throw error;
      } finally {
        clearInterval(beating);
        reply.raw.end();
      }
    },
  };
}

function closed(reply: FastifyReply): AbortSignal {
  const gone = new AbortController();
  reply.raw.on('close', () => gone.abort());
  return gone.signal;
}

function begin(reply: FastifyReply): void {
  reply.hijack();
  reply.raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  reply.raw.flushHeaders();
}

/** A client that has fallen behind needs no heartbeat. */
function beat(reply: FastifyReply): void {
  if (!reply.raw.writableNeedDrain) reply.raw.write(':\n\n');
}

/** Sends all events after the cursor, page by page and no faster than the client reads; returns the new cursor. */
async function sendNew(
  registry: Registry,
  query: Omit<EventQuery, 'limit'>,
  reply: FastifyReply,
  signal: AbortSignal,
): Promise<string> {
  let after = query.after;
  while (!signal.aborted) {
    const { events } = await registry.events({ ...query, after, limit: PAGE });
    for (const { cursor, event } of events) {
      const isTaken = reply.raw.write(`id: ${cursor}\ndata: ${JSON.stringify(event)}\n\n`);
      after = cursor;
      if (!isTaken) await once(reply.raw, 'drain', { signal });
    }
    if (events.length < PAGE) break;
  }
  return after;
}

/** Fails with `InputInvalid` for a cursor that matches no event, before anything is sent. */
async function checkCursor(registry: Registry, after: string): Promise<void> {
  try {
    await registry.events({ after, limit: 1 });
  } catch (cause) {
    if (!(cause instanceof Failure)) throw cause;
    throw new Failure(cause.name, `Last-Event-ID \`${after}\` is not the id of an event`, {
      cause,
    });
  }
}

function readQuery(query: unknown): {
  readonly events: Pick<EventQuery, 'model' | 'deploymentId'>;
  readonly isFollowing: boolean;
} {
  const given: Readonly<Record<string, unknown>> =
    typeof query === 'object' && query !== null ? { ...query } : {};
  const model = queryText(given, 'model');
  const deploymentId = queryText(given, 'deployment');
  return {
    events: {
      ...(model !== undefined && { model }),
      ...(deploymentId !== undefined && { deploymentId }),
    },
    isFollowing: isFollowing(given['follow']),
  };
}

function isFollowing(follow: unknown): boolean {
  if (follow === undefined || follow === 'true') return true;
  if (follow === 'false') return false;
  throw new Failure('InputInvalid', `follow=${follow} is neither true nor false`, {
    fix: 'Use follow=false for the events so far; without it the stream stays open.',
  });
}
