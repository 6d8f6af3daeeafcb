import type { EnvironmentOrder } from '#domain/build/environment-image.ts';
import type { BuildOrder } from '#domain/build/order.ts';

/** One version of one object. A version is immutable: its bytes never change and its id is never re-used. */
export type ArtifactRef = {
  readonly bucket: string;
  readonly key: string;
  readonly versionId: string;
};

/** What a list of the store says of a version. */
export type ListedObject = ArtifactRef & {
  readonly sequencer: string;
  readonly lastModifiedMs: number;
};

/** Some versions, and the key to go on from; null at the end. */
export type ListedPage = {
  readonly objects: readonly ListedObject[];
  readonly next: string | null;
};

/**
 * What the store says of a version without its bytes.
 * `checksum` is the store's own, with its algorithm (`sha256` on one machine, S3's full-object `crc64nvme`): two are comparable only when the algorithms are equal.
 * `sequencer` orders the versions of one key only, `lastModifiedMs` (epoch) the keys of a model; it is empty where the store tells it only in its events.
 */
export type StoredObject = ListedObject & {
  readonly sizeBytes: number;
  readonly checksum: string;
};

/** A version under the relative path that its reader is to give it. */
export type NamedRef = ArtifactRef & { readonly name: string; readonly sizeBytes: number };

/** What a build is to do: package a model, or build what models are served by. */
export type GrantedOrder = BuildOrder | EnvironmentOrder;

/**
 * Ranged reads over one version, as an artifact's inspection needs them.
 * `read` answers the bytes from `start`, at most `length` of them; shorter only at the end.
 */
export type ByteSource = {
  readonly sizeBytes: number;
  read(start: number, length: number): Promise<Uint8Array>;
};

/**
 * The bucket: a versioned object store. Reads name a version, so an overwrite changes nothing of a deployment.
 * Fails with `ArtifactRejected` when the version is gone, `PlatformDenied`, `PlatformThrottled`, `PlatformUnavailable`.
 */
export type ArtifactStore = {
  /** Undefined when the version does not exist (deleted, or never there). */
  describe(ref: ArtifactRef): Promise<StoredObject | undefined>;
  /** The newest version of a key; undefined when there is none or it was deleted. */
  latest(bucket: string, key: string): Promise<StoredObject | undefined>;
  /** The newest version of each key that begins with `prefix`, by key; at most `limit` of them. */
  list(bucket: string, prefix: string, limit: number): Promise<readonly StoredObject[]>;
  /** The same of all keys after `after` (`''`: from the first), a page at a time and with no look at each object, which on AWS costs a request. */
  newest(bucket: string, prefix: string, after: string): Promise<ListedPage>;
  open(ref: ArtifactRef): Promise<ByteSource>;
  /**
   * The URL of a JSON object `{order, files: [{name, sizeBytes, url}]}` by which whoever holds it reads the order, and these versions under these names, and nothing else: on AWS for some hours, on one machine for as long as Slipway keeps its state.
   * `id` names it; the same id again replaces it.
   */
  grant(id: string, files: readonly NamedRef[], order: GrantedOrder): Promise<string>;
};
