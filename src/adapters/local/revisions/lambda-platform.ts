import type { RevisionSpec } from '#ports/platform.ts';
import type { InstanceLimits } from './instance-pool.ts';
import type { InvocationLimits } from './invocation.ts';
import { onDemandRevision } from './on-demand-revision.ts';
import { type LocalPlatform, type PlatformOptions, revisionPlatform } from './revision-platform.ts';

/** `streamed`: of revisions that answer as their server writes. */
export type LambdaLimits = InstanceLimits &
  Pick<InvocationLimits, 'maxRequestBytes'> & {
    readonly streamed: Pick<InvocationLimits, 'timeoutMs'>;
  };

/** Emulates Lambda on one machine: instances start on demand and stop when idle. Quick ones answer several requests at once; further requests wait, so that a burst gets the answers that Lambda's additional instances would give. The manifest's `scaling.max` overrides `maxInstances`. */
export function lambdaPlatform(options: PlatformOptions, limits: LambdaLimits): LocalPlatform {
  const { maxRequestBytes, requestTimeoutMs: timeoutMs } = limits;
  const whole = { maxRequestBytes, timeoutMs };
  const streamed = { ...whole, ...limits.streamed };
  const limitsOf = ({ isStreaming }: RevisionSpec) => (isStreaming ? streamed : whole);
  return revisionPlatform(options, {
    target: 'lambda',
    limits: limitsOf,
    open(record, deps) {
      const { max: maxInstances = limits.maxInstances } = record.spec.scaling;
      const requestTimeoutMs = limitsOf(record.spec).timeoutMs;
      const own = { ...limits, maxInstances, requestTimeoutMs };
      return onDemandRevision(record, { ...deps, limits: own });
    },
  });
}
