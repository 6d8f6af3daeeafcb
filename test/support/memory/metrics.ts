import { isRefusal } from '#domain/rollout/refusal-status.ts';
import type { Clock } from '#ports/clock.ts';
import type { Metrics } from '#ports/metrics.ts';

export type MemoryMetrics = Metrics & {
  /** Counts one answer of `revision` now. */
  record(revision: string, status: number): void;
  /** One answer of a language model was written at this pace. */
  wrote(revision: string, tokensPerSecond: number): void;
  /** The alarm is there, and rings or is quiet from now on; one that was never set is unknown. */
  ring(alarm: string, state?: 'ringing' | 'quiet'): void;
};

const MINUTE_MS = 60_000;

/** Metrics as CloudWatch has them: a minute's counts are there as a whole, `lateMs` after the minute has ended. */
export function memoryMetrics({ clock, lateMs }: { clock: Clock; lateMs: number }): MemoryMetrics {
  const answers: { revision: string; status: number; minuteMs: number }[] = [];
  const alarms = new Map<string, 'ringing' | 'quiet'>();
  const paces: { revision: string; tokensPerSecond: number; minuteMs: number }[] = [];
  const toMinute = (timeMs: number) => timeMs - (timeMs % MINUTE_MS);

  const hasArrived = (
    counted: { readonly revision: string; readonly minuteMs: number },
    revision: string,
    sinceMs: number,
  ) =>
    counted.revision === revision &&
    counted.minuteMs >= toMinute(sinceMs) &&
    counted.minuteMs + MINUTE_MS + lateMs <= clock.now();

  return {
    record: (revision, status) =>
      void answers.push({ revision, status, minuteMs: toMinute(clock.now()) }),
    ring: (alarm, state = 'ringing') => void alarms.set(alarm, state),
    wrote: (revision, tokensPerSecond) =>
      void paces.push({ revision, tokensPerSecond, minuteMs: toMinute(clock.now()) }),
    async pace({ revision }, sinceMs) {
      const arrived = paces.filter((pace) => hasArrived(pace, revision, sinceMs));
      const sum = arrived.reduce((total, { tokensPerSecond }) => total + tokensPerSecond, 0);
      return { answers: arrived.length, tokensPerSecond: sum / Math.max(1, arrived.length) };
    },
    async traffic({ revision }, sinceMs) {
      const arrived = answers.filter((answer) => hasArrived(answer, revision, sinceMs));
      const serverErrors = arrived.filter(({ status }) => status >= 500).length;
      const refused = arrived.filter(({ status }) => isRefusal(status)).length;
      return { requests: arrived.length, serverErrors, refused };
    },
    alarms: async (names) => ({
      ringing: names.filter((name) => alarms.get(name) === 'ringing'),
      unknown: names.filter((name) => !alarms.has(name)),
    }),
  };
}
