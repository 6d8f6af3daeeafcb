import type { InstanceLimits } from './instance-pool.ts';
import type { InvocationLimits } from './invocation.ts';
import { onDemandRevision } from './on-demand-revision.ts';
import { type LocalPlatform, type PlatformOptions, revisionPlatform } from './revision-platform.ts';

export type LambdaLimits = InstanceLimits & Omit<InvocationLimits, 'timeoutMs'>;

/** Lambda's limits and habits on one machine: instances start on demand and stop when idle. They answer several requests at once where they are quick, and what they have no room for waits, so that a burst gets the answers that Lambda's further instances would give. The manifest's `scaling.max` goes before `maxInstances`. */
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
