import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { Failure } from '#domain/failure.ts';
import type { Clock } from '#ports/clock.ts';
import type { Platform, RevisionSpec } from '#ports/platform.ts';
import type { InstanceLimits } from './instance-pool.ts';
import type { InvocationLimits, RevisionHost } from './invocation.ts';
import type { ModelServers } from './model-server.ts';
import { openRevision, type Revision } from './revision.ts';
import { revisionLog } from './revision-log.ts';
import { type RevisionRecord, revisionTable } from './revision-table.ts';
import { turns } from './turns.ts';

export type LambdaLimits = InstanceLimits & Omit<InvocationLimits, 'timeoutMs'>;

export type LambdaPlatformOptions = {
  readonly database: DatabaseSync;
  readonly logDirectory: string;
  readonly servers: ModelServers;
  readonly clock: Clock;
  readonly limits: LambdaLimits;
};

export type LambdaPlatform = Platform &
  RevisionHost & {
    /** Starts an instance as a request would, without one. Fails with `RevisionFailed` when it does not get ready. */
    start(revision: string): Promise<void>;
    /** Requests that hold an instance, or wait for its start. */
    inFlight(revision: string): number;
    /** Stops what has been idle too long; the platform does so itself each second. */
    reap(): Promise<void>;
    /** Ends every model server, within 3 s. */
    close(): Promise<void>;
  };

const REAP_PERIOD_MS = 1_000;

// While requests are in flight: `retire` waits for them, so the drain only covers what the gateway has just sent.
const BUSY_DRAIN_SECONDS = 1;

/** Lambda's limits and habits on one machine: a revision is ready once an instance has proven that it starts. */
export function lambdaPlatform(options: LambdaPlatformOptions): LambdaPlatform {
  const { logDirectory, servers, clock, limits } = options;
  const table = revisionTable(options.database);
  const inTurn = turns();
  const revisions = new Map<string, Revision>();

  const logOf = (name: string) => revisionLog(join(logDirectory, `${name}.log`));
  const inFlight = (name: string) => revisions.get(name)?.inFlight() ?? 0;

  function open(record: RevisionRecord): void {
    const { revision } = record.spec;
    const log = logOf(revision);
    const launch = () => servers.start(record.spec, log);
    revisions.set(revision, openRevision(record, { launch, log, clock, limits, save: table.put }));
  }

  async function create(spec: RevisionSpec): Promise<void> {
    const known = revisions.get(spec.revision);
    if (known) return refuseStranger(spec, known);
    await servers.prepare(spec);
    const state = { kind: 'pending', reason: 'its first instance is starting' } as const;
    table.put({ spec, state });
    open({ spec, state });
  }

  async function remove(name: string): Promise<void> {
    const revision = revisions.get(name);
    const specs = table.all().map(({ spec }) => spec);
    revisions.delete(name);
    table.delete(name);
    await revision?.close();
    await servers.discard(name, specs);
  }

  const invoke: RevisionHost['invoke'] = async (name, signal) => {
    const revision = revisions.get(name);
    if (!revision) return { kind: 'refused', status: 404, error: `there is no revision ${name}` };
    return revision.invoke(signal);
  };

  async function reap(): Promise<void> {
    await Promise.all([...revisions.values()].map((revision) => revision.reap()));
  }

  mkdirSync(logDirectory, { recursive: true });
  for (const record of table.all()) open(record);
  const reaping = setInterval(() => void reap(), REAP_PERIOD_MS).unref();

  return {
    create: (spec) => inTurn(spec.revision, () => create(spec)),
    remove: (name) => inTurn(name, () => remove(name)),
    async describe(name, { waitMs }) {
      await revisions.get(name)?.settled(waitMs);
      return revisions.get(name)?.state() ?? { kind: 'absent' };
    },
    drainSeconds: async (name) => (inFlight(name) === 0 ? 0 : BUSY_DRAIN_SECONDS),
    retire: async (name) => revisions.get(name)?.retire(),
    logTail: (name, lines) => logOf(name).tail(lines),
    limits(name) {
      const { maxRequestBytes, maxResponseBytes, requestTimeoutMs: timeoutMs } = limits;
      return revisions.has(name) ? { maxRequestBytes, maxResponseBytes, timeoutMs } : undefined;
    },
    invoke,
    inFlight,
    reap,
    async start(name) {
      const instance = await invoke(name, new AbortController().signal);
      if (instance.kind === 'refused') throw new Failure('RevisionFailed', instance.error);
      instance.release('done');
    },
    async close() {
      clearInterval(reaping);
      await Promise.all([...revisions.values()].map((revision) => revision.close()));
      await servers.close();
    },
  };
}

function refuseStranger({ revision, deploymentId }: RevisionSpec, known: Revision): void {
  if (known.deploymentId === deploymentId) return;
  throw new Failure(
    'RevisionFailed',
    `${revision} is of deployment ${known.deploymentId}, not of ${deploymentId}`,
  );
}
