import { InvalidArgumentError } from 'commander';
import type { ModelLog } from '#control/models.ts';
import { MOST_LOG_LINES } from '#control/operations.ts';

/** Which lines of a log are asked for; `since` is ISO 8601. */
type LogsQuery = { readonly tail?: number; readonly since?: string };

const UNIT_MS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
// The lines at the end of a log that a look which follows it shows.
const FOLLOWED_LINES = 200;

/** The number of lines that `--tail` names. */
export function tailIn(text: string): number {
  const lines = Number(text);
  if (/^\d+$/.test(text) && lines >= 1 && lines <= MOST_LOG_LINES) return lines;
  throw new InvalidArgumentError('Give a whole number from 1 to 10,000.');
}

/** The time (epoch ms) that `--since` names: so long before `nowMs`, as `90s`, `10m`, `2h` or `1d`, or a time in ISO 8601. */
export function sinceIn(text: string, nowMs: number): number {
  const [, count, unit = ''] = /^(\d+(?:\.\d+)?)([smhd])$/.exec(text) ?? [];
  if (count !== undefined) return Math.max(0, nowMs - Number(count) * (UNIT_MS[unit] ?? 0));
  const timeMs = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(timeMs)) return timeMs;
  throw new InvalidArgumentError(
    'Give how long ago (90s, 10m, 2h, 1d) or a time (2026-01-02T03:04:05Z).',
  );
}

/** The part of a log that `--tail` and `--since` ask for now. */
export function logsQuery(options: { readonly tail?: number; readonly since?: string }): LogsQuery {
  const { tail, since } = options;
  return {
    ...(tail !== undefined && { tail }),
    ...(since !== undefined && { since: new Date(sinceIn(since, Date.now())).toISOString() }),
  };
}

/** The part of a log that each look asks for while it is followed: enough lines that none between two looks is missed. */
export function followedQuery({ tail, since }: LogsQuery): LogsQuery {
  if (since !== undefined) return { since };
  return { tail: Math.max(FOLLOWED_LINES, tail ?? 0) };
}

/** The last `tail` lines of a log. */
export function lastOf(log: ModelLog, tail: number | undefined): ModelLog {
  return tail === undefined ? log : { ...log, lines: log.lines.slice(-tail) };
}

/** The lines of a model's log for a person, or one line that says there are none. */
export function linesOf(
  model: string,
  { lines }: ModelLog,
  { since }: LogsQuery,
): readonly string[] {
  if (lines.length > 0) return lines;
  return [`nothing of ${model} has written a line ${since === undefined ? 'yet' : 'since then'}`];
}
