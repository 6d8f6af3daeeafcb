import type { Scaling } from './manifest-scaling.ts';

export type ScaleLimits = { readonly min: number; readonly max: number };

type Schedule = Scaling['schedules'][number];

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
const DAY_MINUTES = 24 * 60;
const WEEK_MINUTES = 7 * DAY_MINUTES;

/** The limits of `scaling` without its schedules. */
export function scaleLimits({ min, max = min }: Scaling): ScaleLimits {
  return { min, max };
}

/** The limits from the moment on at which `schedule` begins. */
export function scheduledLimits(scaling: Scaling, { min, max }: Schedule): ScaleLimits {
  return { min, max: max ?? Math.max(min, scaleLimits(scaling).max) };
}

/** The limits that hold at `nowMs` (epoch): those of the schedule that began last, in its own time zone. */
export function scaleAt(scaling: Scaling, nowMs: number): ScaleLimits {
  const [latest] = scaling.schedules.toSorted((a, b) => age(a, nowMs) - age(b, nowMs));
  return latest ? scheduledLimits(scaling, latest) : scaleLimits(scaling);
}

/** Minutes since it began last. Where the clock was changed in between, an hour more or less. */
function age({ days, at, timeZone }: Schedule, nowMs: number): number {
  const now = weekMinute(nowMs, timeZone);
  const [hours = 0, minutes = 0] = at.split(':').map(Number);
  const ages = days.map((day) => {
    const began = DAYS.indexOf(day) * DAY_MINUTES + hours * 60 + minutes;
    return (now - began + WEEK_MINUTES) % WEEK_MINUTES;
  });
  return Math.min(...ages);
}

/** Minutes since Monday, 00:00. */
function weekMinute(nowMs: number, timeZone: string): number {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    weekday: 'short',
    hour: 'numeric',
    minute: 'numeric',
    hourCycle: 'h23',
  });
  const parts = new Map(format.formatToParts(nowMs).map(({ type, value }) => [type, value]));
  const day = DAYS.findIndex((name) => name === parts.get('weekday')?.toLowerCase());
  return day * DAY_MINUTES + Number(parts.get('hour')) * 60 + Number(parts.get('minute'));
}
