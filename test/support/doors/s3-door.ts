import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { systemClock } from '#adapters/clocks.ts';
import { type FolderStore, folderStore } from '#adapters/local/bucket/folder-store.ts';
import type { ObjectCreatedEvent } from '#adapters/local/bucket/object-created.ts';
import { type ObjectVersions, objectVersions } from '#adapters/local/bucket/object-versions.ts';
import { realTimers } from '#adapters/local/concurrency/timers.ts';
import { strangers } from '#adapters/local/gateway/callers.ts';
import { keyRates } from '#adapters/local/http/key-rates.ts';
import { listen } from '#adapters/local/http/listen.ts';
import type { Started } from '#adapters/local/s3/bucket.ts';
import { s3Handler } from '#adapters/local/s3/handler.ts';
import { multipartUploads } from '#adapters/local/s3/multipart-uploads.ts';
import { folderS3Keys, type S3Key, type S3Keys } from '#adapters/local/s3/s3-keys.ts';
import { s3Server } from '#adapters/local/s3/server.ts';
import type { AuditEntry } from '#domain/audit-entry.ts';
import { unsyncedDatabase } from '../local/unsynced-database.ts';

export const BUCKET = 'bucket';
/** A name of this machine that begins as the host of the bucket does. */
export const NAMED = 'bucket.example';
const HOST = '127.0.0.1';

/** A bucket folder with its S3 API open on a port of its own. */
export type S3Door = {
  readonly root: string;
  readonly origin: string;
  readonly port: number;
  readonly keys: S3Keys;
  /** A key for the whole bucket. */
  readonly key: S3Key;
  readonly store: FolderStore;
  readonly versions: ObjectVersions;
  /** The events of the bucket, oldest first. */
  readonly events: readonly ObjectCreatedEvent[];
  readonly problems: readonly unknown[];
  /** The entries of the audit log without their times, oldest first. */
  readonly audited: readonly Omit<AuditEntry, 'time'>[];
  /** How far its clock is ahead of that of its clients. */
  aheadMs: number;
  /** The deployment of the version that has this key. */
  readonly started: Map<string, Started>;
  client(key?: S3Key, more?: S3ClientConfig): S3Client;
  close(): Promise<void>;
};

export async function s3Door(): Promise<S3Door> {
  const root = await mkdtemp(join(tmpdir(), 'slipway-s3-'));
  const database = unsyncedDatabase(join(root, 'registry.db'));
  const events: ObjectCreatedEvent[] = [];
  const problems: unknown[] = [];
  const audited: Omit<AuditEntry, 'time'>[] = [];
  const onProblem = (problem: unknown) => void problems.push(problem);
  const store = folderStore({
    root,
    bucket: BUCKET,
    database,
    clock: systemClock,
    maxObjectBytes: 100_000_000,
    onCreated: (event) => void events.push(event),
    onProblem,
  });
  await store.watch();
  const versions = objectVersions(database, systemClock);
  const keys = folderS3Keys({ directory: join(root, 'keys'), clock: systemClock, onProblem });
  const key = await keys.create('all', 'all');
  const started = new Map<string, Started>();
  const state = { aheadMs: 0 };
  const hosts = [NAMED];
  const refused = strangers({ hosts, origins: () => [] });
  const handler = s3Handler({
    bucket: {
      name: BUCKET,
      store,
      versions,
      uploads: multipartUploads(join(root, 'multipart'), systemClock, onProblem),
      started: async (name) => started.get(name),
      clock: { now: () => systemClock.now() + state.aheadMs },
    },
    keys,
    rates: keyRates(realTimers),
    audit: { add: (actor, act) => void audited.push({ ...actor, ...act }) },
    hosts,
    stranger: (headers) => refused(headers)?.error,
    onProblem,
  });
  const server = s3Server(handler, realTimers);
  await server.ready();
  const port = await listen(server.server, { host: HOST, port: 0 });
  const origin = `http://${HOST}:${port}`;
  const clients: S3Client[] = [];

  return {
    root,
    origin,
    port,
    keys,
    key,
    store,
    versions,
    events,
    problems,
    audited,
    started,
    get aheadMs() {
      return state.aheadMs;
    },
    set aheadMs(ms) {
      state.aheadMs = ms;
    },
    client({ id, secret } = key, more = {}) {
      const client = new S3Client({
        endpoint: origin,
        region: 'eu-west-1',
        forcePathStyle: true,
        maxAttempts: 1,
        credentials: { accessKeyId: id, secretAccessKey: secret },
        ...more,
      });
      clients.push(client);
      return client;
    },
    async close() {
      for (const client of clients) client.destroy();
      await server.close();
      await store.close();
      database.close();
      await rm(root, { recursive: true, force: true });
    },
  };
}
