import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import type { FileState } from '#adapters/local/bucket/settling.ts';
import { type GrantedFile, grants } from '#adapters/local/builds/grants.ts';
import type { Timers } from '#adapters/local/concurrency/timers.ts';
import { turns } from '#adapters/local/concurrency/turns.ts';
import { fileAt, fingerprint } from '#adapters/local/files/file-state.ts';
import { GONE } from '#adapters/local/integrity/checked-files.ts';
import type { Pace } from '#adapters/local/integrity/hashed-file.ts';
import { type Problem, problems } from '#adapters/local/problems.ts';
import {
  filesOfFolder,
  foldersOf,
  manifestKey,
  modelKeyOf,
  readKey,
} from '#domain/artifact/object-key.ts';
import { Failure } from '#domain/failure.ts';
import type { ArtifactRef, ArtifactStore, StoredObject } from '#ports/artifact-store.ts';
import type { Clock } from '#ports/clock.ts';
import { companionsTaken } from './companions.ts';
import { folderStart, untilAstray } from './folder-start.ts';
import { type BucketIntake, bucketIntake, type UploadOptions } from './intake.ts';
import { modelFolder } from './key.ts';
import { type ObjectCreatedEvent, objectCreatedEvent } from './object-created.ts';
import { type ObjectStore, objectStore } from './object-store.ts';
import { type ObjectVersion, type ObjectVersions, objectVersions } from './object-versions.ts';
import { soundObjects, soundVersion } from './sound-objects.ts';
import { isKnown, requireKey, requireSize } from './take-file.ts';
import { removeLeftCopies } from './view.ts';
import { bucketWatch } from './watch.ts';

export type FolderStore = ArtifactStore & {
  /** The path of a version's bytes, which are read-only. Fails with `ArtifactRejected` when there is no such version. */
  objectPath(key: string, versionId: string): string;
  /** Why a version's bytes are no longer there, as a predicate; undefined when they are, or were taken again from the bucket. */
  problem(key: string, versionId: string): Promise<string | undefined>;
  /** The same of any object; `reread` reads it from the disk even if it is known to be sound. */
  objectProblem(sha256: string, reread?: { readonly pace?: Pace }): Promise<string | undefined>;
  /**
   * Stores an upload as the key's newest version and shows it in the bucket folder; an interrupted upload leaves nothing.
   * Fails with `InputInvalid` (the key is not a path, or the size is not `expectedBytes`), `ArtifactRejected` (over `maxObjectBytes`), `StorageFull`, `PlatformDenied`, `PlatformUnavailable`, and as `require` does.
   */
  put(key: string, bytes: Readable, options?: UploadOptions): Promise<Uploaded>;
  /** Fails with what `put` would refuse an object of this key and size for, before any of it is there. */
  requirePuttable(key: string, sizeBytes: number): void;
  /** Does the work while the object of this key counts as under way: a folder is not taken for whole, nor its files for stray, before it has arrived. */
  whileUploading<T>(key: string, work: () => Promise<T>): Promise<T>;
  /** As `put`, of a file below `root`, which is taken away. */
  adopt(key: string, file: string): Promise<Uploaded>;
  /**
   * Removes a key's file from the bucket folder and marks the key deleted; its versions stay.
   * Idempotent; answers the delete marker, undefined where there was nothing to delete. Fails with `InputInvalid` (the key is not a path, or leads out of the bucket), `PlatformDenied`, `PlatformUnavailable`, and as `require` does.
   */
  remove: BucketIntake['remove'];
  /** Records that a version's event was handled; until then each `scan` announces it again. */
  settled(key: string, versionId: string): void;
  /** Finds files that were dropped, changed or deleted while nothing watched, and announces unsettled versions again. */
  scan(): Promise<void>;
  watch(): Promise<void>;
  /** The files that can be no version as they are, such as links, while they lie there. */
  untaken(): Promise<readonly Problem[]>;
  /** Ends the watch and its copies; the next scan finds those files again. */
  close(): Promise<void>;
};

export type Uploaded = StoredObject & { readonly sha256: string };

type Options = {
  /** The data folder: users drop files in `bucket/`; `objects/` holds the bytes of every version. */
  readonly root: string;
  readonly bucket: string;
  readonly database: DatabaseSync;
  readonly clock: Clock;
  readonly maxObjectBytes: number;
  readonly onCreated: (event: ObjectCreatedEvent) => void;
  /** Called once per reason that a file is not taken; it stays in the bucket and is retried. The key is empty when the problem is the whole bucket. */
  readonly onProblem: (failure: Failure, key: string) => void;
  readonly objects?: ObjectStore;
  /** Whether the data folder was copied since Slipway last ran in it. */
  readonly isCopied?: boolean;
  /** The timers by which a change settles. */
  readonly timers?: Timers;
};

