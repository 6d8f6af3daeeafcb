import { mkdirSync } from 'node:fs';
import { type FileHandle, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { requireRoom } from '#adapters/local/bucket/object-store.ts';
import { turns } from '#adapters/local/concurrency/turns.ts';
import { fileAt } from '#adapters/local/files/file-state.ts';
import { storageFailure } from '#adapters/local/registry/storage-failure.ts';
import { Failure } from '#domain/failure.ts';
import type { Clock } from '#ports/clock.ts';

/** A piece of an upload: the bytes from `offset` on of an object that has `totalBytes` in all. */
type Piece = {
  readonly id: string;
  readonly key: string;
  readonly totalBytes: number;
  readonly offset: number;
  readonly bytes: ReadableStream<Uint8Array> | null;
};

/** How far an upload is; `uploaded` is null until all of it has arrived and the bucket has it. */
type Progress<Uploaded> = { readonly offset: number; readonly uploaded: Uploaded | null };

export type PartialUploads<Uploaded> = {
  /** How much of an upload lies here. Whoever still sends a piece of it is cut off, since its connection may be lost without a word. */
  progress(id: string): Promise<Progress<Uploaded>>;
  /**
   * Takes a piece; what has arrived of it stays when its connection is lost. The last piece hands the object to the bucket.
   * Fails with `PhaseConflict` where `offset` is not where the upload stands, `InputInvalid` (more bytes than `totalBytes`), `StorageFull`, and as the bucket does.
   */
  take(piece: Piece, signal: AbortSignal): Promise<Progress<Uploaded>>;
};

type Options<Uploaded> = {
  readonly folder: string;
  readonly clock: Pick<Clock, 'now'>;
  /** Refuses an object that the bucket would not take, before any of it has arrived. */
  readonly require: (key: string, totalBytes: number) => void;
  /** Does the work of a piece; the bucket knows by it that an object is under way. */
  readonly during: <T>(key: string, work: () => Promise<T>) => Promise<T>;
  /** Hands the whole object to the bucket, and may take the file away. */
  readonly finish: (key: string, path: string, signal: AbortSignal) => Promise<Uploaded>;
};

/** An upload that nobody goes on with for so long is removed. */
const KEPT_MS = 24 * 3_600_000;
// A sender that never read the answer to its last piece asks again within moments.
const MOST_ANSWERS = 100;

/** Uploads that go on where they were interrupted: each lies in a file of its own until it is whole, also over a restart. */
export function partialUploads<Uploaded>(options: Options<Uploaded>): PartialUploads<Uploaded> {
  const { folder, clock, require, during, finish } = options;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = (id: string) => join(folder, id);
  const sending = new Map<
    string,
    { readonly stop: AbortController; readonly ended: Promise<unknown> }
  >();
  const finishing = new Map<string, Promise<Uploaded>>();
  // Two who append to one file, or to an object on its way to the bucket, would spoil it.
  const inTurn = turns(1);
  const answers = new Map<string, Uploaded>();

  async function cutOff(id: string): Promise<void> {
    const current = sending.get(id);
    current?.stop.abort();
    await current?.ended;
  }

  async function arrived(id: string): Promise<number> {
    return Number((await fileAt(path(id)))?.size ?? 0);
  }

  async function removeOld(): Promise<void> {
    for (const id of await readdir(folder)) {
      const file = await fileAt(path(id));
      if (!file || sending.has(id) || finishing.has(id)) continue;
      if (Number(file.mtimeMs) < clock.now() - KEPT_MS) await rm(path(id), { force: true });
    }
  }

  async function append({ id, totalBytes, offset, bytes }: Piece, signal: AbortSignal) {
    await using file = await open(path(id), 'a', 0o600);
    const { size } = await file.stat();
    if (size !== offset) throw elsewhere(size);
    await requireRoom(folder, totalBytes - offset);
    return await appendTo(file, { offset, totalBytes, bytes, signal });
  }

  async function whole({ id, key }: Piece, signal: AbortSignal): Promise<Uploaded> {
    const handed = finish(key, path(id), signal);
    finishing.set(id, handed);
    try {
      const uploaded = await handed;
      answers.set(id, uploaded);
      const [oldest] = answers.keys();
      if (answers.size > MOST_ANSWERS && oldest !== undefined) answers.delete(oldest);
      await rm(path(id), { force: true });
      return uploaded;
    } finally {
      finishing.delete(id);
    }
  }

  async function takeAlone(piece: Piece, signal: AbortSignal): Promise<Progress<Uploaded>> {
    const { id, key, totalBytes, offset } = piece;
    if (answers.has(id)) throw elsewhere(totalBytes);
    if (offset === 0) await removeOld();
    const stop = new AbortController();
    const either = AbortSignal.any([signal, stop.signal]);
    const appended = during(key, () => append(piece, either)).catch((error: unknown) => {
      throw storageFailure(error, folder);
    });
    const ended = appended.then(
      () => undefined,
      () => undefined,
    );
    sending.set(id, { stop, ended });
    const now = await appended.finally(() => sending.delete(id));
    if (now < totalBytes) return { offset: now, uploaded: null };
    return { offset: now, uploaded: await whole(piece, signal) };
  }

  return {
    async progress(id) {
      await cutOff(id);
      const uploaded = (await finishing.get(id)?.catch(() => null)) ?? answers.get(id) ?? null;
      return { offset: await arrived(id), uploaded };
    },
    async take(piece, signal) {
      const { id, key, totalBytes } = piece;
      require(key, totalBytes);
      await cutOff(id);
      return inTurn(id, () => takeAlone(piece, signal));
    },
  };
}

type Appended = Pick<Piece, 'offset' | 'totalBytes' | 'bytes'> & { readonly signal: AbortSignal };

/** Appends as the bytes come; answers where the file ends. */
async function appendTo(
  file: FileHandle,
  { offset, totalBytes, bytes, signal }: Appended,
): Promise<number> {
  let at = offset;
  const reader = bytes?.getReader();
  const cut = () => void reader?.cancel().catch(() => undefined);
  signal.addEventListener('abort', cut, { once: true });
  try {
    for (;;) {
      const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
      if (signal.aborted) throw interrupted(signal.reason);
      if (done) return at;
      if (at + value.byteLength > totalBytes) throw tooMany(totalBytes);
      await file.appendFile(value);
      at += value.byteLength;
    }
  } finally {
    signal.removeEventListener('abort', cut);
  }
}

function elsewhere(size: number): Failure {
  return new Failure('PhaseConflict', `the upload stands at byte ${size}`, {
    fix: 'Ask how far it is, and go on from there.',
  });
}

function tooMany(totalBytes: number): Failure {
  return new Failure('InputInvalid', `more bytes arrived than the ${totalBytes} of this upload`, {
    fix: 'Upload the file again as it is now.',
  });
}

function interrupted(cause: unknown): Failure {
  return new Failure('PlatformUnavailable', 'the upload was interrupted', {
    cause,
    fix: 'Ask how far it is, and go on from there.',
  });
}
