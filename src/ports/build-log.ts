import type { LogLine, LogQuery } from './platform.ts';

/** Where a build writes its log: a CloudWatch Logs group and stream; on one machine a folder and a file in it. */
export type BuildLogRef = { readonly group: string; readonly stream: string };

/** The logs of builds. Fails with `PlatformDenied`, `PlatformThrottled`, `PlatformUnavailable`. */
export type BuildLog = {
  /** The last lines that the query asks for, oldest first; empty when the log does not exist. */
  tail(log: BuildLogRef, query: LogQuery): Promise<readonly LogLine[]>;
};
