import type { InstanceLimits } from './instance-pool.ts';
import type { InvocationLimits } from './invocation.ts';
import { onDemandRevision } from './on-demand-revision.ts';
import { type LocalPlatform, type PlatformOptions, revisionPlatform } from './revision-platform.ts';

export type LambdaLimits = InstanceLimits & Omit<InvocationLimits, 'timeoutMs'>;

/** Emulates Lambda on one machine: instances start on demand and stop when idle. Quick ones answer several requests at once; further requests wait, so that a burst gets the answers that Lambda's additional instances would give. The manifest's `scaling.max` overrides `maxInstances`. */
export function lambdaPlatform(options: PlatformOptions, limits: LambdaLimits): LocalPlatform {
  const { maxRequestBytes, maxResponseBytes, requestTimeoutMs: timeoutMs } = limits;
  return revisionPlatform(options, {
    target: 'lambda',
    limits: { maxRequestBytes, maxResponseBytes, timeoutMs },
    open(record, deps) {
      const { max: maxInstances = limits.maxInstances } = record.spec.scaling;
      return onDemandRevision(record, { ...deps, limits: { ...limits, maxInstances } });
    },
  });
}
