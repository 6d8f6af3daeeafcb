import type { Clock } from '#ports/clock.ts';
import type { Metrics } from '#ports/metrics.ts';

export type MemoryMetrics = Metrics & {
  /** Counts one answer of `revision` now. */
  record(revision: string, status: number): void;
};

const MINUTE_MS = 60_000;

/** Metrics as CloudWatch has them: a minute's counts are there as a whole, `lateMs` after the minute has ended. */
export function memoryMetrics({ clock, lateMs }: { clock: Clock; lateMs: number }): MemoryMetrics {
  const answers: { revision: string; status: number; minuteMs: number }[] = [];
  const toMinute = (timeMs: number) => timeMs - (timeMs % MINUTE_MS);

  return {
    record: (revision, status) =>
      void answers.push({ revision, status, minuteMs: toMinute(clock.now()) }),
    async traffic(revision, sinceMs) {
      const arrived = answers.filter(
        (answer) =>
          answer.revision === revision &&
          answer.minuteMs >= toMinute(sinceMs) &&
          answer.minuteMs + MINUTE_MS + lateMs <= clock.now(),
      );
      const serverErrors = arrived.filter(({ status }) => status >= 500).length;
      return { requests: arrived.length, serverErrors };
    },
  };
}
