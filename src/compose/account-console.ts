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
import type { Control } from '#control/operation.ts';
import { everywhere, onOneMachine } from '#control/operations.ts';
import type { Slipway } from '#control/slipway.ts';
import { serveControl } from './serve-control.ts';

/** The operations of an account that the console asks: those of every Slipway, uploads, and its own opening. */
const TABLE = {
  ...everywhere,
  putObject: onOneMachine.putObject,
  openConsole: onOneMachine.openConsole,
};

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
  const operations: Control<typeof TABLE> = {
    ...slipway,
    openConsole: async ({ code }) => ({ token: sessions.open(code) }),
    putObject: ({ key, bytes }, signal) =>
      throughFile(bytes, async (file, sha256) => ({
        ...(await slipway.upload({
          key,
          file,
          signal: signal ?? new AbortController().signal,
          onSent: () => {},
        })),
        sha256,
      })),
  };
  const models = new URL(slipway.endpoint('m')).origin;
  const served = await serveControl(
    { table: TABLE, operations, sessions, token: newToken(), models },
    { host: '127.0.0.1', port, askedBy: '--port' },
  );
  return {
    link: served.link(),
    async close() {
      await served.close();
      database.close();
    },
  };
}

/** S3 wants to read a large object again where a part of it fails: the bytes wait in a file meanwhile. */
async function throughFile<Answer>(
  bytes: ReadableStream<Uint8Array> | null,
  use: (file: string | null, sha256: string) => Promise<Answer>,
): Promise<Answer> {
  const hash = createHash('sha256');
  if (!bytes) return use(null, hash.digest('hex'));
  const folder = await mkdtemp(join(tmpdir(), 'slipway-upload-'));
  try {
    const file = join(folder, 'object');
    await pipeline(
      Readable.fromWeb(bytes),
      async function* (chunks: AsyncIterable<Uint8Array>) {
        for await (const chunk of chunks) {
          hash.update(chunk);
          yield chunk;
        }
      },
      createWriteStream(file),
    );
    return await use(file, hash.digest('hex'));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
