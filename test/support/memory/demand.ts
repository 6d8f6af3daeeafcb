import type { CalledHour } from '#domain/placement/learnt.ts';
import { calledHoursOf } from '#domain/placement/logged-hours.ts';
import type { DemandHistory } from '#ports/demand-history.ts';

export type MemoryDemand = DemandHistory & {
  /** Clients call a model so often at that time (epoch ms). */
  call(model: string, atMs: number, times: number): void;
  /** Clients have called a model in these hours. */
  called(model: string, hours: readonly CalledHour[]): void;
};

const MINUTE_MS = 60_000;

export function memoryDemand(): MemoryDemand {
  const whole = new Map<string, readonly CalledHour[]>();
  const minutes = new Map<string, Map<number, number>>();
  return {
    call(model, atMs, times) {
      const counted = minutes.get(model) ?? new Map<number, number>();
      const minuteMs = atMs - (atMs % MINUTE_MS);
      counted.set(minuteMs, (counted.get(minuteMs) ?? 0) + times);
      minutes.set(model, counted);
    },
    called: (model, hours) => void whole.set(model, hours),
    hours: async ({ model }, sinceMs) =>
      [...(whole.get(model) ?? []), ...calledHoursOf(minutes.get(model) ?? new Map())].filter(
        ({ atMs }) => atMs >= sinceMs,
      ),
  };
}
