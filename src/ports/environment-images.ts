/** The images of environments that are built already. Fails with `PlatformDenied`, `PlatformThrottled`, `PlatformUnavailable`. */
export type EnvironmentImages = {
  /** Those of the tags that no image has, in the same order. */
  missing(tags: readonly string[]): Promise<readonly string[]>;
};
