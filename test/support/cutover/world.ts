import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { systemClock } from '#adapters/clocks.ts';
import { type Gateway, startGateway } from '#adapters/local/gateway/gateway.ts';
import { listen } from '#adapters/local/http/listen.ts';
import { openDatabase } from '#adapters/local/registry/database.ts';
import type { RevisionHost } from '#adapters/local/revisions/invocation.ts';
import { localPlatforms } from '#adapters/local/revisions/local-platforms.ts';
import { revisionHosts } from '#adapters/local/revisions/revision-hosts.ts';
import { processServers } from '#adapters/local/servers/process-servers.ts';
import type { Shares } from '#domain/deployment.ts';
import { LIMITS } from '../local/platform.ts';
import { addConstantModel } from '../models/onnx.ts';
import { revisionSpec } from '../worlds/revision-spec.ts';
import { TICKS } from './ticks.ts';

export type Version = 1 | 2;

/** Two versions of `digits`, which adds its version to its input, on the model server that ships; and of `ticker`, which streams its version. */
export type CutoverWorld = {
  readonly origin: string;
  /** Has the version run, and resolves when it is ready. */
  start(version: Version): Promise<void>;
  /** Gives both models these shares, by version. */
  shift(to: readonly Version[], from: readonly Version[]): Promise<void>;
  /** Lets the requests of a version end, then stops it. */
  retire(version: Version): Promise<void>;
  close(): Promise<void>;
};

const TICK_MS = 60;
const EPOCH = 1;
const ADDRESS = { host: '127.0.0.1', port: 0 };
const CLOCK = systemClock;
const SERVER_ENTRY = fileURLToPath(new URL('../../../runtimes/onnx/main.ts', import.meta.url));

/** `both`: the first version runs on Lambda and the second on Fargate, so that each cutover is a move between the targets. */
export type CutoverTarget = 'lambda' | 'fargate' | 'both';

export async function cutoverWorld(target: CutoverTarget): Promise<CutoverWorld> {
  const root = mkdtempSync(join(tmpdir(), 'slipway-cutover-'));
  const database = openDatabase(join(root, 'registry.db'));
  const { platforms, close: closeModels } = models(root, database);
  const platformOf = (version: Version) =>
    platforms[target === 'both' ? TARGET_OF[version] : target];
  const ticker = await tickers();
  const revisions = revisionHosts([...new Set([platformOf(1), platformOf(2)]), ticker.host]);
  const gateway = await startGateway({ ...ADDRESS, revisions, database, clock: CLOCK });

  return {
    origin: gateway.origin,
    async start(version) {
      await platformOf(version).create(specOf(version), EPOCH);
      const state = await platformOf(version).describe(`digits-v${version}`, { waitMs: 600_000 });
      if (state.kind !== 'ready') throw new Error(`version ${version} is ${state.kind}`);
    },
    async shift(to, from) {
      for (const model of ['digits', 'ticker']) {
        await gateway.router.setShares(model, sharesOf(model, to), sharesOf(model, from), EPOCH);
      }
    },
    async retire(version) {
      while (isBusy(gateway, version)) await sleep(5);
      await platformOf(version).retire(`digits-v${version}`, EPOCH);
    },
    async close() {
      await gateway.close();
      ticker.close();
      await closeModels();
      database.close();
      rmSync(root, { recursive: true });
    },
  };
}

const TARGET_OF = { 1: 'lambda', 2: 'fargate' } as const;

function models(root: string, database: ReturnType<typeof openDatabase>) {
  const objects = join(root, 'objects');
  mkdirSync(objects);
  for (const version of [1, 2]) {
    writeFileSync(join(objects, String(version)), addConstantModel({ constant: version }));
  }
  const servers = processServers({
    directory: join(root, 'revisions'),
    images: join(root, 'images'),
    objectPath: (_key, versionId) => join(objects, versionId),
    serverEntry: SERVER_ENTRY,
    walls: null,
    environment: process.env,
  });
  const options = { database, servers, clock: CLOCK, logDirectory: join(root, 'logs') };
  return localPlatforms({ ...options, lambda: LIMITS });
}

function specOf(version: Version) {
  return revisionSpec(String(version), { version, deploymentId: `d${version}` });
}

/** The first of two versions keeps nine requests in ten. */
function sharesOf(model: string, versions: readonly Version[]): Shares {
  const weights = versions.length === 1 ? [100] : [90, 10];
  return Object.fromEntries(
    versions.map((version, index) => [`${model}-v${version}`, weights[index] ?? 0]),
  );
}

function isBusy(gateway: Gateway, version: Version): boolean {
  return ['digits', 'ticker'].some((model) => gateway.inFlight(`${model}-v${version}`) > 0);
}

/** The model server that ships answers at once, so the streaming model is a small server of ours for each version. */
async function tickers() {
  const origins = new Map<string, string>();
  const servers = [1, 2].map((version) =>
    createServer(async (_, response) => {
      response.setHeader('content-type', 'text/event-stream');
      for (let tick = 0; tick < TICKS; tick += 1) {
        response.write(`data: ${version}\n\n`);
        await sleep(TICK_MS);
      }
      response.end();
    }),
  );
  for (const [index, server] of servers.entries()) {
    const port = await listen(server, ADDRESS);
    origins.set(`ticker-v${index + 1}`, `http://127.0.0.1:${port}`);
  }
  const limits = { maxRequestBytes: 0, timeoutMs: 60_000 };
  const host: RevisionHost = {
    placement: (revision) => (origins.has(revision) ? { target: 'fargate' } : undefined),
    limits: (revision) => (origins.has(revision) ? limits : undefined),
    occupancy: () => ({ instances: 1, waiting: 0 }),
    invoke: async (revision) => ({
      kind: 'slot',
      origin: origins.get(revision) ?? '',
      release: () => {},
      diagnosis: () => undefined,
      isRepeatable: () => true,
      onRecall: () => {},
    }),
  };
  return {
    host,
    close() {
      for (const server of servers) server.close().closeAllConnections();
    },
  };
}
