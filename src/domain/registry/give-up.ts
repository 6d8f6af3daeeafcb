import type { Deployment, Trouble } from '#domain/deployment.ts';

/** How long a deployment waits for its turn. */
const LONGEST_WAIT_HOURS = 2;
const HOUR_MS = 3_600_000;

/**
 * Why a deployment ends that waits while `holder`, another deployment, holds its model's lease; undefined while it goes on.
 * One that was aborted before it made anything has nothing to put back, and one whose turn does not come within two hours is given up.
 */
export function whyGivenUp(
  { trouble, intents, kind, model, phase, admittedAtMs }: Deployment,
  holder: string,
  nowMs: number,
): Trouble | undefined {
  const hasBegun = (phase !== 'Admitted' && phase !== 'Waiting') || intents.length > 0;
  if (trouble && !hasBegun) return trouble;
  if (nowMs - admittedAtMs <= LONGEST_WAIT_HOURS * HOUR_MS) return undefined;
  const again = kind === 'deploy' ? 'upload the model again' : `ask for the ${kind} again`;
  return {
    name: 'WaitedTooLong',
    reason: `waited ${LONGEST_WAIT_HOURS} h for deployment ${holder} of the model, which is still under way`,
    fix: `See what it does with \`slipway events --model ${model}\`, end it with \`slipway abort ${model}\`, and ${again}.`,
  };
}
