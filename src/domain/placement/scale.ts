import { DAY_MS, MINUTE_MS } from '#domain/durations.ts';
import type { Scaling } from '#domain/manifest/scaling.ts';

/** The minimum and maximum number of replicas. */
export type ReplicaLimits = { readonly min: number; readonly max: number };

type Schedule = Scaling['schedules'][number];

const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;
const SLICES_A_MINUTE = 6;
/** How many slices `replicasFor` considers. */
export const SLICES_REMEMBERED = 5 * SLICES_A_MINUTE;

/** The length (ms) of a slice in `replicasFor`. */
export const SLICE_MS = MINUTE_MS / SLICES_A_MINUTE;

/** The limits at a moment (epoch ms): those of the schedule that began last (of two that began together, the later in the list); without schedules the plain limits. `max` is never below `min`. */
export function scaleAt(scaling: Scaling, nowMs: number): ReplicaLimits {
  const begun = scaling.schedules
    .map((schedule) => ({ schedule, beganMs: lastBegin(schedule, nowMs) }))
    .reduce<{ readonly schedule?: Schedule; readonly beganMs: number }>(
      (last, next) => (next.beganMs >= last.beganMs ? next : last),
      { beganMs: 0 },
    );
  return begun.schedule ? scheduledLimits(scaling, begun.schedule) : plainLimits(scaling);
}

/** The limits without schedules. */
export function plainLimits({ min, max = min }: Scaling): ReplicaLimits {
  return { min, max };
}

/** The limits from the moment `schedule` begins. */
export function scheduledLimits(scaling: Scaling, { min, max }: Schedule): ReplicaLimits {
  return { min, max: Math.max(min, max ?? plainLimits(scaling).max) };
}

/** How many replicas a candidate starts with: as many as the revision it takes over from, within its own limits. `live` holds the replica count of each revision that has traffic. */
export function firstReplicas(live: readonly number[], { min, max }: ReplicaLimits): number {
  return Math.min(max, Math.max(min, ...live));
}

/** A revision's load since it started with `first` replicas: the requests per 10 s slice of the last five minutes, newest last. */
export type Load = { readonly first: number; readonly slices: readonly number[] };

/**
 * How many replicas the load needs, within the limits.
 * The busiest minute of the last five decides. So it scales out at once and scales in only after five quiet minutes: a replica takes longer to get ready than to stop.
 * For the first five minutes, in which a candidate gets its traffic, it keeps at least the first replicas.
 */
export function replicasFor(
  { first, slices }: Load,
  requestsPerMinute: number,
  { min, max }: ReplicaLimits,
): number {
  const remembered = slices.slice(-SLICES_REMEMBERED);
  const minutes = remembered.map((_, index) =>
    remembered.slice(Math.max(0, index + 1 - SLICES_A_MINUTE), index + 1),
  );
  const busiest = Math.max(0, ...minutes.map((minute) => minute.reduce((sum, it) => sum + it, 0)));
  const atLeast = remembered.length < SLICES_REMEMBERED ? first : 0;
  return Math.min(max, Math.max(min, atLeast, Math.ceil(busiest / requestsPerMinute)));
}

/** When (epoch ms) the schedule last began. */
function lastBegin({ days, at, timeZone }: Schedule, nowMs: number): number {
  const wallClock = wallClockOf(timeZone);
  const [hours = 0, minutes = 0] = at.split(':').map(Number);
  const todayMs = Math.floor(wallClock(nowMs) / DAY_MS) * DAY_MS;
  // Eight days, since the schedule may not have begun yet today: then the same weekday last week counts.
  const begins = Array.from({ length: 8 }, (_, back) => todayMs - back * DAY_MS)
    .filter((dayMs) => days.some((day) => day === DAYS[new Date(dayMs).getUTCDay()]))
    .map((dayMs) => instantOf(dayMs + (hours * 60 + minutes) * MINUTE_MS, wallClock));
  return Math.max(...begins.filter((beganMs) => beganMs <= nowMs));
}

type WallClock = (epochMs: number) => number;

/** The wall clock of the time zone, read as if it were UTC. */
function wallClockOf(timeZone: string): WallClock {
  const format = new Intl.DateTimeFormat('en', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  return (epochMs) => {
    const parts = format.formatToParts(epochMs).map(({ type, value }) => [type, Number(value)]);
    const { year, month, day, hour, minute, second } = Object.fromEntries(parts);
    return Date.UTC(year, month - 1, day, hour, minute, second);
  };
}

/** When the wall clock shows that time: the first time if it does so twice; if it skips that time, later by the length of the jump. */
function instantOf(wallMs: number, wallClock: WallClock): number {
  const [before, after] = [wallMs - DAY_MS, wallMs + DAY_MS].map((nearMs) => {
    const offsetMs = wallClock(nearMs) - nearMs;
    return wallMs - offsetMs;
  });
  return [before, after].find((ms) => ms !== undefined && wallClock(ms) === wallMs) ?? before ?? 0;
}
