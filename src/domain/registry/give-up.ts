import type { Deployment, Trouble } from '#domain/deployment.ts';
import { HOUR_MS } from '#domain/durations.ts';
import { hasBegun } from '#domain/phase.ts';

/** How long a deployment waits for its turn. */
const LONGEST_WAIT_HOURS = 2;

/**
 * Why a deployment that waits for its model's lease ends; undefined while it goes on waiting. `holder` is the deployment that holds the lease.
 * An aborted deployment that has made nothing has nothing to roll back. A deployment that has waited two hours is given up.
 */
export function whyGivenUp(
  { trouble, intents, kind, model, phase, admittedAtMs, work }: Deployment,
  holder: string,
  nowMs: number,
): Trouble | undefined {
  if (trouble && !hasBegun(phase) && intents.length === 0) return trouble;
  // Until a person has answered, or containers are on, it does not wait for its turn.
  const sinceMs = work.awaits?.untilMs ?? work.promotion?.approval?.atMs ?? admittedAtMs;
  if (nowMs - sinceMs <= LONGEST_WAIT_HOURS * HOUR_MS) return undefined;
  const again = kind === 'deploy' ? 'upload the model again' : `ask for the ${kind} again`;
  return {
    name: 'WaitedTooLong',
    reason: `waited ${LONGEST_WAIT_HOURS} h for deployment ${holder} of the model, which is still under way`,
    fix: `See what it does with \`slipway events --model ${model}\`, end it with \`slipway abort ${model}\`, and ${again}.`,
  };
}
