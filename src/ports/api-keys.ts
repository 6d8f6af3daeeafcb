import type { ApiKey, KeyLimits, KeyModels } from '#domain/api-key.ts';

/**
 * The API keys of the models' callers. A write is visible to every later call.
 * Every call may fail with `PlatformDenied`, `PlatformThrottled` or `PlatformUnavailable`.
 */
export type ApiKeys = {
  /** Makes a key, which nobody can read again. Fails with `InputInvalid` as `newKey` does. A failed call may leave a record in the list, but nobody holds its key. */
  create(
    name: string,
    models: KeyModels,
    limits?: KeyLimits,
  ): Promise<{ readonly key: string; readonly record: ApiKey }>;
  /** Oldest first. */
  list(): Promise<readonly ApiKey[]>;
  /** From now on the key opens nothing. Revoking an unknown id is a no-op. */
  revoke(id: string): Promise<void>;
  /** Looks a key up by its hash; undefined when it is unknown or revoked. One that has expired is found. */
  find(hash: string): Promise<ApiKey | undefined>;
};
