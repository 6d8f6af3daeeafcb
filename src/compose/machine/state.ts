import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { keptRequests } from '#adapters/capture/kept-requests.ts';
import { steadyClock, systemClock } from '#adapters/clocks.ts';
import { AUDIT_LOG, auditLog } from '#adapters/local/audit/audit-log.ts';
import { folderStore } from '#adapters/local/bucket/folder-store.ts';
import { objectStore } from '#adapters/local/bucket/object-store.ts';
import { folderCaptureKeys } from '#adapters/local/capture/folder-capture-keys.ts';
import { folderKeptLines } from '#adapters/local/capture/folder-kept-lines.ts';
import { checkedFiles } from '#adapters/local/integrity/checked-files.ts';
import { eventFeed } from '#adapters/local/registry/event-feed.ts';
import { eventLog } from '#adapters/local/registry/event-log.ts';
import { folderCopy } from '#adapters/local/registry/folder-copy.ts';
import { lockFolder } from '#adapters/local/registry/lock-folder.ts';
import { openRegistry, REGISTRY } from '#adapters/local/registry/open-registry.ts';
import { registryCheck, registryFailure } from '#adapters/local/registry/registry-check.ts';
import { releaseReserve } from '#adapters/local/registry/reserve.ts';
import { sqliteApiKeys } from '#adapters/local/registry/sqlite-api-keys.ts';
import { sqliteRegistry } from '#adapters/local/registry/sqlite-registry.ts';
import { calledHours } from '#adapters/local/views/called-hours.ts';
import { stepHistory } from '#adapters/local/views/step-history.ts';
import { openViews } from '#adapters/local/views/views-database.ts';
import { webhooks } from '#adapters/local/webhooks/webhooks.ts';
import type { Damage } from '#domain/deployment.ts';
import { Failure } from '#domain/failure.ts';
import type { RevisionSpec } from '#ports/platform.ts';
import { publishEvents } from '#steps/publish-events.ts';
import type { LocalConfig } from '../config.ts';
import type { LocalDeployments } from '../local-deployments.ts';
import { publisher } from '../publisher.ts';
import { later } from './later.ts';

export const BUCKET = 'bucket';

/** The opened data folder of one machine: its registry, its bucket, and the receivers of its events. */
export type State = Awaited<ReturnType<typeof openState>>;

/** Locks a data folder and opens everything in it. `report` gets a problem outside any deployment, in one line. */
export async function openState(
  dataDir: string,
  config: LocalConfig,
  report: (problem: string) => void,
) {
  const folder = (name: string) => join(dataDir, name);
  const unlock = lockFolder(dataDir);
  const isFull = releaseReserve(dataDir);
  mkdirSync(folder('logs'), { recursive: true });
  // The engine needs the users of the clock, and reports whether it is idle.
  const idle = { isIdle: () => true };
  const clock = steadyClock(() => idle.isIdle());
  const database = openRegistry(dataDir, { beginsAnew: config.beginAnew, nowMs: clock.now() });
  const problem = (error: unknown) => {
    if (database.isOpen || !isClosed(error)) report(explain(error));
  };
  const check = registryCheck(folder(REGISTRY), (fault) =>
    problem(registryFailure(fault, folder(REGISTRY))),
  );

  const views = openViews(folder('views.db'));
  const listeners: (() => void)[] = [];
  const registry = sqliteRegistry({
    database,
    clock,
    onEvents() {
      for (const hear of listeners) hear();
    },
  });
  const events = eventFeed(registry);
  const published = publisher(
    publishEvents({ registry, bus: await eventLog(folder('events.ndjson')) }),
    problem,
  );
  const hooks = webhooks({
    urls: config.webhooks,
    secret: config.webhookSecret,
    registry,
    database,
    // A receiver compares a signature's time with its own clock.
    clock: systemClock,
    report,
  });
  listeners.push(events.changed, published.wake, hooks.changed);

  const callerKeys = sqliteApiKeys(database, clock);
  const audit = auditLog({ path: folder(AUDIT_LOG), clock: systemClock, onProblem: problem });
  const captureKeys = folderCaptureKeys(folder('capture'));
  const keptLines = folderKeptLines(folder('capture'));

  const copy = folderCopy(database, folder(REGISTRY));
  const checked = checkedFiles();
  const objects = objectStore(folder('objects'), checked);
  const begin = later<LocalDeployments['begin']>('the start of a deployment');
  const store = folderStore({
    root: dataDir,
    objects,
    bucket: BUCKET,
    database,
    clock,
    maxObjectBytes: config.maxObjectBytes,
    isCopied: copy.isCopied,
    onCreated: (event) => begin.get()(event).catch(problem),
    onProblem: problem,
  });

  return {
    dataDir,
    folder,
    isFull,
    clock,
    /** The engine sets here whether it is idle. */
    idle,
    database,
    /** The database of what the console draws over time. */
    views,
    calledHours: calledHours(views, clock),
    steps: stepHistory(views, clock),
    registry,
    /** Fails when SQLite does not report the registry as sound. */
    async registryFault() {
      const fault = await check.fault();
      return fault && registryFailure(fault, folder(REGISTRY));
    },
    store,
    /** The keys by which callers on other machines call models. */
    callerKeys,
    /** Who did what. */
    audit,
    captureKeys,
    keptLines,
    keptRequests: keptRequests({ lines: keptLines, keys: captureKeys, clock }),
    objects,
    checked,
    events,
    published,
    /** Starts the deployments of the bucket's versions. */
    begin,
    problem,
    /** Looks at the bucket's files. The files of a copied folder are known only once all have been looked at. */
    scan: () => store.scan().then(copy.note).catch(problem),
    noted: (spec: RevisionSpec, damage: Damage | null) =>
      void registry.noteDamage(spec, damage).catch(problem),
    async stopTelling() {
      await Promise.all([published.stop(), hooks.stop()]);
      events.close();
    },
    check,
    unlock,
  };
}

/** Steps that are still under way when Slipway stops have nowhere to write any more; the next start takes them up. */
function isClosed(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_INVALID_STATE';
}

function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error instanceof Failure && error.fix ? `${error.message} → ${error.fix}` : error.message;
}
