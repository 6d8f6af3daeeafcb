/** `tag` is as `imageTag` makes it. `digest` names the bytes, so two tags may share one; it is empty while a build is unfinished. */
export type ModelImage = { readonly tag: string; readonly digest: string };

/** The images built from artifacts. Fails with `PlatformDenied`, `PlatformThrottled`, `PlatformUnavailable`. */
export type ModelImages = {
  /** All tagged images. Untagged ones expire by themselves. */
  all(): Promise<readonly ModelImage[]>;
  /**
   * Removes the tag, and the image with its last tag; a no-op when it is gone.
   * Returns false, and keeps the image, when the platform still holds on to it although no revision runs it.
   */
  remove(image: ModelImage): Promise<boolean>;
};
