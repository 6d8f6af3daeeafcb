import { mkdirSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { withKeptLines } from '#adapters/local/capture/with-kept-lines.ts';
import { realTimers, type Timers } from '#adapters/local/concurrency/timers.ts';
import { turns } from '#adapters/local/concurrency/turns.ts';
import { removeOldLogs } from '#adapters/local/files/old-logs.ts';
import { revisionLog } from '#adapters/local/files/revision-log.ts';
import { fence } from '#adapters/local/registry/fence.ts';
import { shareTable } from '#adapters/local/registry/share-table.ts';
import { expectedMiB } from '#adapters/local/servers/expected-memory.ts';
import type { ModelServer, ModelServers } from '#adapters/local/servers/model-server.ts';
import { boundlessRoom, type ServerRoom } from '#adapters/local/servers/server-room.ts';
import { Failure } from '#domain/failure.ts';
import { modelOf, requireSameDeployment } from '#domain/identity.ts';
import { type Placement, placementOf, type Target } from '#domain/placement/target.ts';
import type { Clock } from '#ports/clock.ts';
import type { Platform, RevisionSpec } from '#ports/platform.ts';
import type { LocalCeilings } from './ceilings.ts';
import { type Generation, type GenerationOf, withGenerations } from './generations.ts';
import { type InvocationLimits, noRevision, type RevisionHost } from './invocation.ts';
import type { Revision, RevisionDeps, ServerEnd } from './revision.ts';
import { type RevisionRecord, revisionTable } from './revision-table.ts';

/** The options that this machine's platforms share. */
export type PlatformOptions = {
  readonly database: DatabaseSync;
  readonly logDirectory: string;
  readonly servers: ModelServers;
  readonly clock: Clock;
  /** The memory that servers share, and their turns to start; without limits if not given. */
  readonly room?: ServerRoom;
  /** The timers of waiting and running requests. */
  readonly timers?: Timers;
  /** Is told what the language models of a revision say that they generated. */
  readonly onGeneration?: (of: GenerationOf, generation: Generation) => void;
  /** Takes the sealed lines that servers of a revision write. */
  readonly onKept?: (of: RevisionSpec, line: string) => Promise<void>;
  /** The limits of revisions whose models have cost as much as they may. */
  readonly ceilings?: Pick<LocalCeilings, 'mostOf'>;
  /** Is told of each server that is started, and of each that ended although nobody had told it to. */
  readonly watcher?: ServerWatcher;
};

export type ServerWatcher = {
  started(of: RevisionSpec, server: ModelServer): void;
  ended(of: RevisionSpec, end: ServerEnd): void;
};

export type LocalPlatform = Platform &
  RevisionHost & {
    /** Makes sure that a server is ready, as a request on Lambda would. Fails with `RevisionFailed`. */
    start(revision: string): Promise<void>;
    /** Requests that have a server, or wait for one. */
    inFlight(revision: string): number;
    /** Does what is due: stops idle servers, restarts crashed ones, scales. The platform calls it itself, four times a second. */
    tend(): Promise<void>;
    /** Ends every revision's servers, within 3 s; the next start resumes them. */
    close(): Promise<void>;
  };

/** How one target runs its revisions. */
type TargetBehaviour = {
  readonly target: Target;
  limits(spec: RevisionSpec): InvocationLimits;
  open(record: RevisionRecord, deps: RevisionDeps): Revision;
};

const TEND_PERIOD_MS = 250;

// While requests are in flight: `retire` waits for them, so the drain only covers requests that the gateway has just sent.
const BUSY_DRAIN_SECONDS = 1;

/** A target on one machine. Its revisions are stored in the table of all targets, so they survive a restart. */
export function revisionPlatform(
  options: PlatformOptions,
  behaviour: TargetBehaviour,
): LocalPlatform {
  const { logDirectory, servers, clock, timers = realTimers, onGeneration, onKept } = options;
  const { target } = behaviour;
  const { room = boundlessRoom() } = options;
  const table = revisionTable(options.database);
  const shares = shareTable(options.database);
  const fences = fence(options.database);
  const inTurn = turns(1);
  const revisions = new Map<string, Revision>();
  // Asked for each request.
  const placements = new Map<string, Placement>();
  const limits = new Map<string, InvocationLimits>();

  const logOf = (name: string) =>
    revisionLog(join(logDirectory, `${name}.log`), { now: clock.now });
  const inFlight = (name: string) => revisions.get(name)?.inFlight() ?? 0;

  /** A revision of another target counts as none, as on AWS. */
  const live = (model: string) =>
    Object.keys(shares.read(model)).map((name) => revisions.get(name)?.replicas() ?? 0);

  function open(record: RevisionRecord): void {
    const { revision, model } = record.spec;
    const log = logOf(revision);
    const shown = onGeneration
      ? withGenerations(log, (generation) => onGeneration({ model, revision }, generation))
      : log;
    const output =
      onKept && record.spec.capture
        ? withKeptLines(shown, (line) => onKept(record.spec, line))
        : shown;
    const isProven = () => (revisions.get(revision)?.state() ?? record.state).kind === 'ready';
    const startOne = (spec: RevisionSpec) => {
      const launch = () => servers.start(spec, output);
      const expected = expectedMiB(spec);
      if (isProven()) return room.live(expected, launch);
      const isUpgrade = Object.keys(shares.read(model)).length > 0;
      return room.candidate({ revision, model, isUpgrade, expectedMiB: expected }, launch);
    };
    const start = (spec: RevisionSpec) => {
      const server = startOne(spec);
      options.watcher?.started(record.spec, server);
      return server;
    };
    const onEnd = (end: ServerEnd) => options.watcher?.ended(record.spec, end);
    const deps = {
      start,
      log,
      onEnd,
      clock,
      timers,
      live: () => live(model),
      ceiling: () => options.ceilings?.mostOf(revision),
      save: table.put,
    };
    revisions.set(revision, behaviour.open(record, deps));
    placements.set(revision, placementOf({ target, isStreaming: record.spec.isStreaming }));
    limits.set(revision, behaviour.limits(record.spec));
  }

  const isKnown = (name: string) => table.read(name) !== undefined;
  /** The other target that has the revision: its name, files and log are unique on the whole machine. */
  const elsewhere = (name: string) => {
    const holder = table.read(name)?.target;
    return holder === target ? undefined : holder;
  };

  async function create(spec: RevisionSpec, epoch: number): Promise<void> {
    fences.pass(spec.model, epoch);
    const known = revisions.get(spec.revision);
    if (known) {
      requireSameDeployment(spec, known.spec);
      return known.revive();
    }
    const other = elsewhere(spec.revision);
    if (other) throw new Failure('RevisionFailed', `${spec.revision} is already on ${other}`);
    await servers.prepare(spec);
    await removeOldLogs(logDirectory, isKnown);
    const state = { kind: 'pending', reason: 'its first server is starting' } as const;
    const record = { target, spec, state, isRetired: false };
    table.put(record);
    open(record);
  }

  async function remove(name: string, epoch: number): Promise<void> {
    fences.pass(modelOf(name), epoch);
    if (elsewhere(name)) return;
    const revision = revisions.get(name);
    const specs = table.all().map(({ spec }) => spec);
    for (const known of [revisions, placements, limits]) known.delete(name);
    // A revision that just lost its traffic may still be answering. Retiring writes the row, so the row is deleted afterwards.
    await revision?.retire();
    table.delete(name);
    await revision?.close();
    await servers.discard(name, specs);
  }

  async function tend(): Promise<void> {
    await Promise.all([...revisions.values()].map((revision) => revision.tend()));
  }

  mkdirSync(logDirectory, { recursive: true });
  room.addIdle(() =>
    [...revisions.values()].flatMap((revision) =>
      revision.idle().map((it) => ({ ...it, expectedMiB: expectedMiB(revision.spec) })),
    ),
  );
  for (const record of table.all()) if (record.target === target) open(record);
  const tending = setInterval(() => void tend(), TEND_PERIOD_MS).unref();

  return {
    create: (spec, epoch) => inTurn(spec.revision, () => create(spec, epoch)),
    remove: (name, epoch) => inTurn(name, () => remove(name, epoch)),
    async describe(name, { waitMs }) {
      const waited = room.waitsFor(name);
      await revisions.get(name)?.settled(waitMs);
      const state = revisions.get(name)?.state() ?? { kind: 'absent' };
      if (state.kind !== 'pending') return state;
      // One that was started meanwhile waited too: its time to get ready begins at the next look.
      const reason = room.waitsFor(name) ?? waited;
      return reason === undefined ? state : { kind: 'pending', reason, isWaiting: true };
    },
    drainSeconds: async (name) => (inFlight(name) === 0 ? 0 : BUSY_DRAIN_SECONDS),
    async retire(name, epoch) {
      fences.pass(modelOf(name), epoch);
      await revisions.get(name)?.retire();
    },
    async forget(model, epoch) {
      fences.pass(model, epoch);
      await removeLogs(logDirectory, model);
    },
    revisions: async () =>
      [...revisions.values()].map(({ spec: { revision, model } }) => ({ revision, model })),
    logTail: (name, query) => logOf(name).lines(query),
    placement: (name) => placements.get(name),
    limits: (name) => limits.get(name),
    occupancy: (name) => revisions.get(name)?.occupancy(),
    invoke: (name, signal, sharing) =>
      revisions.get(name)?.invoke(signal, sharing) ?? noRevision(name),
    inFlight,
    tend,
    async start(name) {
      const revision = revisions.get(name);
      if (!revision) throw new Failure('RevisionFailed', `there is no revision ${name}`);
      await revision.start();
    },
    async close() {
      clearInterval(tending);
      await Promise.all([...revisions.values()].map((revision) => revision.close()));
    },
  };
}

async function removeLogs(directory: string, model: string): Promise<void> {
  const isOfModel = new RegExp(`^${model}-v\\d+\\.log(\\.1)?$`);
  const logs = (await readdir(directory)).filter((name) => isOfModel.test(name));
  await Promise.all(logs.map((name) => rm(join(directory, name), { force: true })));
}
