import { type GpuLook, nvidiaGpus } from '#adapters/local/servers/gpus.ts';
import limits from '#domain/data/container-limits.json' with { type: 'json' };
import type { RevisionRef, Target } from '#domain/placement/target.ts';
import { ec2Platform } from './ec2-platform.ts';
import { fargatePlatform } from './fargate-platform.ts';
import type { InvocationLimits, RevisionHost } from './invocation.ts';
import { type LambdaLimits, lambdaPlatform } from './lambda-platform.ts';
import { revisionHosts } from './revision-hosts.ts';
import type { LocalPlatform, PlatformOptions } from './revision-platform.ts';

export type LocalPlatformsOptions = PlatformOptions & {
  readonly lambda: LambdaLimits;
  /** Defaults to AWS's limits; tests may override them. */
  readonly container?: InvocationLimits;
  readonly gpus?: GpuLook;
};

export type LocalPlatforms = {
  readonly platforms: Readonly<Record<Target, LocalPlatform>>;
  /** The revisions of all targets. */
  readonly host: RevisionHost;
  /** Makes sure that a server of it is ready. Fails with `RevisionFailed`. */
  start(ref: RevisionRef): Promise<void>;
  /** Ends all model servers, within 3 s. */
  close(): Promise<void>;
};

const CONTAINER: InvocationLimits = {
  maxRequestBytes: limits.requestMaxBytes,
  timeoutMs: limits.requestTimeoutSeconds * 1000,
};

/** The three targets on one machine, over the same model servers. */
export function localPlatforms(options: LocalPlatformsOptions): LocalPlatforms {
  const { container = CONTAINER, gpus = nvidiaGpus() } = options;
  const platforms = {
    lambda: lambdaPlatform(options, options.lambda),
    fargate: fargatePlatform(options, container),
    ec2: ec2Platform(options, container, gpus),
  };
  const all = Object.values(platforms);
  return {
    platforms,
    host: revisionHosts(all),
    start: ({ revision, target }) => platforms[target].start(revision),
    async close() {
      await Promise.all(all.map((platform) => platform.close()));
      await options.servers.close();
    },
  };
}
