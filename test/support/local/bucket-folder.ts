import { createHash, randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { systemClock } from '#adapters/clocks.ts';
import { type FolderStore, folderStore } from '#adapters/local/bucket/folder-store.ts';
import type { ObjectCreatedEvent } from '#adapters/local/bucket/object-created.ts';
import {
  type HeldObject,
  type ObjectStore,
  objectStore,
} from '#adapters/local/bucket/object-store.ts';
import type { Failure } from '#domain/failure.ts';
import { eventually } from '../clock/eventually.ts';
import { unsyncedDatabase } from './unsynced-database.ts';

export const BUCKET = 'bucket';

export const LAST = 'models/other/last.onnx';

const LONG_AGO = new Date('2020-01-01');

type Options = Partial<Parameters<typeof folderStore>[0]>;

export type Opened = {
  readonly store: FolderStore;
  /** The events and problems reported since this store was opened, oldest first. */
  readonly events: readonly ObjectCreatedEvent[];
  readonly problems: readonly { readonly failure: Failure; readonly key: string }[];
  close(): Promise<void>;
};

export type BucketFolder = {
  readonly root: string;
  /** The path of a key's file in the bucket. */
  path(key: string): string;
  /** A place on the same disk that nobody watches. */
  outside(name: string): string;
  open(options?: Options): Opened;
  watched(options?: Options): Promise<Opened>;
  /** Writes a file elsewhere and renames it in. */
  moveIn(key: string, content: string | Uint8Array): Promise<void>;
  /** The bytes of one announced version. */
  bytes(opened: Opened, event: ObjectCreatedEvent): Promise<string>;
  close(): Promise<void>;
};

/** A separate data folder, and the stores that are opened on it. */
export async function bucketFolder(): Promise<BucketFolder> {
  const base = await mkdtemp(join(tmpdir(), 'slipway-bucket-'));
  const root = join(base, 'data');
  const opened: Opened[] = [];
  await mkdir(root);

  const path = (key: string) => join(root, 'bucket', key);
  const outside = (name: string) => join(base, name);

  function open(options: Options = {}): Opened {
    const one = openStore(root, options);
    opened.push(one);
    return one;
  }

  return {
    root,
    path,
    outside,
    open,
    async watched(options) {
      const one = open(options);
      await one.store.watch();
      return one;
    },
    async moveIn(key, content) {
      const temporary = outside(randomUUID());
      await writeFile(temporary, content);
      // Sets an old date, as `cp -p` and rsync do: a rename in the same tick as the write could not be distinguished from it.
      await utimes(temporary, LONG_AGO, LONG_AGO);
      await mkdir(dirname(path(key)), { recursive: true });
      await rename(temporary, path(key));
    },
    async bytes({ store }, { detail }) {
      const { key, 'version-id': versionId } = detail.object;
      return readFile(store.objectPath(key, versionId), 'utf8');
    },
    async close() {
      for (const one of opened) await one.close();
      await rm(base, { recursive: true, force: true });
    },
  };
}

function openStore(root: string, options: Options): Opened {
  const events: ObjectCreatedEvent[] = [];
  const problems: { failure: Failure; key: string }[] = [];
  const database = unsyncedDatabase(join(root, 'registry.db'));
  const store = folderStore({
    root,
    bucket: BUCKET,
    database,
    clock: systemClock,
    maxObjectBytes: 100_000_000,
    onCreated: (event) => events.push(event),
    onProblem: (failure, key) => problems.push({ failure, key }),
    ...options,
  });
  return {
    store,
    events,
    problems,
    async close() {
      await store.close();
      if (database.isOpen) database.close();
    },
  };
}

export const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
export const keyOf = ({ detail }: ObjectCreatedEvent) => detail.object.key;
export const versionOf = ({ detail }: ObjectCreatedEvent) => detail.object['version-id'];

export const upload = ({ store }: Opened, key: string, text: string) =>
  store.put(key, Readable.from([Buffer.from(text)]));

/** Resolves with the newest event of a key once its version holds `content`. */
export async function taken(
  { events }: Opened,
  key: string,
  content: string,
): Promise<ObjectCreatedEvent> {
  const find = () =>
    events.findLast(
      (event) => keyOf(event) === key && event.detail.object.etag === sha256(content),
    );
  await eventually(() => find() !== undefined);
  return find()!;
}

/** The objects of a folder, where `around` makes each write and may do more before or after it. */
export function objectsAround(
  { root }: BucketFolder,
  around: (write: () => Promise<HeldObject>) => Promise<HeldObject>,
): ObjectStore {
  const objects = objectStore(join(root, 'objects'));
  return { ...objects, write: (...args) => around(() => objects.write(...args)) };
}

/** Writes another file and waits for it, so that all events of earlier changes have come. */
export async function afterAnother(opened: Opened, folder: BucketFolder): Promise<void> {
  await mkdir(dirname(folder.path(LAST)), { recursive: true });
  await writeFile(folder.path(LAST), LAST);
  await taken(opened, LAST, LAST);
}
