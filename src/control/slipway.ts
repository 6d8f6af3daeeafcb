import type { Storage } from './data-folder.ts';
import type { Walls } from './models.ts';
import type { Control } from './operation.ts';
import type { everywhere } from './operations.ts';

/** One object to upload to the bucket; `file` is null for an empty one. `onSent` gets the bytes uploaded so far. */
export type Upload = {
  readonly key: string;
  readonly file: string | null;
  readonly signal: AbortSignal;
  readonly onSent: (bytes: number) => void;
};

/** `deploymentId` is null when the key starts no deployment. */
export type Uploaded = {
  readonly key: string;
  readonly versionId: string;
  readonly sizeBytes: number;
  readonly deploymentId: string | null;
};

/**
 * A Slipway as its users see it, wherever it runs: on this machine, or in an AWS account.
 * Fails with `InputInvalid` for an unknown model or cursor, `PhaseConflict` for a request that comes too late, `PlatformDenied`, `PlatformThrottled`, `PlatformUnavailable`.
 */
export type Slipway = Control<typeof everywhere> & {
  /** The base of a model's URLs, whether or not it is live. */
  endpoint(model: string): string;
  /** Null in an account, whose bucket has its own rules for old versions. */
  storage(): Promise<Storage | null>;
  /** Null in an account, where each model has its own container or virtual machine. */
  walls(): Promise<Walls | null>;
  /** Leaves nothing behind when `signal` ends it. */
  upload(upload: Upload): Promise<Uploaded>;
};
