import type { TaskHandler } from '#adapters/local/workflow-engine.ts';
import type { FakeClock } from '../clock/fake-clock.ts';
import { MACHINES, statesOf } from '../walk/asl.ts';

type Answer = Readonly<Record<string, unknown>> | null;

/** Wait states and retries take no time of the engine's: the clock is moved by what they would take. */
export const NO_WAITS = {
  waitTimeOverrides: noTime('Wait'),
  retryIntervalOverrides: noTime('Task'),
};

/** Moves the clock by the Wait that follows a step's answer, or by the interval before it is tried again; a bake's slice is waited for before each judgement. */
export function virtualWaits(clock: Pick<FakeClock, 'advance'>) {
  let sliceSeconds = 0;
  let failures = 0;
  const pass = (seconds: number) => clock.advance(seconds * 1000);

  return (state: string, handler: TaskHandler): TaskHandler =>
    async (payload, stopped) => {
      if (state === 'JudgeBake') pass(sliceSeconds);
      const answer = (await handler(payload, stopped).catch((error: unknown) => {
        pass(2 ** failures);
        failures += 1;
        throw error;
      })) as Answer;
      failures = 0;
      if (answer && 'sliceSeconds' in answer) sliceSeconds = Number(answer['sliceSeconds']);
      pass(waitSeconds(answer));
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
