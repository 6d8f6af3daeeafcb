import { Failure } from '#domain/failure.ts';
import {
  type Accelerator,
  ANY_GPU,
  acceleratorOf,
  type Manifest,
} from '#domain/manifest/manifest.ts';
import { plainLimits, scheduledLimits } from './scale.ts';

/**
 * The operator's limits on one model; null means no limit.
 * `maxMonthlyUsd` limits the cost of the most replicas that may run, for all of 730 hours; it does not include the cost of requests on Lambda.
 */
export type Caps = {
  readonly maxReplicas: number | null;
  /** Names of GPUs as in a manifest; empty allows no GPU. */
  readonly allowedAccelerators: readonly string[] | null;
  readonly maxMonthlyUsd: number | null;
};

export const NO_CAPS: Caps = { maxReplicas: null, allowedAccelerators: null, maxMonthlyUsd: null };

/** The most replicas that a manifest requests at any time. */
export function mostReplicas({ scaling }: Manifest): number {
  const later = scaling.schedules.map((schedule) => scheduledLimits(scaling, schedule));
  return Math.max(...[plainLimits(scaling), ...later].map(({ max }) => max));
}

/** Fails with `ArtifactRejected` where a manifest requests more replicas than any model may have, or a GPU that no model may have. */
export function requireWithinCaps(
  manifest: Manifest,
  { maxReplicas, allowedAccelerators }: Caps,
): void {
  const replicas = mostReplicas(manifest);
  if (maxReplicas !== null && replicas > maxReplicas) {
    throw new Failure(
      'ArtifactRejected',
      `scaling in model.yaml asks for up to ${replicas} replicas; the cap maxReplicas is ${maxReplicas}`,
      {
        fix: `Lower scaling.max, and that of each schedule, to ${maxReplicas} or less. ${raise('maxReplicas', String(replicas))}`,
      },
    );
  }
  const accelerator = acceleratorOf(manifest);
  if (accelerator && allowedAccelerators && !isAllowed(accelerator, allowedAccelerators)) {
    const allowed = allowedAccelerators.join(',');
    throw new Failure(
      'ArtifactRejected',
      `resources.accelerator in model.yaml asks for ${accelerator.count} ${accelerator.name}; the cap allowedAccelerators is ${allowed || 'none'}`,
      {
        fix: `Ask for ${allowed ? `one of ${allowed}, or for none` : 'none'}. ${raise('allowedAccelerators', [allowed, accelerator.name].filter(Boolean).join(','))}`,
      },
    );
  }
}

/** `any` means any of the allowed GPUs. */
function isAllowed({ name }: Accelerator, allowed: readonly string[]): boolean {
  return name === ANY_GPU ? allowed.length > 0 : allowed.includes(name);
}

/** How to change a cap; the option on one machine has the same name as the parameter. */
export function raise(cap: keyof Caps, to: string): string {
  return `Whoever runs this Slipway raises the cap by the parameter ${cap}=${to} (docs/deploy.md), on one machine by the option of that name.`;
}
