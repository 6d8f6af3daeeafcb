/** A file outside the repository's own objects, with the hash that its bytes must have. */
export type StoredFile = {
  readonly path: string;
  readonly algorithm: 'sha256' | 'md5';
  readonly digest: string;
};

/** A file of a model at a commit: `name` is relative to the model's folder. */
export type ModelFile = {
  readonly name: string;
  readonly sizeBytes: number;
  readonly from: { readonly oid: string } | StoredFile;
};

/** Where the bytes behind pointers are, and what to do where they are not. */
export type Stores = {
  /** The folder of Git LFS in the repository. */
  readonly lfs: string;
  readonly lfsFix: string;
  /** The folders that hold what DVC keeps, and the folder of the bucket that a remote `s3://bucket/…` means; null where the bucket is not on this machine. */
  readonly dvc: readonly string[];
  readonly bucket: string | null;
  readonly dvcFix: string;
};
