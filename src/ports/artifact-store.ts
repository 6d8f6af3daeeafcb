import type { EnvironmentOrder } from '#domain/build/environment-image.ts';
import type { BuildOrder } from '#domain/build/order.ts';

/** One version of one object. A version is immutable: its bytes never change and its id is never re-used. */
export type ArtifactRef = {
  readonly bucket: string;
  readonly key: string;
  readonly versionId: string;
};

/** A version as a listing of the store shows it. */
export type ListedObject = ArtifactRef & {
  readonly sequencer: string;
  readonly lastModifiedMs: number;
};

/** The scope of a listing: at most `limit` keys, for which `isWanted` is true of the part after the prefix. */
export type Wanted = { readonly limit: number; readonly isWanted: (rest: string) => boolean };

/** One page of versions. `next` is the key to continue from, null on the last page. */
export type ListedPage = {
  readonly objects: readonly ListedObject[];
  readonly next: string | null;
};

/**
 * A version's metadata, without its bytes.
 * `checksum` is the store's own, with its algorithm (`sha256` on one machine, S3's full-object `crc64nvme`): compare two only when their algorithms match.
 * `owner` is the user whose file it was, on one machine; `claims` is who its uploader says to be, as written beside it.
 * `sequencer` orders the versions of one key only, and is empty where the store reports it only in events. `lastModifiedMs` (epoch) orders the keys of a model.
 */
export type StoredObject = ListedObject & {
  readonly sizeBytes: number;
  readonly checksum: string;
  readonly owner?: string;
  readonly claims?: string;
};

/** A version, and the relative path under which its reader stores it. */
export type NamedRef = ArtifactRef & { readonly name: string; readonly sizeBytes: number };

/** A build packages a model, or makes an environment that serves models. */
export type GrantedOrder = BuildOrder | EnvironmentOrder;

/**
 * Ranged reads over one version, for inspecting an artifact.
 * `read` returns at most `length` bytes from `start`; fewer only at the end.
 */
export type ByteSource = {
  readonly sizeBytes: number;
  /** Where a read decompresses what is before it: how many bytes that are, up to the end. */
  readonly streamedBytes?: number;
  read(start: number, length: number): Promise<Uint8Array>;
};

/**
 * The bucket: a versioned object store. Reads name a version, so an overwrite does not affect a running deployment.
 * Fails with `ArtifactRejected` when the version is gone, `PlatformDenied`, `PlatformThrottled`, `PlatformUnavailable`.
 */
export type ArtifactStore = {
  /** Undefined when the version does not exist (deleted, or never there). */
  describe(ref: ArtifactRef): Promise<StoredObject | undefined>;
  /** The newest version of a key; undefined when there is none or it was deleted. */
  latest(bucket: string, key: string): Promise<StoredObject | undefined>;
  /** The newest version of each key that begins with `prefix`, by key. */
  list(bucket: string, prefix: string, wanted: Wanted): Promise<readonly StoredObject[]>;
  /** Like `list`, for all keys after `after` (`''`: from the first), one page at a time. It does not describe each object, which on AWS costs a request. */
  newest(bucket: string, prefix: string, after: string): Promise<ListedPage>;
  open(ref: ArtifactRef): Promise<ByteSource>;
  /**
   * Returns the URL of a JSON object `{order, files: [{name, sizeBytes, url}]}`, by which a build can read the order, and these versions under these names, and nothing else: on AWS for some hours, on one machine for as long as Slipway keeps its state.
   * For a model on AWS it is an `s3:` URL, by which the role of the build alone can read it, and only the role of Dockerfiles' builds an order that leaves an image; for an environment, whose order leads to no file, whoever holds the URL can.
   * `id` names the grant; granting the same id again gives another.
   */
  grant(id: string, files: readonly NamedRef[], order: GrantedOrder): Promise<string>;
  /**
   * A new place, as the URL of an object without its ending, where the build of a Dockerfile leaves its image for the build that pushes it; nobody can guess it.
   * Null on one machine, where one build does both.
   */
  imagePlace(id: string): string | null;
};
