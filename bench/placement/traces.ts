// Thirty days of requests, hour by hour, as a model might get them.
import { seeded } from '../../test/support/fuzz/seeded.ts';

// Seeds that follow one another begin far apart.
const SPREAD = 0x9e3779b9;

/** An hour: how many requests came, and how many in its busiest minute. */
export type TraceHour = { readonly requests: number; readonly busiestMinute: number };

export type Trace = { readonly name: string; readonly hours: readonly TraceHour[] };

const DAYS = 30;
const HOURS = DAYS * 24;

/** Ten shapes of demand. `breakEven` is the rate (requests a second) at which a function costs as much as one task, and `full` the rate that fills one task. */
export function tracesFor(breakEven: number, full: number): readonly Trace[] {
  const random = seeded(7 * SPREAD);
  return [
    trace('flat', () => even(full * 0.95)),
    trace('day and night', (hour) => even(isDay(hour) ? full * 2 : full * 0.01)),
    trace('week', (hour) => even(isOffice(hour) ? full * 1.8 : 0)),
    trace('bursts', (hour) => (hour % 3 === 0 ? burst(full * 3, 10) : even(breakEven * 0.05))),
    // Pareto's distribution of index 1.5 has a third of its mean as its least value.
    trace('heavy tail', () => even((breakEven / 3) * (1 - random()) ** (-1 / 1.5))),
    trace('one spike', (hour) => even(hour === 400 ? full * 15 : breakEven * 0.2)),
    trace('growth', (hour) => even(breakEven * 0.1 * 60 ** (hour / HOURS))),
    trace('death', (hour) => even(hour < 12 * 24 ? full * 1.5 : 0)),
    trace('flapping', (hour) => even(breakEven * (Math.floor(hour / 48) % 2 === 0 ? 1.3 : 0.7))),
    trace('cron', () => burst(full, 1)),
  ];
}

function trace(name: string, at: (hour: number) => TraceHour): Trace {
  return { name, hours: Array.from({ length: HOURS }, (_, hour) => at(hour)) };
}

/** Requests that come all the hour long. */
function even(perSecond: number): TraceHour {
  return { requests: Math.round(perSecond * 3600), busiestMinute: Math.round(perSecond * 72) };
}

/** Requests that come in some minutes of the hour alone. */
function burst(perSecond: number, minutes: number): TraceHour {
  const each = Math.round(perSecond * 60);
  return { requests: each * minutes, busiestMinute: each };
}

function isDay(hour: number): boolean {
  return hour % 24 >= 8 && hour % 24 < 20;
}

function isOffice(hour: number): boolean {
  return Math.floor(hour / 24) % 7 < 5 && hour % 24 >= 8 && hour % 24 < 18;
}
