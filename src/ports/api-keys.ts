import type { ApiKey, KeyModels } from '#domain/api-key.ts';

/**
 * The keys that callers of models have. What is written is seen by every call after it.
 * Every call may fail with `PlatformDenied`, `PlatformThrottled` or `PlatformUnavailable`.
 */
export type ApiKeys = {
  /** Makes a key, which nobody can read again. Fails with `InputInvalid` as `newKey` does; nobody has a key that a failed call may have left in the list. */
  create(
    name: string,
    models: KeyModels,
  ): Promise<{ readonly key: string; readonly record: ApiKey }>;
  /** Oldest first. */
  list(): Promise<readonly ApiKey[]>;
  /** The key opens nothing from now on; an unknown id is success. */
  revoke(id: string): Promise<void>;
  /** By the key's hash; undefined for one that is unknown or revoked. */
  find(hash: string): Promise<ApiKey | undefined>;
};
