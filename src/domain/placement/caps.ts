import { Failure } from '#domain/failure.ts';
import {
  type Accelerator,
  ANY_GPU,
  acceleratorOf,
  type Manifest,
} from '#domain/manifest/manifest.ts';
import { plainLimits, scheduledLimits } from './scale.ts';

/**
 * How much one model may take, by whoever runs Slipway; null is no cap.
 * `maxMonthlyUsd` holds what its replicas cost when as many run as may, all of 730 hours; what requests cost on Lambda is not in it.
 */
export type Caps = {
  readonly maxReplicas: number | null;
  /** Names of GPUs as a manifest has them; empty for none. */
  readonly allowedAccelerators: readonly string[] | null;
  readonly maxMonthlyUsd: number | null;
};

export const NO_CAPS: Caps = { maxReplicas: null, allowedAccelerators: null, maxMonthlyUsd: null };

/** The most replicas that a manifest asks for, at whatever time. */
export function mostReplicas({ scaling }: Manifest): number {
  const later = scaling.schedules.map((schedule) => scheduledLimits(scaling, schedule));
  return Math.max(...[plainLimits(scaling), ...later].map(({ max }) => max));
}

/** Fails with `ArtifactRejected` where a manifest asks for more replicas than any model may have, or for a GPU that none may. */
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

/** Any GPU is any of those that are allowed. */
function isAllowed({ name }: Accelerator, allowed: readonly string[]): boolean {
  return name === ANY_GPU ? allowed.length > 0 : allowed.includes(name);
}

/** How a cap is changed; the option of one machine is named as the parameter is. */
export function raise(cap: keyof Caps, to: string): string {
  return `Whoever runs this Slipway raises the cap by the parameter ${cap}=${to} (docs/deploy.md), on one machine by the option of that name.`;
}
