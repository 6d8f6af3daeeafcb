import { queryText } from '#adapters/local/query-text.ts';
import { Failure } from '#domain/failure.ts';

/** Which lines of a log are asked for: at most `tail`, and none before `sinceMs` (epoch). */
export type LogsAsked = { readonly tail?: number; readonly sinceMs?: number };

const MOST_LINES = 10_000;

/** Reads `?tail=` and `?since=` (ISO 8601). Fails with `InputInvalid`. */
export function logsAsked(query: Readonly<Record<string, unknown>>): LogsAsked {
  const [tail, since] = [queryText(query, 'tail'), queryText(query, 'since')];
  return {
    ...(tail !== undefined && { tail: linesIn(tail) }),
    ...(since !== undefined && { sinceMs: timeIn(since) }),
  };
}

function linesIn(text: string): number {
  const lines = Number(text);
  if (/^\d+$/.test(text) && lines >= 1 && lines <= MOST_LINES) return lines;
  throw new Failure('InputInvalid', `tail=${text} is not a number of lines`, {
    fix: `Ask for 1 to ${MOST_LINES.toLocaleString('en-US')} lines.`,
  });
}

function timeIn(text: string): number {
  const timeMs = Date.parse(text);
  if (!Number.isNaN(timeMs)) return timeMs;
  throw new Failure('InputInvalid', `since=${text} is not a time`, {
    fix: 'Give it as ISO 8601: 2026-01-02T03:04:05Z.',
  });
}
