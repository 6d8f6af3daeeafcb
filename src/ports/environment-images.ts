/** The images of environments that are built already. Fails with `PlatformDenied`, `PlatformThrottled`, `PlatformUnavailable`. */
export type EnvironmentImages = {
  /** Those of the tags that no image has, in the same order. */
  missing(tags: readonly string[]): Promise<readonly string[]>;
};

/** The same where they stay until somebody takes them away. */
export type UnusedEnvironments = {
  /**
   * Takes away those that no image of a model is made of, but for what was made in the last hour, and answers their tags.
   * None goes when `isBusy`; from that question on until they are gone nobody is told that one of them is there.
   */
  clear(isBusy: () => Promise<boolean>): Promise<readonly string[]>;
};
