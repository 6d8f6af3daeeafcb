import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { syncFolder } from '#adapters/local/bucket/object-store.ts';
import { keyRecord } from '#adapters/local/files/key-record.ts';
import { storageFailure } from '#adapters/local/registry/storage-failure.ts';
import { type ApiKey, type KeyLimits, type KeyModels, newKey } from '#domain/api-key.ts';
import { Failure } from '#domain/failure.ts';
import type { Role } from '#domain/key-role.ts';
import type { Clock } from '#ports/clock.ts';

/** The roles of a key that was made without any. */
const BOTH = ['see', 'drop'] as const;

const stored = z.extend(keyRecord, {
  roles: z._default(z.array(z.enum(BOTH)), [...BOTH]),
  secret: z.string(),
});

/** A key of the S3 API: its id is the access key id. A signature is checked by making it again, so the secret itself has to be kept. */
export type S3Key = ApiKey & { readonly secret: string };

/** The keys of the S3 API of one machine. */
export type S3Keys = {
  /** Fails with `InputInvalid` as `newKey` does and for roles other than `see` and `drop`, and with `StorageFull`, `PlatformDenied` or `PlatformUnavailable` as the disk does. */
  create(name: string, models: KeyModels, limits?: KeyLimits): Promise<S3Key>;
  /** Oldest first. */
  list(): readonly ApiKey[];
  find(id: string): S3Key | undefined;
  /** Removes the only copy of the secret; false where no key has the id. The key opens nothing from then on; where its file stays (`PlatformDenied`, `PlatformUnavailable`) it is still listed, and can be revoked again. */
  revoke(id: string): Promise<boolean>;
};

type Options = {
  readonly directory: string;
  readonly clock: Pick<Clock, 'now'>;
  readonly onProblem: (error: unknown) => void;
};

const ENDING = '.json';

/** Keeps each key in a file of its own, which only its owner may read. A file that cannot be read is reported, and its key opens nothing. */
export function folderS3Keys({ directory, clock, onProblem }: Options): S3Keys {
  const keys = new Map<string, S3Key>();
  const revoked = new Set<string>();
  for (const name of existsSync(directory) ? readdirSync(directory) : []) {
    if (!name.endsWith(ENDING)) continue;
    const key = readKeyFile(join(directory, name), onProblem);
    if (key) keys.set(key.id, key);
  }
  const fileOf = (id: string) => join(directory, `${id}${ENDING}`);

  return {
    async create(name, models, { roles = BOTH, ...limits } = {}) {
      requireRoles(roles);
      const about = { name, models, createdAtMs: clock.now(), ...limits, roles };
      const { key: secret, record } = await newKey(randomBytes(32), about);
      const key = { ...record, secret };
      const path = fileOf(key.id);
      try {
        await mkdir(directory, { recursive: true, mode: 0o700 });
        await writeFile(`${path}.new`, JSON.stringify(key), { mode: 0o600, flush: true });
        await rename(`${path}.new`, path);
      } catch (error) {
        throw storageFailure(error, path);
      }
      keys.set(key.id, key);
      return key;
    },
    list: () =>
      [...keys.values()]
        .map(({ secret: _, ...record }) => record)
        .toSorted((one, other) => one.createdAtMs - other.createdAtMs),
    find: (id) => (revoked.has(id) ? undefined : keys.get(id)),
    async revoke(id) {
      if (!keys.has(id)) return false;
      revoked.add(id);
      try {
        await rm(fileOf(id), { force: true });
        await syncFolder(directory);
      } catch (error) {
        throw storageFailure(error, fileOf(id));
      }
      return keys.delete(id);
    },
  };
}

function readKeyFile(path: string, onProblem: (error: unknown) => void): S3Key | undefined {
  try {
    return stored.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (cause) {
    onProblem(
      new Failure('InputInvalid', `${path} is not a key of the S3 API`, {
        cause,
        fix: 'Remove the file, and make a new key with `slipway keys create`.',
      }),
    );
    return undefined;
  }
}

function requireRoles(roles: readonly Role[]): void {
  const other = roles.find((role) => role !== 'see' && role !== 'drop');
  if (other === undefined) return;
  throw new Failure('InputInvalid', `a key of the S3 API cannot have the role ${other}`, {
    fix: 'Its roles are see and drop; a key without --s3 may have the others.',
  });
}
