import type { TargetDecision } from '#domain/deployment.ts';

/** How to get more memory for functions in an account that allows them little: AWS has no quota for it. */
export const LIFT_MEMORY_LIMIT =
  'New accounts have this limit, and Service Quotas does not show it: open a case with AWS Support (Service limit increase, Lambda, "memory of a function, to 10,240 MB").';

// After a day a larger function is tried again, in case AWS has lifted the limit: if not, one call is rejected.
const BELIEVED_MS = 86_400_000;

/** The most memory (MiB) that the account allows a function, as far as known at `nowMs` (epoch); undefined where nothing is known. */
export function knownFunctionMemory(
  limit: { readonly mostMiB: number; readonly learntAtMs: number } | undefined,
  nowMs: number,
): number | undefined {
  return limit && nowMs - limit.learntAtMs < BELIEVED_MS ? limit.mostMiB : undefined;
}

/** Whether AWS would reject a function that was chosen before the limit was known. */
export function isOutgrown(
  { target, memoryMiB }: Pick<TargetDecision, 'target' | 'memoryMiB'>,
  mostMiB: number | undefined,
): boolean {
  return target === 'lambda' && mostMiB !== undefined && memoryMiB > mostMiB;
}
