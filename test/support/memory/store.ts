import { createHash, randomUUID } from 'node:crypto';
import { Failure } from '#domain/failure.ts';
import type { ArtifactRef, ArtifactStore, StoredObject } from '#ports/artifact-store.ts';
import type { Clock } from '#ports/clock.ts';

export type MemoryStore = ArtifactStore & {
  /** S3 keeps the checksum that the uploader asks for, by default its CRC-64. */
  put(key: string, bytes: Uint8Array, of?: Algorithm): StoredObject;
  /** Sets a delete marker, as S3 does where versioning is on. */
  remove(key: string): void;
  /** Takes one version away for good, as a lifecycle rule does. */
  expire(ref: ArtifactRef): void;
  /** The next calls fail with `PlatformThrottled`. */
  throttle(calls: number): void;
};

type Algorithm = 'crc64nvme' | 'sha256';

/** A version, or a delete marker, which has no bytes. */
type Version = { readonly object: StoredObject; readonly bytes: Uint8Array | null };

// S3 gives a version's time in whole seconds.
const SECOND_MS = 1000;
// Few, so that a list of some objects has several pages.
const PAGE_KEYS = 3;
const FIRST_SEQUENCER = 0x617f0829_9329;

/** A versioned S3 bucket, with S3's checksums, times in whole seconds, and throttling. */
export function memoryStore({
  bucket,
  clock,
}: {
  readonly bucket: string;
  readonly clock: Clock;
}): MemoryStore {
  const versions: Version[] = [];
  let throttled = 0;
  let uploads = 0;

  function add(key: string, bytes: Uint8Array | null, of: Algorithm = 'crc64nvme'): StoredObject {
    uploads += 1;
    const object = {
      bucket,
      key,
      versionId: randomUUID().replaceAll('-', ''),
      sizeBytes: bytes?.byteLength ?? 0,
      checksum: checksum(bytes ?? new Uint8Array(), of),
      sequencer: (FIRST_SEQUENCER + uploads).toString(16).toUpperCase(),
      lastModifiedMs: Math.floor(clock.now() / SECOND_MS) * SECOND_MS,
    };
    versions.push({ object, bytes });
    return object;
  }

  async function call<T>(answer: () => T): Promise<T> {
    if (throttled === 0) return answer();
    throttled -= 1;
    throw new Failure('PlatformThrottled', 'S3 answered 503 Slow Down');
  }

  const find = (ref: ArtifactRef) =>
    versions.find(({ object, bytes }) => bytes !== null && isSameVersion(object, ref));
  const newest = (key: string) => {
    const version = versions.findLast(({ object }) => object.key === key);
    return version?.bytes ? version.object : undefined;
  };

  return {
    put: (key, bytes, of) => add(key, Uint8Array.from(bytes), of),
    remove: (key) => void add(key, null),
    expire(ref) {
      const index = versions.findIndex(({ object }) => isSameVersion(object, ref));
      if (index >= 0) versions.splice(index, 1);
    },
    throttle(calls) {
      throttled = calls;
    },
    describe: (ref) => call(() => find(ref)?.object),
    latest: (name, key) => call(() => (name === bucket ? newest(key) : undefined)),
    list: (name, prefix, { limit, isWanted }) =>
      call(() => {
        const keys = new Set(versions.map(({ object }) => object.key));
        const wanted = [...keys].filter(
          (key) => name === bucket && key.startsWith(prefix) && isWanted(key.slice(prefix.length)),
        );
        return wanted
          .sort(byBytes)
          .flatMap((key) => newest(key) ?? [])
          .slice(0, limit);
      }),
    newest: (name, prefix, after) =>
      call(() => {
        const keys = [...new Set(versions.map(({ object }) => object.key))]
          .filter((key) => name === bucket && key.startsWith(prefix) && byBytes(key, after) > 0)
          .sort(byBytes);
        const page = keys.slice(0, PAGE_KEYS);
        const next = keys.length > PAGE_KEYS ? (page.at(-1) ?? null) : null;
        return { objects: page.flatMap((key) => newest(key) ?? []), next };
      }),
    open: (ref) =>
      call(() => {
        const bytes = find(ref)?.bytes;
        if (!bytes) throw new Failure('ArtifactRejected', `${ref.key}: no such version`);
        return {
          sizeBytes: bytes.byteLength,
          read: (start, length) => call(() => bytes.slice(start, start + length)),
        };
      }),
    imagePlace: (id) => `s3://${bucket}/own-images/${id}/${randomUUID()}`,
    grant: (_, named, order) =>
      call(() => {
        const files = named.map(({ name, sizeBytes, ...ref }) => {
          const bytes = find(ref)?.bytes;
          if (!bytes) throw new Failure('ArtifactRejected', `${ref.key}: no such version`);
          return { name, sizeBytes, url: dataUrl(bytes) };
        });
        return dataUrl(Buffer.from(JSON.stringify({ order, files })));
      }),
  };
}

function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function dataUrl(bytes: Uint8Array): string {
  return `data:;base64,${Buffer.from(bytes).toString('base64')}`;
}

function isSameVersion(a: ArtifactRef, b: ArtifactRef): boolean {
  return a.bucket === b.bucket && a.key === b.key && a.versionId === b.versionId;
}

/** S3's form of a checksum. A CRC-64 has eight bytes, for which any digest does to tell bytes apart. */
function checksum(bytes: Uint8Array, of: Algorithm): string {
  const digest = createHash('sha256').update(bytes).digest();
  return `${of}:${(of === 'sha256' ? digest : digest.subarray(0, 8)).toString('base64')}`;
}
