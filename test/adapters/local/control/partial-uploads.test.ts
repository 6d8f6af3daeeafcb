import { mkdtemp, readdir, readFile, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { partialUploads } from '#adapters/local/control/partial-uploads.ts';
import { Failure } from '#domain/failure.ts';

const ID = '00000000-0000-4000-8000-000000000001';
const OTHER = '00000000-0000-4000-8000-000000000002';
const KEY = 'models/a/a.onnx';
// Long ago: what a test writes is newer.
const DAY = 86_400;
const NOW = 10 * DAY;
const NEVER = new AbortController().signal;

let folder: string;
const underWay = new Set<string>();
let taken: { key: string; text: string }[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-partial-'));
  taken = [];
});
afterEach(() => rm(folder, { recursive: true }));

const opened = () =>
  partialUploads({
    folder,
    clock: { now: () => NOW * 1000 },
    require(_key, totalBytes) {
      if (totalBytes > 1000) throw new Failure('ArtifactRejected', 'it is too large');
    },
    async during(key, work) {
      underWay.add(key);
      return work().finally(() => underWay.delete(key));
    },
    async finish(key, path) {
      taken.push({ key, text: await readFile(path, 'utf8') });
      return { versionId: String(taken.length) };
    },
  });

const bytesOf = (...texts: string[]) =>
  ReadableStream.from(texts.map((text) => Buffer.from(text))) as ReadableStream<Uint8Array>;

/** Bytes that come until their connection is lost. */
function lostAfter(text: string): ReadableStream<Uint8Array> {
  let isSent = false;
  return new ReadableStream({
    pull(controller) {
      if (isSent) return controller.error(new TypeError('terminated'));
      isSent = true;
      controller.enqueue(Buffer.from(text));
    },
  });
}

/** Bytes whose sender says nothing more, and does not leave. */
function silentAfter(text: string) {
  let read = () => {};
  const isRead = new Promise<void>((done) => {
    read = done;
  });
  let isSent = false;
  const bytes = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (isSent) return read();
        isSent = true;
        controller.enqueue(Buffer.from(text));
      },
    },
    { highWaterMark: 0 },
  );
  return { bytes, isRead };
}

const piece = (offset: number, bytes: ReadableStream<Uint8Array>, totalBytes = 10) => ({
  id: ID,
  key: KEY,
  totalBytes,
  offset,
  bytes,
});

describe('an upload in pieces', () => {
  it('reaches the bucket whole, once its last byte has arrived', async () => {
    const uploads = opened();

    expect(await uploads.take(piece(0, bytesOf('01', '23')), NEVER)).toEqual({
      offset: 4,
      uploaded: null,
    });
    expect(await uploads.take(piece(4, bytesOf('456789')), NEVER)).toEqual({
      offset: 10,
      uploaded: { versionId: '1' },
    });

    expect(taken).toEqual([{ key: KEY, text: '0123456789' }]);
    expect(await readdir(folder)).toEqual([]);
  });

  it('goes on where a lost connection left it, also after a restart', async () => {
    await expect(opened().take(piece(0, lostAfter('0123')), NEVER)).rejects.toThrow('terminated');
    const again = opened();

    expect(await again.progress(ID)).toEqual({ offset: 4, uploaded: null });
    await again.take(piece(4, bytesOf('456789')), NEVER);

    expect(taken).toEqual([{ key: KEY, text: '0123456789' }]);
  });

  it('cuts off a sender that is silent, when its successor asks how far it is', async () => {
    const uploads = opened();
    const { bytes, isRead } = silentAfter('0123');
    const first = uploads.take(piece(0, bytes), NEVER).catch((error: unknown) => error);
    await isRead;

    expect([...underWay]).toEqual([KEY]);
    expect(await uploads.progress(ID)).toEqual({ offset: 4, uploaded: null });
    expect(await first).toMatchObject({ name: 'PlatformUnavailable' });
    await uploads.take(piece(4, bytesOf('456789')), NEVER);

    expect(taken).toEqual([{ key: KEY, text: '0123456789' }]);
  });

  it('takes one of two pieces that begin it at once', async () => {
    const uploads = opened();

    const both = await Promise.allSettled([
      uploads.take(piece(0, bytesOf('01234', '56789')), NEVER),
      uploads.take(piece(0, bytesOf('01234', '56789')), NEVER),
    ]);

    expect(taken).toEqual([{ key: KEY, text: '0123456789' }]);
    expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
  });

  it('is handed to the bucket once, whoever sends its last piece again meanwhile', async () => {
    const handed = Promise.withResolvers<void>();
    const asked: string[] = [];
    const begun = Promise.withResolvers<void>();
    const uploads = partialUploads({
      folder,
      clock: { now: () => NOW * 1000 },
      require: () => {},
      during: (_, work) => work(),
      async finish(key) {
        asked.push(key);
        begun.resolve();
        await handed.promise;
        return {};
      },
    });
    const first = uploads.take(piece(0, bytesOf('0123456789')), NEVER);
    await begun.promise;

    const again = uploads.take(piece(10, bytesOf('9'), 11), NEVER).catch((error: unknown) => error);
    handed.resolve();

    expect(await first).toEqual({ offset: 10, uploaded: {} });
    expect(await again).toMatchObject({ name: 'PhaseConflict' });
    expect(asked).toEqual([KEY]);
  });

  it('refuses a piece from anywhere but its end, and more than it said', async () => {
    const uploads = opened();
    await uploads.take(piece(0, bytesOf('0123')), NEVER);

    await expect(uploads.take(piece(3, bytesOf('3')), NEVER)).rejects.toMatchObject({
      name: 'PhaseConflict',
      message: 'the upload stands at byte 4',
    });
    await expect(uploads.take(piece(4, bytesOf('4567890')), NEVER)).rejects.toMatchObject({
      name: 'InputInvalid',
    });
    expect(taken).toEqual([]);
  });

  it('is refused before its first byte where the bucket would not take it, or the disk has no room', async () => {
    const uploads = opened();

    await expect(uploads.take(piece(0, bytesOf('0'), 1001), NEVER)).rejects.toThrow('too large');
    const roomy = partialUploads({
      folder,
      clock: { now: () => NOW * 1000 },
      require: () => {},
      during: (_, work) => work(),
      finish: async () => ({}),
    });
    await expect(
      roomy.take(piece(0, bytesOf('0'), Number.MAX_SAFE_INTEGER), NEVER),
    ).rejects.toMatchObject({ name: 'StorageFull' });
  });

  it('answers again what became of it to a sender that lost the answer', async () => {
    const uploads = opened();
    await uploads.take(piece(0, bytesOf('0123456789')), NEVER);

    expect(await uploads.progress(ID)).toEqual({ offset: 0, uploaded: { versionId: '1' } });
    expect(taken).toHaveLength(1);
  });

  it('may be of an empty object', async () => {
    const uploads = opened();

    expect(await uploads.take({ ...piece(0, bytesOf(), 0), bytes: null }, NEVER)).toEqual({
      offset: 0,
      uploaded: { versionId: '1' },
    });
  });

  it('is removed a day after its last byte, when another begins', async () => {
    const uploads = opened();
    await uploads.take(piece(0, bytesOf('0123')), NEVER);
    await utimes(join(folder, ID), NOW - DAY - 1, NOW - DAY - 1);

    await uploads.take({ ...piece(0, bytesOf('0')), id: OTHER }, NEVER);

    expect(await readdir(folder)).toEqual([OTHER]);
  });
});