const RESCAN_MS = 5000;

// Sequencers are hexadecimal.
const ABOVE_ALL = 'g';

// Failures caused by the file itself. Others, such as a full disk, are temporary.
const REFUSALS: readonly string[] = ['ArtifactRejected', 'InputInvalid'];

/** A folder as a versioned bucket: a file dropped in it becomes a version of its path, announced as S3 would. */
export function folderStore(options: Options): FolderStore {
  const { root, bucket, maxObjectBytes, objects = objectStore(join(root, 'objects')) } = options;
  const folder = join(root, 'bucket');
  const isNew = mkdirSync(folder, { recursive: true }) !== undefined;
  if (isNew) mkdirSync(join(folder, 'models'));
  const versions = objectVersions(options.database, options.clock);
  const sound = soundObjects(folder, objects, versions);
  const troubles = problems(options.onProblem, options.clock);
  // Each of their files is looked at once by the first scan.
  const inherited = new Set(options.isCopied ? versions.keys() : []);
  const intake = bucketIntake({
    folder,
    objects,
    versions,
    maxObjectBytes,
    isInherited: (key) => inherited.has(key),
  });
  const watch = bucketWatch({
    root: folder,
    problems: troubles,
    rescanMs: RESCAN_MS,
    keys: versions.keys,
    isKnown: (key, file) => isKnown(versions, key, file),
    onDue: drop,
    ...(options.timers && { timers: options.timers }),
  });
  const closing = new AbortController();
  const { signal } = closing;
  const isDone = (key: string, file: FileState) =>
    isKnown(versions, key, file) || troubles.has(key);

  // The thousands of files of a folder, which are announced in the same moment, get a turn of the event loop each: requests come between them.
  const ofModel = turns(1);
  const companions = companionsTaken({ folder, isDone, signal });
  const uploading = new Set<{ readonly key: string }>();
  const quiet = {
    folder,
    signal,
    timers: options.timers,
    isUploading: (prefix: string) => [...uploading].some(({ key }) => key.startsWith(prefix)),
  };

  /** The sequencer of the newest file that the newest deployment of a folder has; above all of them while it waits for what is still copied. */
  const startedUpTo = new Map<string, string>();
  const newestIn = (prefix: string) =>
    filesOfFolder(versions.list(prefix, ''), prefix)
      .map(({ sequencer }) => sequencer)
      .toSorted()
      .at(-1) ?? '';

  const startFolder = folderStart({
    ...quiet,
    isStarted(prefix) {
      const manifest = versions.latest(manifestKey(prefix));
      return newestIn(prefix) <= (startedUpTo.get(prefix) ?? manifest?.sequencer ?? '');
    },
    start: async (key) =>
      announce(await intake.upload(key, Readable.from([]), { expectedBytes: 0 })),
  });

  async function announceDrop(version: ObjectVersion): Promise<void> {
    await startFolder(version.key);
    const modelKey = modelKeyOf(version.key);
    // Its model may be copied next, and has it then.
    if (modelKey) await untilAstray(modelKey, quiet);
    await announce(version);
  }

  async function announce(version: ObjectVersion): Promise<void> {
    const meaning = readKey(version.key);
    const prefix = meaning.kind === 'folder' ? meaning.prefix : undefined;
    if (prefix !== undefined) startedUpTo.set(prefix, ABOVE_ALL);
    await companions(version.key);
    if (prefix !== undefined) startedUpTo.set(prefix, newestIn(prefix));
    const tell = () => {
      if (!signal.aborted) options.onCreated(objectCreatedEvent(stored(bucket, version)));
    };
    if (meaning.kind !== 'loose') return tell();
    await ofModel(modelFolder(version.key), () => setImmediate().then(tell));
  }

  /** Files of a folder are not stray while its `model.yaml` may still come last, nor is external data before its model. */
  async function announceUpload(version: ObjectVersion): Promise<void> {
    const { kind } = readKey(version.key);
    const prefix = kind === 'loose' ? foldersOf(version.key)[0] : modelKeyOf(version.key);
    if (prefix === undefined) return announce(version);
    untilAstray(prefix, quiet)
      .then(() => announce(version))
      .catch((error: unknown) => troubles.report(error, version.key, version.versionId));
  }

  function whileUploading<T>(key: string, work: () => Promise<T>): Promise<T> {
    const upload = { key };
    uploading.add(upload);
    return work().finally(() => uploading.delete(upload));
  }

  async function uploaded(key: string, take: () => Promise<ObjectVersion>): Promise<Uploaded> {
    const version = await whileUploading(key, take);
    await announceUpload(version);
    return { ...stored(bucket, version), sha256: version.sha256 };
  }

  async function drop(key: string, file: FileState): Promise<void> {
    try {
      const taken = await intake.drop(key, file);
      troubles.clear(key);
      if (taken.kind === 'version') await announceDrop(taken.version);
      if (taken.kind === 'changed') await watch.look(key);
      else inherited.delete(key);
    } catch (error) {
      if (!signal.aborted) troubles.report(error, key, file && fingerprint(file).content);
    }
  }

  return {
    ...reads(bucket, versions, { ...objects, problem: sound }, grants(join(root, 'grants'))),
    objectProblem: sound,
    put: (key, bytes, how) => uploaded(key, () => intake.upload(key, bytes, how)),
    requirePuttable(key, sizeBytes) {
      requireKey(key);
      requireSize(key, sizeBytes, maxObjectBytes);
    },
    whileUploading,
    adopt: (key, file) => uploaded(key, () => intake.adopt(key, file)),
    remove: intake.remove,
    settled: versions.settle,
    async scan() {
      const unsettled = versions.unsettled();
      // A folder that cannot be listed is reported by the scan.
      await removeLeftCopies(folder).catch(() => undefined);
      await watch.scan();
      await Promise.all(unsettled.map(announceDrop));
    },
    watch: watch.start,
    async untaken() {
      const refused = troubles.all().filter(({ failure }) => REFUSALS.includes(failure.name));
      const there = await Promise.all(
        refused.map(({ key }) => fileAt(join(folder, key)).catch(() => undefined)),
      );
      return refused.filter((_, index) => there[index] !== undefined);
    },
    async close() {
      closing.abort();
      watch.close();
      await intake.close();
    },
  };
}

