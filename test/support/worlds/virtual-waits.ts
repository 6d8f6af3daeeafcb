import type { TaskHandler } from '#adapters/local/workflow/workflow-engine.ts';
import { MACHINES, statesOf } from '../walk/asl.ts';

type Answer = Readonly<Record<string, unknown>> | null;

/** Wait states and retries take no time of the engine's: they move the clock instead. */
export const NO_WAITS = {
  waitTimeOverrides: noTime('Wait'),
  retryIntervalOverrides: noTime('Task'),
};

type Waited = { advance(ms: number): void | Promise<void> };

/**
 * Moves the clock by the Wait that follows a step's answer, or by the interval before it is tried again; a bake's slice is waited for before each judgement.
 * Each interval is `random` (0 to 1) of the longest that it may be, as with the jitter FULL; without it, the longest.
 */
export function virtualWaits(clock: Waited, random = () => 1) {
  let sliceSeconds = 0;
  let failures = 0;
  const pass = (seconds: number) => clock.advance(seconds * 1000);

  return (state: string, handler: TaskHandler): TaskHandler =>
    async (payload, stopped) => {
      if (state === 'JudgeBake') await pass(sliceSeconds);
      const answer = (await handler(payload, stopped).catch(async (error: unknown) => {
        await pass(random() * 2 ** failures);
        failures += 1;
        throw error;
      })) as Answer;
      failures = 0;
      if (answer && 'sliceSeconds' in answer) sliceSeconds = Number(answer['sliceSeconds']);
      await pass(waitSeconds(answer));
      return answer;
    };
}

function waitSeconds(answer: Answer): number {
  const isLooking = answer?.['kind'] === 'held' || answer?.['kind'] === 'pending';
  return Number((isLooking ? answer?.['retrySeconds'] : answer?.['drainSeconds']) ?? 0);
}

function noTime(type: 'Wait' | 'Task'): Record<string, number> {
  const found = MACHINES.flatMap((machine) => statesOf(machine, type));
  return Object.fromEntries(found.map((name) => [name, 0]));
}
