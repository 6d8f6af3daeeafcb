/** The private keys of a model's revisions; undefined for a day whose key was dropped. A day is that of a month, 1 to 31. Each key has 32 bytes. */
export type PrivateKeys = (revision: string, day: number) => PrivateKey | undefined;

/** A key of X25519 with its public half, 32 bytes each. */
export type PrivateKey = { readonly own: Uint8Array; readonly public: Uint8Array };

/**
 * The keys by which requests of clients are sealed: 31 for each revision, one for each day of a month, so that a day is forgotten by dropping its key.
 * Fails with `PlatformDenied`, `PlatformThrottled`, `PlatformUnavailable`, `StorageFull`.
 */
export type CaptureKeys = {
  /** The public keys of a revision, in base64, in the order of the days. Made at the first call; the same afterwards. */
  publish(model: string, revision: string): Promise<string>;
  /** The private keys of all revisions of a model; null where there is none, so that nothing can be opened. */
  open(model: string): Promise<PrivateKeys | null>;
  /** Drops the keys of these days of all revisions; what was sealed by them can never be opened again. Idempotent. */
  drop(model: string, days: readonly number[]): Promise<void>;
  /** Deletes all keys, private and public, of the model's revisions but these. Idempotent. */
  keepOnly(model: string, revisions: readonly string[]): Promise<void>;
};
