import { HOUR_MS, MINUTE_MS } from '#domain/durations.ts';
import { parseJson } from '#domain/parse-json.ts';
import { type CalledHour, hourOf } from './learnt.ts';

// Probes of containers reach the load balancer by a path of their own, after the stage of the API: infra/containers.yml.
const PROBED = /^\/(?:[^/]+\/)?_probe\//;

/** The requests of a log by the hour, and the time that it covers (epoch ms). */
export type LoggedHours = {
  readonly sinceMs: number;
  readonly nowMs: number;
  readonly hours: readonly CalledHour[];
};

/**
 * The hours in which clients called a model, by the lines of a request log: that of one machine (`requests.ndjson`), or the access log of an account's API. Lines of other models, probes and lines that are no entry do not count.
 * It covers the time from its first entry of any model to its last; undefined where it has none of this model.
 */
export function loggedHours(lines: Iterable<string>, model: string): LoggedHours | undefined {
  const minutes = new Map<number, number>();
  let [sinceMs, nowMs] = [Number.POSITIVE_INFINITY, 0];
  for (const line of lines) {
    const entry = entryOf(line);
    if (!entry) continue;
    sinceMs = Math.min(sinceMs, entry.timeMs);
    nowMs = Math.max(nowMs, entry.timeMs);
    if (entry.model !== model || entry.isProbe) continue;
    const minuteMs = entry.timeMs - (entry.timeMs % MINUTE_MS);
    minutes.set(minuteMs, (minutes.get(minuteMs) ?? 0) + 1);
  }
  const hours = calledHoursOf(minutes);
  // A log of less than an hour says as much as one of an hour.
  return hours.length === 0
    ? undefined
    : { sinceMs, nowMs: Math.max(nowMs, sinceMs + HOUR_MS), hours };
}

/** The lines of a text that are entries of a request log, how many others it has that are not empty, and the models that the entries name, by name. */
export type LogLook = {
  readonly entries: number;
  readonly others: number;
  readonly models: readonly string[];
};

/** Looks at a text that should be a request log. A line with the number of requests that were not logged (`dropped`) is no other line. */
export function lookAtLog(lines: Iterable<string>): LogLook {
  const models = new Set<string>();
  let [entries, others] = [0, 0];
  for (const line of lines) {
    const entry = entryOf(line);
    if (entry) {
      entries += 1;
      if (entry.model !== null) models.add(entry.model);
    } else if (line.trim() !== '' && !isCount(parseJson(line))) others += 1;
  }
  return { entries, others, models: [...models].toSorted() };
}

function isCount(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'dropped' in value;
}

/** The hours of minutes (epoch ms) with their requests, oldest first. */
export function calledHoursOf(minutes: ReadonlyMap<number, number>): readonly CalledHour[] {
  const hours = new Map<number, CalledHour>();
  for (const [minuteMs, count] of minutes) {
    const atMs = hourOf(minuteMs);
    const known = hours.get(atMs);
    hours.set(atMs, {
      atMs,
      requests: (known?.requests ?? 0) + count,
      busiestMinute: Math.max(known?.busiestMinute ?? 0, count),
    });
  }
  return [...hours.values()]
    .filter(({ requests }) => requests > 0)
    .toSorted((one, other) => one.atMs - other.atMs);
}

/** The requests of minutes (epoch ms) without the probes among them. CloudWatch may have counted a probe a minute later or earlier than it was sent. */
export function withoutProbes(
  requests: ReadonlyMap<number, number>,
  probes: ReadonlyMap<number, number>,
): ReadonlyMap<number, number> {
  const left = new Map(requests);
  for (const [atMs, count] of probes) {
    let rest = count;
    for (const nearMs of [atMs, atMs + MINUTE_MS, atMs - MINUTE_MS]) {
      const counted = left.get(nearMs) ?? 0;
      const taken = Math.min(rest, counted);
      if (taken > 0) left.set(nearMs, counted - taken);
      rest -= taken;
    }
  }
  return left;
}

type Entry = { readonly timeMs: number; readonly model: string | null; readonly isProbe: boolean };

function entryOf(line: string): Entry | undefined {
  const entry = parseJson(line);
  if (typeof entry !== 'object' || entry === null) return undefined;
  const { time, model, path, probe } = entry as Readonly<Record<string, unknown>>;
  const timeMs = timeOf(String(time));
  if (Number.isNaN(timeMs)) return undefined;
  const named =
    typeof model === 'string' ? model : (/\/models\/([^/]+)/.exec(String(path))?.[1] ?? null);
  return { timeMs, model: named, isProbe: probe === true || PROBED.test(String(path)) };
}

/** API Gateway writes times as Apache does: 10/Oct/2026:13:55:36 +0000. https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-variables-for-access-logging.html */
function timeOf(text: string): number {
  const [, date = '', clock = ''] = /^(\d+\/\w+\/\d+):([\d:]+ [+-]\d{4})$/.exec(text) ?? [];
  return Date.parse(date ? `${date.replaceAll('/', ' ')} ${clock}` : text);
}
