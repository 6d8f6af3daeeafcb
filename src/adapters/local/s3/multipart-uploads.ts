import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { requireRoom } from '#adapters/local/bucket/object-store.ts';
import { errorCode, isAbsence } from '#adapters/local/files/file-state.ts';
import { storageFailure } from '#adapters/local/registry/storage-failure.ts';
import { Failure } from '#domain/failure.ts';
import type { Clock } from '#ports/clock.ts';

const algorithm = z.enum(['crc32', 'crc32c', 'crc64nvme', 'sha1', 'sha256']);

const upload = z.object({
  id: z.string(),
  key: z.string(),
  /** The id of the S3 key that began it. */
  by: z.string(),
  headers: z.record(z.string(), z.string()),
  checksum: z.nullable(z.object({ algorithm, type: z.enum(['FULL_OBJECT', 'COMPOSITE']) })),
  createdAtMs: z.number(),
});

const part = z.object({
  number: z.number(),
  /** The name of the file with its bytes. */
  file: z.string(),
  /** In hexadecimal. */
  md5: z.string(),
  sizeBytes: z.number(),
  checksum: z.nullable(z.object({ algorithm, value: z.string() })),
  atMs: z.number(),
});

/** An object that is uploaded in parts. */
export type MultipartUpload = z.infer<typeof upload>;

/** A part that has arrived whole. */
export type Part = z.infer<typeof part>;

type Arriving = {
  readonly number: number;
  readonly sizeBytes: number;
  readonly bytes: AsyncIterable<Uint8Array>;
  /** Asked once all bytes have arrived. */
  readonly about: () => Pick<Part, 'md5' | 'checksum'>;
};

/**
 * The uploads in parts that are under way, also over a restart: nothing of them is in the bucket before they are complete.
 * Fails with `StorageFull`, `PlatformDenied`, `PlatformUnavailable`.
 */
export type MultipartUploads = {
  begin(about: Omit<MultipartUpload, 'id' | 'createdAtMs'>): Promise<MultipartUpload>;
  find(id: string): Promise<MultipartUpload | undefined>;
  /** All, by key and id; one whose file is broken is reported. */
  list(): Promise<readonly MultipartUpload[]>;
  /** Keeps a part, durably, in the place of an earlier one of its number. */
  keep(id: string, arriving: Arriving): Promise<Part>;
  /** The parts that have arrived, by number. */
  parts(id: string): Promise<readonly Part[]>;
  read(id: string, part: Part): AsyncIterable<Uint8Array>;
  remove(id: string): Promise<void>;
};

/** An upload that no part has come of for so long is removed. */
const KEPT_MS = 24 * 3_600_000;
// Each read has a file open, and a process may open few.
const READS_AT_ONCE = 16;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const ABOUT = 'upload.json';
const PART = /^part-\d{5}\.json$/;

/** Keeps each upload in a folder of its own below `directory`, which is on the bucket's disk. */
export function multipartUploads(
  directory: string,
  clock: Pick<Clock, 'now'>,
  onProblem: (error: unknown) => void,
): MultipartUploads {
  const folderOf = (id: string) => join(directory, id);
  const partFile = (id: string, number: number) =>
    join(folderOf(id), `part-${String(number).padStart(5, '0')}.json`);

  const ids = () => readdir(directory).catch(unlessAbsent);

  async function removeOld(): Promise<void> {
    for (const id of await ids()) {
      const changed = await stat(folderOf(id)).catch(() => undefined);
      if (changed && changed.mtimeMs < clock.now() - KEPT_MS) await remove(id);
    }
  }

  async function remove(id: string): Promise<void> {
    await rm(folderOf(id), { recursive: true, force: true });
  }

  async function find(id: string): Promise<MultipartUpload | undefined> {
    // An id comes from a client, and becomes a path.
    if (!UUID.test(id)) return undefined;
    return readJson(join(folderOf(id), ABOUT), upload);
  }

  /** One broken upload hides no other. */
  async function findSound(id: string): Promise<MultipartUpload | undefined> {
    try {
      return await find(id);
    } catch (cause) {
      const path = folderOf(id);
      onProblem(
        new Failure('InputInvalid', `${path} is not an upload in parts`, {
          cause,
          fix: 'Remove the folder, and upload the object again.',
        }),
      );
      return undefined;
    }
  }

  return {
    begin: (about) =>
      translated(directory, async () => {
        await removeOld();
        const begun = { ...about, id: randomUUID(), createdAtMs: clock.now() };
        await mkdir(folderOf(begun.id), { recursive: true, mode: 0o700 });
        await writeJson(join(folderOf(begun.id), ABOUT), begun);
        return begun;
      }),
    find,
    async list() {
      const all = await fewAtOnce(await ids(), findSound);
      return all
        .flatMap((each) => each ?? [])
        .toSorted((one, other) => inOrder(one.key, other.key) || (one.id < other.id ? -1 : 1));
    },
    keep: (id, { number, sizeBytes, bytes, about }) =>
      translated(directory, async () => {
        await requireRoom(directory, sizeBytes);
        const file = randomUUID();
        const path = join(folderOf(id), file);
        try {
          await writeFile(path, bytes, { mode: 0o600, flush: true });
          const before = await readJson(partFile(id, number), part);
          const kept = { number, file, sizeBytes, ...about(), atMs: clock.now() };
          await writeJson(partFile(id, number), kept);
          if (before) await rm(join(folderOf(id), before.file), { force: true });
          return kept;
        } catch (error) {
          await rm(path, { force: true });
          throw error;
        }
      }),
    async parts(id) {
      const names = await readdir(folderOf(id)).catch(unlessAbsent);
      const files = names.filter((name) => PART.test(name)).toSorted();
      const all = await fewAtOnce(files, (name) => readJson(join(folderOf(id), name), part));
      return all.flatMap((each) => each ?? []);
    },
    read: (id, { file }) => createReadStream(join(folderOf(id), file)),
    remove: (id) => translated(directory, () => remove(id)),
  };
}

/** The order of S3's listings: that of the keys' UTF-8. */
export function inOrder(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}

async function fewAtOnce<T>(
  names: readonly string[],
  read: (name: string) => Promise<T>,
): Promise<readonly T[]> {
  const all: T[] = [];
  for (let at = 0; at < names.length; at += READS_AT_ONCE) {
    all.push(...(await Promise.all(names.slice(at, at + READS_AT_ONCE).map(read))));
  }
  return all;
}

async function readJson<Schema extends z.ZodMiniType>(
  path: string,
  schema: Schema,
): Promise<z.output<Schema> | undefined> {
  try {
    return schema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Either the old file is there or the whole new one, also after a power cut. */
async function writeJson(path: string, value: unknown): Promise<void> {
  const temporary = `${path}.${randomUUID()}`;
  await writeFile(temporary, JSON.stringify(value), { mode: 0o600, flush: true });
  await rename(temporary, path);
}

function unlessAbsent(error: unknown): readonly string[] {
  if (isAbsence(error)) return [];
  throw error;
}

function translated<T>(path: string, task: () => Promise<T>): Promise<T> {
  return task().catch((error: unknown) => {
    throw storageFailure(error, path);
  });
}
