/** Where a build writes: CloudWatch Logs' group and stream; on one machine a folder and a file in it. */
export type BuildLogRef = { readonly group: string; readonly stream: string };

/** What builds wrote. Fails with `PlatformDenied`, `PlatformThrottled`, `PlatformUnavailable`. */
export type BuildLog = {
  /** The last lines, oldest first, at most `lines` of them; empty when there is no such log. */
  tail(log: BuildLogRef, lines: number): Promise<readonly string[]>;
};
