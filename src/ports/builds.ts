import type { BuildLogRef } from './build-log.ts';

/** A phase of a build: its name and status as CodeBuild writes them (`PRE_BUILD`, `FAILED`); `status` is empty and `seconds` null while it runs. */
export type BuildPhase = {
  readonly name: string;
  readonly status: string;
  readonly seconds: number | null;
};

/** How a build stands. `phase` is the one that runs, or ran last; `log` is null until it writes one. */
export type Build = {
  readonly of: 'environment' | 'image';
  readonly status: 'IN_PROGRESS' | 'SUCCEEDED' | 'FAILED' | 'STOPPED' | 'TIMED_OUT' | 'FAULT';
  readonly phase: string;
  readonly phases: readonly BuildPhase[];
  readonly log: BuildLogRef | null;
};

/** The builds of deployments: CodeBuild's, or this machine's own. Fails with `PlatformDenied`, `PlatformThrottled`, `PlatformUnavailable`. */
export type Builds = {
  /** The newest build of a deployment; undefined when it has none, or one that is over was forgotten. */
  find(deploymentId: string): Promise<Build | undefined>;
  /** Stops what is being built for a deployment; nothing is success. Its end is told to whoever waits for it, as a build that was stopped. */
  stop(deploymentId: string): Promise<void>;
};
