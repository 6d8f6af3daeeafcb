/** A kind of file that holds a model or an archive of one, and everything that distinguishes it from other kinds. */
export type FileKind = {
  /** Its name in messages. */
  readonly what: string;
  /** Endings that only this kind has; one of `compressions` may follow each. */
  readonly endings: readonly string[];
  readonly compressions?: readonly string[];
  /** Endings that other kinds share, so that the first bytes decide. */
  readonly shared?: readonly string[];
  /** Endings that identify it among other files but start no deployment. */
  readonly inside?: readonly string[];
  /** A file name that identifies it in a folder. */
  readonly fileName?: string;
  /** Match the first bytes, in hex: `magic` is unique to this kind, `hint` is not. */
  readonly magic?: RegExp;
  readonly hint?: RegExp;
  /** It is not a model, but is often found where one should be. */
  readonly isStandIn?: true;
  /** It contains the model as files. */
  readonly isArchive?: true;
  /** The owner's remedy if it is not served; undefined if it is. */
  readonly fix?: string;
};
