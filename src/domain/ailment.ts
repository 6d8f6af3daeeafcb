import type { Damage } from './deployment.ts';
import { modelOf } from './identity.ts';

/** A live version's recent behaviour: its requests and how many of them failed (5xx) in the last five minutes, and how many of its servers ended by themselves in the last ten. */
export type RecentFailures = {
  readonly requests: number;
  readonly serverErrors: number;
  readonly ends: number;
};

/** The minutes that the counts of `RecentFailures` cover. */
export const REQUEST_MINUTES = 5;
export const END_MINUTES = 10;

const LEAST_REQUESTS = 10;
const FAILED_SHARE = 0.9;
const LOOP_ENDS = 3;

/** Why clients cannot rely on the answers of a live version; undefined where fewer than nine in ten of its requests failed, or it had fewer than ten. */
export function failing(
  revision: string,
  { requests, serverErrors }: RecentFailures,
): Damage | undefined {
  if (requests < LEAST_REQUESTS || serverErrors < FAILED_SHARE * requests) return undefined;
  const model = modelOf(revision);
  return {
    reason: `${revision} failed ${serverErrors} of its ${requests} requests in the last ${REQUEST_MINUTES} minutes`,
    fix: fixOf(model),
  };
}

/** Why clients cannot rely on the servers of a live version; undefined where fewer than three ended by themselves. */
export function restarting(revision: string, { ends }: RecentFailures): Damage | undefined {
  if (ends < LOOP_ENDS) return undefined;
  const model = modelOf(revision);
  return {
    reason: `${revision} restarts in a loop: its servers ended ${ends} times in the last ${END_MINUTES} minutes`,
    fix: fixOf(model),
  };
}

/** Everything that is wrong with a live version. */
export function ailmentsOf(revision: string, lately: RecentFailures): readonly Damage[] {
  return [failing(revision, lately), restarting(revision, lately)].filter((it) => it !== undefined);
}

function fixOf(model: string): string {
  return `\`slipway logs ${model}\` says more; \`slipway rollback ${model}\` makes the version before live again.`;
}
