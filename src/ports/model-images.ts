/** `tag` is as `imageTag` makes it, `digest` names the bytes: two tags may have one. It is empty of what a build has begun and not come to its end with. */
export type ModelImage = { readonly tag: string; readonly digest: string };

/** The images that artifacts were built into. Fails with `PlatformDenied`, `PlatformThrottled`, `PlatformUnavailable`. */
export type ModelImages = {
  /** All that are there. What has no tag is not among them, and goes by itself. */
  all(): Promise<readonly ModelImage[]>;
  /**
   * Takes the tag away, and the image with the last one that it has; what is gone is success.
   * False, and it stays, where the platform holds on to the image though no revision is of it.
   */
  remove(image: ModelImage): Promise<boolean>;
};
