import { lstat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Uploaded } from '#adapters/local/bucket/folder-store.ts';
import { objectVersions } from '#adapters/local/bucket/object-versions.ts';
import { consoleSessions } from '#adapters/local/control/console-sessions.ts';
import { newToken } from '#adapters/local/control/control-guard.ts';
import { partialUploads } from '#adapters/local/control/partial-uploads.ts';
import { deploymentMeters } from '#adapters/local/metrics/deployment-meters.ts';
import { exposeWithProcess } from '#adapters/local/metrics/exposition.ts';
import { roomMeters } from '#adapters/local/servers/room-meters.ts';
import { LOOK_SECONDS, trafficHistory } from '#adapters/local/views/traffic-history.ts';
import type { Sent } from '#control/operation.ts';
import { type MachineControl, machineOperations } from '#control/operations.ts';
import { readKey } from '#domain/artifact/object-key.ts';
import { LOCAL } from '#domain/audit-entry.ts';
import { dayOf } from '#domain/capture/plan.ts';
import { deploymentId } from '#domain/deployment.ts';
import { audited } from '#operations/access/audited.ts';
import { folderKeeper } from '#operations/data-folder/keeper.ts';
import { liveMeasurements } from '#operations/models/measure-live.ts';
import { slipwayRequests } from '#operations/slipway.ts';
import { USUAL_PORTS } from '#operations/usual-ports.ts';
import { healthMeters, troublesOf, wallsFailure } from '#operations/watch/health.ts';
import { liveWatch } from '#operations/watch/live-watch.ts';
import { machineMeters } from '#operations/watch/machine-meters.ts';
import type { LocalConfig } from '../config.ts';
import { localSweep } from '../local-sweep.ts';
import { serveControl } from '../serve-control.ts';
import { VERSION } from '../version.ts';
import { openS3 } from './s3.ts';
import type { Serving } from './serving.ts';
import { BUCKET, type State } from './state.ts';
import type { Workflows } from './workflows.ts';

const NEVER = new AbortController().signal;
// How often Slipway checks the live versions: a fault that must last five minutes is reported at most half a minute later.
const WATCH_MS = 30_000;
const EXPIRY_MS = 3_600_000;

