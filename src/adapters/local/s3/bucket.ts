import type { Readable } from 'node:stream';
import type { FolderStore } from '#adapters/local/bucket/folder-store.ts';
import type { ObjectVersions } from '#adapters/local/bucket/object-versions.ts';
import { isForModel } from '#domain/api-key.ts';
import type { Clock } from '#ports/clock.ts';
import type { MultipartUploads } from './multipart-uploads.ts';
import { refusal } from './refusal.ts';
import type { S3Key } from './s3-keys.ts';

/** How a deployment that an object started stands. */
export type Started = {
  readonly state: string;
  readonly reason: string | null;
  readonly version: number | null;
};

/** The bucket of one machine, as its S3 API needs it. */
export type S3Bucket = {
  readonly name: string;
  readonly store: Pick<FolderStore, 'put' | 'remove' | 'problem' | 'objectPath' | 'whileUploading'>;
  readonly versions: Pick<
    ObjectVersions,
    'latest' | 'newestMarked' | 'find' | 'findMarked' | 'newestFrom' | 'versionsFrom' | 'aboutOf'
  >;
  readonly uploads: MultipartUploads;
  /** The deployment that this version started; undefined where it started none. */
  readonly started: (key: string, versionId: string) => Promise<Started | undefined>;
  readonly clock: Pick<Clock, 'now'>;
};

export type S3Answer = {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Readable;
};

/** A key for some models reads and writes their folders alone. */
export function requireRight(caller: S3Key, key: string): void {
  if (hasRight(caller, key)) return;
  const models = caller.models === 'all' ? [] : caller.models;
  throw refusal(
    'AccessDenied',
    `Access Denied: the key ${caller.name} is for ${models.map((model) => `models/${model}/`).join(', ')}`,
  );
}

export function hasRight(caller: S3Key, key: string): boolean {
  if (caller.models === 'all') return true;
  const [root, model, ...path] = key.split('/');
  return root === 'models' && model !== undefined && path.length > 0 && isForModel(caller, model);
}
