/** The environment images built so far. Fails with `PlatformDenied`, `PlatformThrottled`, `PlatformUnavailable`. */
export type EnvironmentImages = {
  /** Returns the tags that no image has, in the given order. */
  missing(tags: readonly string[]): Promise<readonly string[]>;
};

/** Environment images that stay until somebody removes them. */
export type UnusedEnvironments = {
  /**
   * Removes the environments that no model image is based on, except those made in the last hour, and returns their tags.
   * Removes none when `isBusy`. From that check until they are gone, no caller is told that one of them exists.
   */
  clear(isBusy: () => Promise<boolean>): Promise<readonly string[]>;
};
