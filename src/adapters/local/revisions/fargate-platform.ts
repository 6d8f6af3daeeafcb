import { alwaysOnRevision } from './always-on-revision.ts';
import type { InvocationLimits } from './invocation.ts';
import { type LocalPlatform, type PlatformOptions, revisionPlatform } from './revision-platform.ts';

/** Emulates Fargate on one machine: replicas that always run, each with its task's memory. */
export function fargatePlatform(options: PlatformOptions, limits: InvocationLimits): LocalPlatform {
  return revisionPlatform(options, {
    target: 'fargate',
    limits: () => limits,
    open: (record, deps) =>
      alwaysOnRevision(record, { ...deps, requestTimeoutMs: limits.timeoutMs }),
  });
}
