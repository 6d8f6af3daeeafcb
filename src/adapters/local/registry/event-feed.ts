import { EventEmitter, once } from 'node:events';
import type { CursoredEvent } from '#control/streams.ts';
import { Failure } from '#domain/failure.ts';
import type { EventQuery, Registry } from '#ports/registry.ts';

type Wanted = {
  readonly model?: string | undefined;
  readonly deployment?: string | undefined;
  /** The cursor of the event to begin after; empty for the first one. */
  readonly after?: string | undefined;
  readonly follow: boolean;
};

/** The registry's events, for readers that follow them. */
export type EventFeed = {
  /** Wakes the readers when there are new events. */
  changed(): void;
  /** The events, oldest first, page by page as they are taken: to the last recorded one or, with `follow`, until `signal` or the feed's end. Fails with `InputInvalid` for a cursor that is not an event's. */
  open(wanted: Wanted, signal: AbortSignal): Promise<AsyncGenerator<CursoredEvent, void>>;
  /** Ends every reader's events. */
  close(): void;
};

const PAGE = 100;

export function eventFeed(registry: Registry): EventFeed {
  const changes = new EventEmitter().setMaxListeners(0);
  const closing = new AbortController();
  let version = 0;

  /** False once the signal has ended the wait. */
  async function changedSince(seen: number, signal: AbortSignal): Promise<boolean> {
    try {
      if (seen === version) await once(changes, 'changed', { signal });
      return true;
    } catch (error) {
      if (signal.aborted) return false;
      throw error;
    }
  }

  async function* read(
    query: Omit<EventQuery, 'limit'>,
    follow: boolean,
    signal: AbortSignal,
  ): AsyncGenerator<CursoredEvent, void> {
    let { after } = query;
    let seen: number;
    do {
      seen = version;
      for await (const each of recorded(registry, { ...query, after }, signal)) {
        yield each;
        after = each.cursor;
      }
    } while (follow && (await changedSince(seen, signal)));
  }

  return {
    changed() {
      version += 1;
      changes.emit('changed');
    },
    close: () => closing.abort(),
    async open({ model, deployment, after = '', follow }, signal) {
      await checkCursor(registry, after);
      const query = {
        ...(model !== undefined && { model }),
        ...(deployment !== undefined && { deploymentId: deployment }),
        after,
      };
      return read(query, follow, AbortSignal.any([signal, closing.signal]));
    },
  };
}

/** All events after the cursor, no page before it is needed. */
async function* recorded(
  registry: Registry,
  query: Omit<EventQuery, 'limit'>,
  signal: AbortSignal,
): AsyncGenerator<CursoredEvent, void> {
  let { after } = query;
  while (!signal.aborted) {
    const { events } = await registry.events({ ...query, after, limit: PAGE });
    yield* events;
    after = events.at(-1)?.cursor ?? after;
    if (events.length < PAGE) return;
  }
}

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
