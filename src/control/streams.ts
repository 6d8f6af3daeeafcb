import * as z from 'zod/mini';
import { slipwayEvent } from '#domain/event.ts';
import { Failure } from '#domain/failure.ts';
import type { Frozen } from './operation.ts';

/** An event, and the cursor from which a reader continues after it. */
export const cursoredEvent = z.object({ cursor: z.string(), event: slipwayEvent });

export type CursoredEvent = Frozen<z.output<typeof cursoredEvent>>;

/** Calls `run` once after `ms`; returns the function that cancels it. */
export type After = (ms: number, run: () => void) => () => void;

// Clients and proxies give up an answer that stays silent for minutes: Node's after five.
const QUIET_LINES_MS = 30_000;
const QUIET_EVENTS_MS = 15_000;

/** Writes a job as JSON Lines; a failure after its start is the last line. While there is nothing new to report, its last line is sent again every 30 s. */
export async function* linesText(
  lines: AsyncGenerator<unknown, void>,
  after: After,
): AsyncGenerator<string, void> {
  let last = textLine({ progress: 'waits for its turn' });
  try {
    for await (const line of unlessQuiet(lines, QUIET_LINES_MS, after)) {
      if (line !== QUIET) last = textLine(line);
      yield last;
    }
  } catch (error) {
    const { name, fix } =
      error instanceof Failure ? error : { name: 'PlatformUnavailable', fix: '' };
    const message = error instanceof Error ? error.message : String(error);
    yield textLine({ failure: { name, message, fix } });
  }
}

/** Writes server-sent events: `id` is the cursor, `data` the event. While there is no event, an empty comment is sent every 15 s. */
export async function* eventsText(
  events: AsyncGenerator<unknown, void>,
  after: After,
): AsyncGenerator<string, void> {
  for await (const each of unlessQuiet(events, QUIET_EVENTS_MS, after)) {
    if (each === QUIET) yield ':\n\n';
    else if (isCursored(each)) yield `id: ${each.cursor}\ndata: ${JSON.stringify(each.event)}\n\n`;
  }
}

/** Reads the output of `linesText`. */
export async function* readLines<Line>(
  body: ReadableStream<Uint8Array>,
  schema: z.ZodMiniType<Line>,
): AsyncGenerator<Line, void> {
  for await (const line of linesOf(body)) yield schema.parse(JSON.parse(line));
}

/** Reads the output of `eventsText`, from after the event of this cursor. */
export async function* readEvents(
  body: ReadableStream<Uint8Array>,
  after: string,
): AsyncGenerator<z.output<typeof cursoredEvent>, void> {
  let cursor = after;
  for await (const line of linesOf(body)) {
    if (line.startsWith('id: ')) cursor = line.slice('id: '.length);
    if (line.startsWith('data: ')) {
      yield { cursor, event: slipwayEvent.parse(JSON.parse(line.slice('data: '.length))) };
    }
  }
}

const QUIET = Symbol('quiet');

/** The items as they come, and `QUIET` each time that this long has passed without one. */
async function* unlessQuiet(
  items: AsyncGenerator<unknown, void>,
  quietMs: number,
  after: After,
): AsyncGenerator<unknown, void> {
  try {
    for (;;) {
      const next = items.next();
      while (await isLate(next, quietMs, after)) yield QUIET;
      const { done, value } = await next;
      if (done) return;
      yield value;
    }
  } finally {
    await items.return();
  }
}

async function isLate(next: Promise<unknown>, ms: number, after: After): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<boolean>();
  const callOff = after(ms, () => resolve(true));
  const came = next.then(
    () => false,
    () => false,
  );
  return Promise.race([came, late]).finally(callOff);
}

function isCursored(value: unknown): value is { readonly cursor: string; readonly event: unknown } {
  return typeof value === 'object' && value !== null && 'cursor' in value && 'event' in value;
}

function textLine(line: unknown): string {
  return `${JSON.stringify(line)}\n`;
}

async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string, void> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const bytes of body) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
}
