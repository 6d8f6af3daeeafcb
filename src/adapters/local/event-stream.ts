import { EventEmitter, on } from 'node:events';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Registry } from '#ports/registry.ts';

/** The registry's events as a stream that can be taken up again; `changed` tells it that there are new ones. */
export type EventStream = {
  readonly registry: Registry;
  readonly changes: EventEmitter;
};

export function eventStream(registry: Registry): EventStream & { changed(): void } {
  const changes = new EventEmitter();
  changes.setMaxListeners(0);
  return { registry, changes, changed: () => changes.emit('changed') };
}

type Query = { readonly model?: string; readonly deployment?: string; readonly follow?: string };

const PAGE = 100;

/**
 * Server-sent events: `id` is the cursor, `data` the event. Begins after `Last-Event-ID`, else at the first event.
 * `?model=` and `?deployment=` narrow it; `?follow=false` ends it where the record ends.
 */
export async function streamEvents(
  { registry, changes }: EventStream,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  const { model, deployment, follow } = readQuery(request.query);
  const closed = new AbortController();
  reply.raw.on('close', () => closed.abort());
  reply.hijack();
  reply.raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  reply.raw.flushHeaders();

  let after = String(request.headers['last-event-id'] ?? '');
  const wake = on(changes, 'changed', { signal: closed.signal });
  try {
    do {
      after = await sendNew(after);
    } while (follow !== 'false' && !(await wake.next()).done);
  } catch (error) {
    if (!closed.signal.aborted) throw error;
  } finally {
    reply.raw.end();
  }

  async function sendNew(cursor: string): Promise<string> {
    let last = cursor;
    for (;;) {
      const { events } = await registry.events({
        after: last,
        limit: PAGE,
        ...(model === undefined ? {} : { model }),
        ...(deployment === undefined ? {} : { deploymentId: deployment }),
      });
      for (const { cursor: id, event } of events) {
        reply.raw.write(`id: ${id}\ndata: ${JSON.stringify(event)}\n\n`);
        last = id;
      }
      if (events.length < PAGE) return last;
    }
  }
}

function readQuery(query: unknown): Query {
  return typeof query === 'object' && query !== null ? query : {};
}
