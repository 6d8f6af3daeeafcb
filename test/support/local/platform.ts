import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock } from '#adapters/clocks.ts';
import { realTimers, type Timers } from '#adapters/local/concurrency/timers.ts';
import type { LocalCeilings } from '#adapters/local/revisions/ceilings.ts';
import type { InvocationLimits, InvocationSlot } from '#adapters/local/revisions/invocation.ts';
import type { LambdaLimits } from '#adapters/local/revisions/lambda-platform.ts';
import { type LocalPlatforms, localPlatforms } from '#adapters/local/revisions/local-platforms.ts';
import type { LocalPlatform } from '#adapters/local/revisions/revision-platform.ts';
import type { GpuLook } from '#adapters/local/servers/gpus.ts';
import type { Environment } from '#adapters/local/servers/model-environment.ts';
import { processServers } from '#adapters/local/servers/process-servers.ts';
import type { ServerRoom } from '#adapters/local/servers/server-room.ts';
import type { Target } from '#domain/placement/target.ts';
import type { Clock } from '#ports/clock.ts';
import type { RevisionSpec } from '#ports/platform.ts';
import { type Behaviour, behaving } from '../servers/behaviour.ts';
import { revisionSpec } from '../worlds/revision-spec.ts';
import { isAlive } from './processes.ts';
import { unsyncedDatabase } from './unsynced-database.ts';

export const LIMITS: LambdaLimits = {
  maxInstances: 10,
  idleSeconds: 300,
  requestTimeoutMs: 29_000,
  maxRequestBytes: 10_485_760,
  streamed: { timeoutMs: 899_000 },
};

/** A data folder with model files that behave as a test wants, on which platforms are opened one after another. */
export function platformFolder(root = mkdtempSync(join(tmpdir(), 'slipway-platform-'))) {
  const objects = join(root, 'objects');
  mkdirSync(objects, { recursive: true });
  return {
    root,
    revisions: join(root, 'revisions'),
    logs: join(root, 'logs'),
    objectPath: (_key: string, versionId: string) => join(objects, versionId),
    spec(behaviour: Behaviour, over: Partial<RevisionSpec> = {}): RevisionSpec {
      const versionId = randomUUID();
      writeFileSync(join(objects, versionId), behaving(behaviour));
      return revisionSpec(versionId, over);
    },
    delete: () => rmSync(root, { recursive: true, force: true }),
  };
}

export type PlatformFolder = ReturnType<typeof platformFolder>;

type Changes = {
  readonly clock?: Clock;
  /** Slipway's own. */
  readonly environment?: Environment;
  readonly limits?: Partial<LambdaLimits>;
  readonly container?: InvocationLimits;
  readonly gpus?: GpuLook;
  readonly room?: ServerRoom;
  readonly ceilings?: LocalCeilings;
  /** The timers of starts and requests. */
  readonly timers?: Timers;
};

const REAL_CLOCK: Clock = systemClock;

/** The platforms of all targets, which share the folder. */
export function openPlatforms(folder: PlatformFolder, changes: Changes = {}): LocalPlatforms {
  const { clock = REAL_CLOCK, environment = process.env, limits, ...others } = changes;
  const { timers = realTimers, ...rest } = others;
  const database = unsyncedDatabase(join(folder.root, 'registry.db'));
  const servers = processServers({
    directory: folder.revisions,
    images: join(folder.revisions, 'images'),
    objectPath: folder.objectPath,
    serverEntry: fileURLToPath(new URL('../servers/any.ts', import.meta.url)),
    walls: null,
    environment,
    timers,
  });
  const all = localPlatforms({
    database,
    servers,
    clock,
    timers,
    logDirectory: folder.logs,
    lambda: { ...LIMITS, ...limits },
    ...rest,
  });
  return {
    ...all,
    async close() {
      await all.close();
      database.close();
    },
  };
}

/** One platform, which closes the others too. */
export function openPlatform(
  folder: PlatformFolder,
  changes: Changes = {},
  target: Target = 'lambda',
): LocalPlatform {
  const { platforms, close } = openPlatforms(folder, changes);
  return { ...platforms[target], close };
}

/** A server for a request that a test makes itself. */
export async function slotOf(
  platform: Pick<LocalPlatform, 'invoke'>,
  revision: string,
  signal = new AbortController().signal,
): Promise<InvocationSlot> {
  const slot = await platform.invoke(revision, signal, 'shared');
  if (slot.kind === 'refused') throw new Error(`${slot.status}: ${slot.error}`);
  return slot;
}

/** The servers of `test/support/servers` that were ever started for a revision, as they noted themselves. */
export function pidsOf(folder: PlatformFolder, revision: string): readonly number[] {
  const scratch = join(folder.revisions, revision, 'scratch');
  return readdirSync(scratch)
    .flatMap((name) => /^(\d+)\.pid$/.exec(name)?.[1] ?? [])
    .map(Number);
}

export function livePids(folder: PlatformFolder, revision: string): readonly number[] {
  return pidsOf(folder, revision).filter(isAlive);
}