function reads(
  bucket: string,
  versions: ObjectVersions,
  objects: ObjectStore,
  grant: ReturnType<typeof grants>,
) {
  const find = ({ bucket: name, key, versionId }: ArtifactRef) =>
    name === bucket ? versions.find(key, versionId) : undefined;
  const existing = (ref: ArtifactRef): ObjectVersion => {
    const version = find(ref);
    if (version) return version;
    throw new Failure('ArtifactRejected', `${ref.key} has no version ${ref.versionId}`, {
      fix: 'Upload it again.',
    });
  };
  const describe = (version: ObjectVersion | undefined) => version && stored(bucket, version);
  return {
    describe: async (ref) => describe(find(ref)),
    latest: async (name, key) => (name === bucket ? describe(versions.latest(key)) : undefined),
    async list(name, prefix, { limit, isWanted }) {
      if (name !== bucket) return [];
      const found = versions.list(prefix, '');
      const wanted = found.filter(({ key }) => isWanted(key.slice(prefix.length)));
      return wanted.slice(0, limit).map((version) => stored(bucket, version));
    },
    async newest(name, prefix, after) {
      const found = name === bucket ? versions.list(prefix, after) : [];
      return { objects: found.map((version) => stored(bucket, version)), next: null };
    },
    open: async (ref) => objects.read(await soundVersion(existing(ref), objects)),
    grant: async (id, files, order) => {
      const granted: GrantedFile[] = [];
      for (const ref of files) {
        const { sha256 } = await soundVersion(existing(ref), objects);
        granted.push({ ...ref, path: objects.path(sha256) });
      }
      return grant(id, granted, order);
    },
    imagePlace: () => null,
    problem: async (key, versionId) => {
      const version = find({ bucket, key, versionId });
      return version ? objects.problem(version.sha256) : GONE;
    },
    objectPath: (key, versionId) => objects.path(existing({ bucket, key, versionId }).sha256),
  } satisfies ArtifactStore & Pick<FolderStore, 'objectPath' | 'problem'>;
}

function stored(bucket: string, version: ObjectVersion): StoredObject {
  const { key, versionId, sizeBytes, sha256, sequencer, lastModifiedMs, owner } = version;
  const checksum = `sha256:${sha256}`;
  const known = { bucket, key, versionId, sizeBytes, checksum, sequencer, lastModifiedMs };
  return owner === undefined ? known : { ...known, owner };
}
