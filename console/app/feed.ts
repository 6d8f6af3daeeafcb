import type { Api, SlipwayEvent } from './api.ts';
import { ApiError } from './api.ts';

export type Heard = { readonly cursor: string; readonly event: SlipwayEvent };

type Listener = {
  /** Called for the events of a moment together, oldest first. */
  heard(events: readonly Heard[]): void;
  /** Whether Slipway is reached now. */
  connected(isConnected: boolean): void;
  /** The token is no longer taken. */
  refused(): void;
};

// Who looks at another tab for a moment misses nothing; what is asked for nobody costs requests, in an account money.
const UNSEEN_MS = 60_000;
const AGAIN_MS = [250, 500, 1000, 2000] as const;

/** Follows the events from the beginning of the newest `last`, and goes on where it stopped however often the connection is lost. Ends with the signal. */
export async function followEvents(
  api: Api,
  listener: Listener,
  signal: AbortSignal,
): Promise<void> {
  let cursor = '';
  let failures = 0;
  while (!signal.aborted) {
    await seen(signal);
    const watched = whileSeen(signal);
    try {
      const body = await api.stream('events', {
        signal: watched.signal,
        ...(cursor ? { headers: { 'last-event-id': cursor } } : { query: { last: 500 } }),
      });
      listener.connected(true);
      failures = 0;
      for await (const events of messages(body)) {
        cursor = events.at(-1)?.cursor ?? cursor;
        listener.heard(events);
      }
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) return listener.refused();
      // Slipway no longer has the event of this cursor, so the events begin anew.
      if (error instanceof ApiError && error.status === 400) cursor = '';
    } finally {
      watched.end();
    }
    if (signal.aborted) return;
    if (watched.signal.aborted) continue;
    listener.connected(false);
    await pause(AGAIN_MS[Math.min(failures, AGAIN_MS.length - 1)] ?? 2000, signal);
    failures += 1;
  }
}

/** Resolves once somebody sees the page. */
function seen(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      if (document.hidden && !signal.aborted) return;
      document.removeEventListener('visibilitychange', look);
      resolve();
    };
    document.addEventListener('visibilitychange', look);
    signal.addEventListener('abort', look, { once: true });
    look();
  });
}

/** A signal that aborts with `signal`, and once nobody has seen the page for a minute. */
function whileSeen(signal: AbortSignal) {
  const unseen = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const look = () => {
    clearTimeout(timer);
    if (document.hidden) timer = setTimeout(() => unseen.abort(), UNSEEN_MS);
  };
  document.addEventListener('visibilitychange', look);
  return {
    signal: AbortSignal.any([signal, unseen.signal]),
    end() {
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', look);
    },
  };
}

/** The messages of a stream of server-sent events, those of one piece together. */
async function* messages(body: ReadableStream<Uint8Array>): AsyncGenerator<readonly Heard[], void> {
  const reader = body
    .pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)
    .getReader();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const parts = (rest + value).split('\n\n');
    rest = parts.pop() ?? '';
    const events = parts.flatMap(messageOf);
    if (events.length > 0) yield events;
  }
}

function messageOf(text: string): readonly Heard[] {
  const lines = text.split('\n');
  const cursor = lines.find((line) => line.startsWith('id: '))?.slice(4);
  const data = lines.find((line) => line.startsWith('data: '))?.slice(6);
  return cursor !== undefined && data !== undefined ? [{ cursor, event: JSON.parse(data) }] : [];
}

export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
  });
}
