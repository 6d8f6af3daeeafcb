import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { systemClock } from '#adapters/clocks.ts';
import { consoleSessions } from '#adapters/local/control/console-sessions.ts';
import { newToken } from '#adapters/local/control/control-guard.ts';
import { partialUploads } from '#adapters/local/control/partial-uploads.ts';
import { hashedFile } from '#adapters/local/integrity/hashed-file.ts';
import type { Control } from '#control/operation.ts';
import { everywhere, onOneMachine } from '#control/operations.ts';
import type { Slipway } from '#control/slipway.ts';
import { serveControl } from './serve-control.ts';

/** The operations of an account that the console asks: those of every Slipway, uploads, and its own opening. */
const TABLE = {
  ...everywhere,
  putObject: onOneMachine.putObject,
  readUpload: onOneMachine.readUpload,
  continueUpload: onOneMachine.continueUpload,
  openConsole: onOneMachine.openConsole,
};

const NEVER = new AbortController().signal;

type AccountConsole = {
  /** Opens the console once. */
  readonly link: string;
  close(): Promise<void>;
};

/**
 * Serves the console of a Slipway in an account on the loopback address: it does what the person's own credentials may do there, and nothing of it runs in the account.
 * `port` is taken, 0 for any free one. Its sessions end with it.
 */
export async function serveAccountConsole(slipway: Slipway, port: number): Promise<AccountConsole> {
  const database = new DatabaseSync(':memory:');
  const sessions = consoleSessions(database, systemClock);
  const folder = await mkdtemp(join(tmpdir(), 'slipway-console-'));
  const send = async (key: string, file: string | null, signal: AbortSignal) => ({
    ...(await slipway.upload({ key, file, signal, onSent: () => {} })),
    sha256: await digestOf(file),
  });
  const partial = partialUploads({
    folder: join(folder, 'uploads'),
    clock: systemClock,
    require: () => {},
    during: (_, work) => work(),
    finish: send,
  });
  const operations: Control<typeof TABLE> = {
    ...slipway,
    openConsole: async ({ code }) => ({ token: sessions.open(code) }),
    putObject: ({ key, bytes }, signal = NEVER) =>
      throughFile(bytes, async (file) => send(key, file, signal)),
    readUpload: ({ id }) => partial.progress(id),
    continueUpload: (piece, signal = NEVER) => partial.take(piece, signal),
  };
  const models = new URL(slipway.endpoint('m')).origin;
  const served = await serveControl(
    { table: TABLE, operations, sessions, token: newToken(), models, place: 'account' },
    { host: '127.0.0.1', port, askedBy: '--port' },
  );
  return {
    link: served.link(),
    async close() {
      await served.close();
      database.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** S3 wants to read a large object again where a part of it fails: the bytes wait in a file meanwhile. */
async function throughFile<Answer>(
  bytes: ReadableStream<Uint8Array> | null,
  use: (file: string | null) => Promise<Answer>,
): Promise<Answer> {
  if (!bytes) return use(null);
  const folder = await mkdtemp(join(tmpdir(), 'slipway-upload-'));
  try {
    const file = join(folder, 'object');
    await pipeline(Readable.fromWeb(bytes), createWriteStream(file));
    return await use(file);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function digestOf(file: string | null): Promise<string> {
  return file === null ? createHash('sha256').digest('hex') : (await hashedFile(file)).sha256;
}