/** The control API, listening on its port, and the checks whose results it reports. */
export async function openControl(
  state: State,
  serving: Serving,
  workflows: Workflows,
  config: LocalConfig,
) {
  const { dataDir, folder, registry, database, clock, store, events, problem } = state;
  const { runtime, room, gateway } = serving;
  const keeper = folderKeeper({
    folder: {
      dataDir,
      database,
      registry,
      versions: objectVersions(database, clock),
      objects: state.objects,
      soundObject: store.objectProblem,
      imageProblem: runtime.imageProblem,
    },
    bytesPerSecond: config.scrubBytesPerSecond,
    onProblem: problem,
  });
  const watch = liveWatch({
    registry,
    clients: gateway.clients,
    endsSince: serving.servers.endsSince,
    incidents: serving.incidents,
    clock,
  });
  const troubles = () =>
    troublesOf({
      dataDir,
      bucketDir: folder(BUCKET),
      registry: state.registryFault,
      walls: () => wallsFailure(runtime.walls),
    });
  const s3 = await openS3(state, config);
  const models = config.publicUrl ?? gateway.origin;
  const sessions = consoleSessions(database, clock);
  const history = trafficHistory({
    database: state.views,
    clock,
    families: gateway.families,
    onRequests: state.calledHours.count,
  });
  const deploymentMetrics = deploymentMeters(registry);
  const partial = partialUploads({
    folder: folder('uploads'),
    clock,
    require: store.requirePuttable,
    during: store.whileUploading,
    finish: async (key, path) => startedBy(await store.adopt(key, path)),
  });

  const { httpProber } = await import('#adapters/local/gateway/http-prober.ts');
  const measurements = liveMeasurements({
    registry,
    router: gateway.router,
    prober: httpProber(gateway),
    giveWay: gateway.lull,
    clock,
    sleep: (ms, signal) => sleep(ms, undefined, { signal }),
    cpuSeconds: serving.servers.cpuSeconds,
    vcpus: availableParallelism(),
  });

  /** The operations; the endpoints of models have this base in their answers. */
  const operationsAt = (base: string): MachineControl => ({
    ...slipwayRequests({
      registry,
      executions: workflows.engine,
      keptLines: state.keptLines,
      captureKeys: state.captureKeys,
      keptRequests: state.keptRequests,
      builds: runtime.builds,
      recover: workflows.recover,
      clock,
      sleep,
      bucket: BUCKET,
      endpoint: (model) => `${base}${gateway.router.route(model)}`,
      alerts: watch.alerts,
      untaken: store.untaken,
      // A file outside every model's folder lies in the bucket itself, or in models/.
      isInBucket: (name) =>
        Promise.any(['models', '.'].map((place) => lstat(join(folder(BUCKET), place, name)))).then(
          () => true,
          () => false,
        ),
      logs: () => ({ ...runtime, platforms: serving.platforms }),
      demand: state.calledHours,
      isSpent: false,
      measurements,
      // Nothing is spent here, in no region.
      prices: { read: async () => undefined },
      traffic: async ({ name }, minutes) => history.of(name, minutes),
      listBuilds: runtime.board.list,
      readEvents: events.open,
      objects: async (prefix) =>
        (await store.newest(BUCKET, prefix, '')).objects.map(({ key }) => key),
      remove: async (name) => void (await store.remove(name)),
      steps: async (execution) => state.steps.of(execution),
      answeredBy: async (said) => said,
    }),
    async health() {
      const found = await troubles();
      const known = {
        pid: process.pid,
        memory: room.use(),
        walls: runtime.walls,
        endpoints: base,
      };
      return found.length === 0
        ? { status: 'ok', ...known }
        : { status: 'failing', ...known, troubles: found };
    },
    metrics: async () =>
      exposeWithProcess([
        ...(await deploymentMetrics()),
        ...roomMeters(room.use()),
        ...(await machineMeters({
          dataDir,
          registry,
          clock,
          storage: keeper.storage,
          version: VERSION,
          engine: config.engine,
        })),
        healthMeters(await troubles()),
      ]),
    storage: keeper.storage,
    scrub: async () => keeper.scrub(),
    prune: async ({ dryRun }) => keeper.prune(dryRun),
    backup: async ({ to, link }) => keeper.backUp(to, { isLinked: link }),
    ...s3.operations,
    inviteToConsole: async () => ({ url: served.link() }),
    openConsole: async ({ code }) => ({ token: sessions.open(code) }),
    putObject: upload,
    readUpload: ({ id }) => partial.progress(id),
    continueUpload: (piece, signal) => partial.take(piece, signal ?? NEVER),
  });
  const token = newToken();
  const served = await serveControl(
    {
      table: machineOperations,
      operations: audited(machineOperations, operationsAt(models), (act) =>
        state.audit.add(LOCAL, act),
      ),
      sessions,
      token,
      models: new URL(models).origin,
      place: 'machine',
      // Where people sign in, that address is of the console for them.
      ...(config.consoleUrl !== undefined &&
        config.oidcIssuer === undefined && { published: config.consoleUrl }),
    },
    {
      host: config.host,
      port: config.controlPort ?? USUAL_PORTS.control,
      askedBy: config.controlPort === undefined ? undefined : '--control-port',
    },
  );
  const consoles = [served.origin, `http://localhost:${served.port}`];
  if (config.consoleUrl !== undefined) consoles.push(new URL(config.consoleUrl).origin);
  serving.allowConsole(...consoles);

  async function upload({ key, bytes, sizeBytes: expectedBytes }: Sent & { readonly key: string }) {
    const about = expectedBytes === undefined ? undefined : { expectedBytes };
    const content = bytes ? Readable.fromWeb(bytes) : Readable.from([]);
    return startedBy(await store.put(key, content, about));
  }

  async function startedBy({ key, versionId, sha256, sizeBytes }: Uploaded) {
    const starts = ['artifact', 'folder', 'misnamed'].includes(readKey(key).kind);
    const id = starts ? await deploymentId(BUCKET, key, versionId) : null;
    return { key, versionId, sha256, sizeBytes, deploymentId: id };
  }

  return {
    origin: served.origin,
    token,
    operationsAt,
    /** Where the S3 API answers; undefined while it is not open. */
    s3: s3.origin,
    consoleLink: served.link,
    startHistory: () =>
      localSweep({
        sweep: async () => history.look(),
        onProblem: problem,
        periodMs: LOOK_SECONDS * 1000,
      }),
    startExpiry: () =>
      localSweep({
        sweep: () => state.keptLines.expire(dayOf(clock.now())),
        onProblem: problem,
        periodMs: EXPIRY_MS,
      }),
    startWatch: () => localSweep({ sweep: watch.look, onProblem: problem, periodMs: WATCH_MS }),
    close: () => Promise.all([served.close(), s3.close()]),
    stopKeeping: () => keeper.stop(),
  };
}
