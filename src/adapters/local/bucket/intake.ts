import type { Readable } from 'node:stream';
import type { FileState } from '#adapters/local/bucket/settling.ts';
import { atOnce } from '#adapters/local/concurrency/at-once.ts';
import { turns } from '#adapters/local/concurrency/turns.ts';
import { fingerprint } from '#adapters/local/files/file-state.ts';
import { Failure } from '#domain/failure.ts';
import { fileOfKey } from './held-folder.ts';
import { modelFolder } from './key.ts';
import type { WrittenObject } from './object-store.ts';
import type { ObjectAbout, ObjectVersion } from './object-versions.ts';
import { ownerOf } from './owner.ts';
import { requireKey, requireSize, type Taken, type TakeOptions, takeFile } from './take-file.ts';
import { hideFromBucket, showInBucket } from './view.ts';

/** Makes versions from dropped files and uploads, one at a time per key. */
export type BucketIntake = {
  drop(key: string, file: FileState): Promise<Taken>;
  upload(key: string, bytes: Readable, options?: UploadOptions): Promise<ObjectVersion>;
  /** As `upload`, of a file on the bucket's disk, which is taken away. */
  adopt(key: string, file: string): Promise<ObjectVersion>;
  /** Answers the delete marker; undefined where there was nothing to delete. */
  remove(key: string, require?: UploadOptions['require']): Promise<ObjectVersion | undefined>;
  /** Gives up copies of drops, and resolves when nothing runs any more. */
  close(): Promise<void>;
};

export type UploadOptions = {
  readonly expectedBytes?: number | undefined;
  /** Refuses the upload by the newest version of its key, and by whether a file lies there that is no version yet, in the moment before it takes that one's place; called once before its bytes are read, too. */
  readonly require?: ((newest: ObjectVersion | undefined, hasOther: boolean) => void) | undefined;
  /** Who sends it; by default the user that runs Slipway. */
  readonly sender?: string | undefined;
  /** Asked once all bytes have arrived. */
  readonly about?: (() => ObjectAbout) | undefined;
};

// Each copy has two open files and a few chunks in memory.
const COPIES_AT_ONCE = 8;
// A model's thousands of files wait in a line of its own, and have few places in the common one: so models take turns, and gigabytes of one leave room for another.
const COPIES_OF_A_MODEL = 4;

export function bucketIntake(taking: Omit<TakeOptions, 'signal'>): BucketIntake {
  const { folder, objects, versions, maxObjectBytes } = taking;
  const closing = new AbortController();
  const ofKey = turns(1);
  const ofModel = turns(COPIES_OF_A_MODEL);
  const ofAll = atOnce(COPIES_AT_ONCE);
  const running = new Set<Promise<unknown>>();

  function run<T>(key: string, task: () => Promise<T>): Promise<T> {
    const result = ofKey(key, () => ofModel(modelFolder(key), () => ofAll(task)));
    running.add(result);
    const ended = () => running.delete(result);
    result.then(ended, ended);
    return result;
  }

  async function requireBy(key: string, require: UploadOptions['require']): Promise<void> {
    if (!require) return;
    const file = await fileOfKey(folder, key);
    require(versions.latest(key), file?.isFile() === true && !isNewest(key, file));
  }

  /** Whether a file is the newest version of its key, and not a drop that still settles, or will never be a version. */
  function isNewest(key: string, file: FileState): boolean {
    return file !== undefined && versions.latest(key)?.content === fingerprint(file).content;
  }

  const record = (key: string, written: WrittenObject, options: UploadOptions = {}) =>
    run(key, async () => {
      await requireBy(key, options.require);
      const shown = await showInBucket(
        folder,
        key,
        objects.path(written.sha256),
        versions.hasFolder,
      );
      const owner = options.sender ?? (await ownerOf(shown));
      return versions.add(key, written, fingerprint(shown), { owner, about: options.about?.() });
    });

  return {
    drop: (key, file) => run(key, () => takeFile({ ...taking, signal: closing.signal }, key, file)),
    async upload(key, bytes, given = {}) {
      const { expectedBytes } = given;
      requireKey(key);
      requireSize(key, expectedBytes ?? 0, maxObjectBytes);
      await requireBy(key, given.require);
      using written = await objects.write(
        measured(key, bytes, maxObjectBytes, expectedBytes),
        expectedBytes ?? 0,
      );
      return record(key, written, given);
    },
    async adopt(key, file) {
      requireKey(key);
      using written = await objects.adopt(file);
      return record(key, written);
    },
    remove: (key, require) =>
      run(key, async () => {
        requireKey(key);
        await requireBy(key, require);
        // A client deletes objects: a drop that still settles becomes a version afterwards, and other files are none of them.
        await hideFromBucket(folder, key, (file) => isNewest(key, file));
        return versions.latest(key) && versions.markDeleted(key);
      }),
    async close() {
      closing.abort();
      await Promise.allSettled(running);
    },
  };
}

async function* measured(
  key: string,
  bytes: Readable,
  maxBytes: number,
  expectedBytes: number | undefined,
): AsyncGenerator<Uint8Array> {
  let sizeBytes = 0;
  // The sender must be able to read why its bytes were refused, so the stream is left open.
  for await (const chunk of bytes.iterator({ destroyOnReturn: false })) {
    sizeBytes += chunk.byteLength;
    requireSize(key, sizeBytes, maxBytes);
    yield chunk;
  }
  if (expectedBytes === undefined || sizeBytes === expectedBytes) return;
  throw new Failure(
    'InputInvalid',
    `${key}: ${sizeBytes} bytes arrived; expected ${expectedBytes}`,
    {
      fix: 'Upload it again.',
    },
  );
}
