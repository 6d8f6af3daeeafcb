import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { folderStore } from '#adapters/local/bucket/folder-store.ts';
import { objectStore } from '#adapters/local/bucket/object-store.ts';
import { objectVersions } from '#adapters/local/bucket/object-versions.ts';
import type { Uploaded } from '#adapters/local/control-api.ts';
import { newToken } from '#adapters/local/control-token.ts';
import { deploymentMeters } from '#adapters/local/deployment-meters.ts';
import { generationMeters } from '#adapters/local/gateway/generation-meters.ts';
import { requestLog } from '#adapters/local/gateway/request-log.ts';
import { checkedFiles } from '#adapters/local/integrity/checked-files.ts';
import { listen } from '#adapters/local/listen.ts';
import { dataFolderFailure } from '#adapters/local/registry/data-folder-failure.ts';
import { eventLog } from '#adapters/local/registry/event-log.ts';
import { eventStream } from '#adapters/local/registry/event-stream.ts';
import { lockFolder } from '#adapters/local/registry/lock-folder.ts';
import { openRegistry, REGISTRY } from '#adapters/local/registry/open-registry.ts';
import { registryCheck, registryFailure } from '#adapters/local/registry/registry-check.ts';
import { keepReserve, releaseReserve } from '#adapters/local/registry/reserve.ts';
import { sqliteRegistry } from '#adapters/local/registry/sqlite-registry.ts';
import { localPlatforms } from '#adapters/local/revisions/local-platforms.ts';
import { serverMeters } from '#adapters/local/revisions/server-meters.ts';
import { provenServers } from '#adapters/local/servers/proven-servers.ts';
import { roomMeters } from '#adapters/local/servers/room-meters.ts';
import { serverRoom } from '#adapters/local/servers/server-room.ts';
import type { Walls } from '#adapters/local/servers/walls.ts';
import { webhooks } from '#adapters/local/webhooks/webhooks.ts';
import {
  type StepObserver,
  type WorkflowEngine,
  workflowEngine,
} from '#adapters/local/workflow-engine.ts';
import { boundedInspector, INSPECTION_BUDGET } from '#compose/inspection/bounded.ts';
import { maxArtifactBytes } from '#domain/artifact/limit.ts';
import { readKey } from '#domain/artifact/object-key.ts';
import containerLimits from '#domain/data/container-limits.json' with { type: 'json' };
import limits from '#domain/data/lambda-limits.json' with { type: 'json' };
import { type Damage, deploymentId } from '#domain/deployment.ts';
import { Failure } from '#domain/failure.ts';
import { TARGETS } from '#domain/placement/target.ts';
import type { ShiftDefaults } from '#domain/rollout/plan-shift.ts';
import type { WallsReport } from '#domain/walls.ts';
import type { RevisionSpec } from '#ports/platform.ts';
import { publishEvents } from '#steps/publish-events.ts';
import { recover } from '#steps/recover.ts';
import { sweep } from '#steps/sweep.ts';
import { applicantOf, inspectingFairly } from './applicants.ts';
import { steadyClock, systemClock } from './clocks.ts';
import { type LocalConfig, USUAL_PORTS } from './config.ts';
import { folderKeeper } from './data-folder/keeper.ts';
import { explainVersion } from './explain-version.ts';
import { healthMeters, troublesOf, wallsFailure } from './health.ts';
import { incidents } from './incidents.ts';
import { keptProof } from './kept-proof.ts';
import { liveWatch } from './live-watch.ts';
import { localDeployments, MOST_LOCAL_ATTEMPTS } from './local-deployments.ts';
import { localEngine } from './local-engine.ts';
import { localSweep } from './local-sweep.ts';
import { readDefinitions, stepHandlers } from './local-workflow.ts';
import { availableMiB, machineBudgetMiB, STARTS_AT_ONCE } from './machine-budget.ts';
import { machineMeters } from './machine-meters.ts';
import { modelActions } from './model-actions.ts';
import { modelLog, modelStatus, modelVersions } from './model-status.ts';
import { promotionActions } from './promotion-actions.ts';
import { publisher } from './publisher.ts';
import { refusedDrops } from './refused-drops.ts';
import { folderTrust } from './release-signing.ts';
import { resending } from './resend.ts';
import { startLive } from './start-live.ts';
import { tracesFor } from './traces.ts';
import { userName } from './user.ts';
import { VERSION } from './version.ts';

/** A Slipway that runs in this process. */
export type LocalSlipway = {
  /** The endpoint's base, `http://HOST:PORT`; a model answers under `/models/NAME`. */
  readonly gateway: string;
  readonly control: string;
  /** The secret that the control API wants. */
  readonly token: string;
  /** How its models are isolated. */
  readonly walls: WallsReport;
  /** The folder to drop models in. */
  readonly bucketDir: string;
  isLive(model: string): Promise<boolean>;
  /** Stops everything that runs; the next start resumes deployments in progress. */
  stop(): Promise<void>;
};

type Surroundings = {
  /** Slipway's own environment variables; a model server gets only a few harmless ones. */
  readonly environment: NodeJS.ProcessEnv;
  /** Reports, in one line, a problem outside any deployment. */
  readonly report: (problem: string) => void;
  readonly onStep?: StepObserver;
  /** The script that serves models as processes, instead of Slipway's own. */
  readonly serverEntry?: string;
  /** What the machine has to keep models to themselves, where a look has begun already. */
  readonly walls?: Promise<Walls>;
};

const BUCKET = 'bucket';
// How long to let steps finish: most take milliseconds, but one that waits for a model may take a minute.
const STEPS_MS = 1000;
// The bucket's watcher starts deployments itself, and redelivers an event until it is acknowledged.
const UPLOAD_GRACE_MS = 60_000;
// How often live versions are looked at: a fault of five minutes is told within half a one.
const WATCH_MS = 30_000;

/**
 * Starts Slipway on this machine with its state in `config.dataDir`, and resumes what an earlier one left.
 * Fails with `InputInvalid` when another Slipway has the folder, with `StorageFull`, `PlatformDenied` or `PlatformUnavailable` when nothing can be written there.
 */
export async function startLocal(
  config: LocalConfig,
  surroundings: Surroundings,
): Promise<LocalSlipway> {
  const dataDir = resolve(config.dataDir);
  return startIn(dataDir, config, surroundings).catch((error: unknown) => {
    throw dataFolderFailure(error, dataDir);
  });
}

/** What is free for whoever runs Slipway, on the disk that builds use. */
async function freeBytes(dataDir: string): Promise<number> {
  const { bavail, bsize } = await statfs(dataDir);
  return bavail * bsize;
}

async function startIn(
  dataDir: string,
  config: LocalConfig,
  { environment, report, onStep = async () => {}, serverEntry, walls }: Surroundings,
): Promise<LocalSlipway> {
  const folder = (name: string) => join(dataDir, name);
  const unlock = lockFolder(dataDir);
  const isFull = releaseReserve(dataDir);
  mkdirSync(folder('logs'), { recursive: true });
  // The engine needs the clock's users, and tells whether it is idle.
  let isIdle = () => true;
  const clock = steadyClock(() => isIdle());
  const database = openRegistry(dataDir, { beginsAnew: config.beginAnew, nowMs: clock.now() });
  const problem = (error: unknown) => report(explain(error));
  const check = registryCheck(folder(REGISTRY), (fault) =>
    problem(registryFailure(fault, folder(REGISTRY))),
  );

  const registry = sqliteRegistry({
    database,
    clock,
    onEvents() {
      events.changed();
      published.wake();
      hooks.changed();
    },
  });
  const hooks = webhooks({
    urls: config.webhooks,
    secret: config.webhookSecret,
    registry,
    database,
    // A receiver compares a signature's time with its own clock.
    clock: systemClock,
    report,
  });
  const events = eventStream(registry);
  const bus = await eventLog(folder('events.ndjson'));
  const published = publisher(publishEvents({ registry, bus }), problem);
  const checked = checkedFiles();
  const objects = objectStore(folder('objects'), checked);
  const store = folderStore({
    root: dataDir,
    objects,
    bucket: BUCKET,
    database,
    clock,
    maxObjectBytes: config.maxObjectBytes,
    onCreated: (event) => deployments.begin(event).catch(problem),
    onProblem: problem,
  });
  const noted = (spec: RevisionSpec, damage: Damage | null) =>
    void registry.noteDamage(spec, damage).catch(problem);
  const runtime = await localEngine(config.engine, {
    folder,
    objectPath: store.objectPath,
    objects: { checked, problem: store.problem },
    applicantOf: (id) => applicantOf(registry, id),
    noted,
    clock,
    availableMiB: () => availableMiB(room.use()),
    environment,
    serverEntry,
    walls,
    codeWithoutWalls: config.codeWithoutWalls,
  });
  const room = serverRoom({
    budgetMiB: config.memoryMiB ?? machineBudgetMiB(),
    startsAtOnce: STARTS_AT_ONCE,
  });
  const generations = generationMeters(clock);
  const servers = serverMeters(clock);
  const told = incidents({ registry, clock, onProblem: problem });
  const local = localPlatforms({
    database,
    onGeneration: generations.observe,
    watcher: {
      started: servers.started,
      ended(of, end) {
        servers.ended(of, end);
        told.ended(of, end);
      },
    },
    logDirectory: folder('logs'),
    servers: provenServers(runtime.servers, { problem: keptProof(registry), noted }),
    clock,
    room,
    lambda: {
      maxInstances: config.maxInstances,
      idleSeconds: config.idleSeconds,
      requestTimeoutMs: config.requestTimeoutMs,
      // What only Lambda would refuse is answered here, with a warning.
      maxRequestBytes: containerLimits.requestMaxBytes,
      streamed: { timeoutMs: limits.streamTimeoutSeconds * 1000 },
    },
  });
  // What was live serves before anything else is done: its servers start while the rest is loaded.
  const stopping = new AbortController();
  startLive(
    (await registry.models()).flatMap(({ live }) => live ?? []),
    { start: local.start, signal: stopping.signal, onProblem: problem },
  );
  const { startGateway, httpProber, controlApi } = await front();
  const gateway = await startGateway({
    host: config.host,
    port: config.gatewayPort ?? USUAL_PORTS.gateway,
    askedBy: config.gatewayPort === undefined ? undefined : '--port',
    except: config.gatewayPort === undefined ? config.controlPort : undefined,
    revisions: local.host,
    generations,
    servers,
    database,
    clock,
    requestLog: config.requestLog ? requestLog(folder('requests.ndjson')) : undefined,
    corsOrigins: config.corsOrigins,
    allowedHosts: config.allowedHosts,
  });
  const trust = await folderTrust(dataDir, config.trustedSigners);
  const inspector = boundedInspector(INSPECTION_BUDGET, {}, { survivesInterrupt: true });
  const handlers = stepHandlers({
    registry,
    artifacts: store,
    platforms: local.platforms,
    router: gateway.router,
    prober: httpProber(gateway),
    metrics: gateway.metrics,
    // The steps ask the engine which executions run, and the engine runs the steps.
    executions: {
      start: (workflow, name, input) => engine.start(workflow, name, input),
      isRunning: (execution) => engine.isRunning(execution),
      stop: (execution) => engine.stop(execution),
    },
    clock,
    buildLog: runtime.buildLog,
    builds: runtime.builds,
    hashes: runtime.hashes,
    engine: runtime.engine,
    environments: runtime.environments,
    images: runtime.images,
    requireApproval: config.requireApproval,
    trust,
    inspector,
    maxArtifactBytes: maxArtifactBytes(TARGETS),
    offered: TARGETS,
    caps: {
      maxReplicas: config.maxReplicas ?? null,
      allowedAccelerators: config.allowedAccelerators ?? null,
      // Nothing is spent here.
      maxMonthlyUsd: null,
    },
    // This machine refuses no function for its memory.
    accountLimits: {
      functionMemory: async () => undefined,
      learnFunctionMemory: async () => undefined,
    },
    // A machine without a GPU still answers, by its CPU.
    gpus: { areChosen: false, vllmImage: environment['VLLM_IMAGE'] || null },
    // The machine is its owner's, who has started Slipway with Docker to have images built.
    ownImages: 'built',
    unwalled: runtime.walls.refuses,
    mostMachine: null,
    freeBytes: () => freeBytes(dataDir),
    provisioningSeconds: { lambda: 0, fargate: 0, ec2: 0 },
    waitMs: config.describeWaitMs,
    shifts: localShifts(config.bakeSeconds),
    crossingDrainSeconds: 0,
  });
  const traces = await tracesFor(environment);
  const engine: WorkflowEngine = workflowEngine({
    definitions: readDefinitions(),
    // In place of CodeBuild.
    handlers: {
      ...handlers,
      InspectArtifact: inspectingFairly(registry, handlers.InspectArtifact),
      BuildEnvironment: runtime.buildEnvironment,
      BuildImage: runtime.build,
    },
    onStep,
    traces,
    async onEnded(end) {
      await ends.ended(end);
    },
  });
  isIdle = engine.isIdle;
  const recovering = recover({ registry, executions: engine, mostAttempts: MOST_LOCAL_ATTEMPTS });
  const deployments = localDeployments({
    engine,
    registry,
    recover: recovering,
    acknowledge: async (key, versionId) => store.settled(key, versionId),
  });
  const ends = resending(deployments, problem);
  const keeper = folderKeeper({
    folder: {
      dataDir,
      database,
      registry,
      versions: objectVersions(database, clock),
      objects,
      soundObject: store.objectProblem,
      imageProblem: runtime.imageProblem,
    },
    bytesPerSecond: config.scrubBytesPerSecond,
    onProblem: problem,
  });
  const watch = liveWatch({
    registry,
    metrics: gateway.metrics,
    endsSince: servers.endsSince,
    incidents: told,
    clock,
  });
  const troubles = () =>
    troublesOf({
      dataDir,
      bucketDir: folder('bucket'),
      async registry() {
        const fault = await check.fault();
        return fault && registryFailure(fault, folder(REGISTRY));
      },
      walls: () => wallsFailure(runtime.walls),
    });
  const deploymentMetrics = deploymentMeters(registry);
  const token = newToken();
  const api = controlApi({
    registry,
    token,
    jobs: keeper,
    status: async (model) =>
      modelStatus(registry, model, {
        endpoint: `${gateway.origin}${gateway.router.route(model.name)}`,
        nowMs: clock.now(),
        alerts: model.live ? await watch.alerts(model.live) : [],
      }),
    refused: async () => refusedDrops(registry, await store.untaken()),
    log: (model, query) =>
      modelLog(registry, { ...runtime, platforms: local.platforms }, { model, query }),
    requests: {
      ...modelActions({
        registry,
        executions: engine,
        builds: runtime.builds,
        recover: recovering,
        clock,
        sleep,
      }),
      ...promotionActions({
        registry,
        executions: engine,
        clock,
        sleep,
        bucket: BUCKET,
        whoAmI: async () => userName(),
      }),
      versions: (model) => modelVersions(registry, model),
      explain: (model, version) => explainVersion(registry, model, version),
    },
    builds: runtime.board.list,
    events,
    troubles,
    meters: async () => [
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
    ],
    memory: room.use,
    walls: runtime.walls,
    upload,
    objects: async (prefix) =>
      (await store.newest(BUCKET, prefix, '')).objects.map(({ key }) => key),
    remove: store.remove,
  });
  await api.ready();
  const controlPort = await listen(api.server, {
    host: config.host,
    port: config.controlPort ?? USUAL_PORTS.control,
    askedBy: config.controlPort === undefined ? undefined : '--control-port',
  });
  const control = `http://${config.host}:${controlPort}`;
  writeInstance(folder('instance.json'), {
    pid: process.pid,
    gateway: gateway.origin,
    control,
    token,
  });
  if (isFull)
    report(
      `${dataDir}: its disk is full → What was live is served, and nothing new is taken until some space on it is free.`,
    );
  else keepReserve(dataDir);

  published.wake();
  await store.watch();
  store.scan().catch(problem);
  // Once whoever has asked for the start was told of it.
  const warming = setImmediate(() => {
    inspector.warm();
    engine.warm();
    runtime.keepSpare();
  });
  const sweeping = localSweep({
    sweep: sweep({
      registry,
      artifacts: store,
      executions: engine,
      clock,
      bucket: BUCKET,
      router: gateway.router,
      platforms: local.platforms,
      images: runtime.images,
      unusedEnvironments: runtime.environments,
      offered: TARGETS,
      mostAttempts: MOST_LOCAL_ATTEMPTS,
      executionGraceMs: 0,
      uploadGraceMs: UPLOAD_GRACE_MS,
      // The gateway has all its settings from its start on.
      settleFront: async () => undefined,
    }),
    onProblem: problem,
    periodMs: config.sweepSeconds * 1000,
  });

  const watching = localSweep({ sweep: watch.look, onProblem: problem, periodMs: WATCH_MS });

  async function upload(key: string, bytes: Readable, expectedBytes?: number): Promise<Uploaded> {
    const about = expectedBytes === undefined ? undefined : { expectedBytes };
    const { versionId, sha256, sizeBytes } = await store.put(key, bytes, about);
    const starts = ['artifact', 'folder', 'misnamed'].includes(readKey(key).kind);
    const id = starts ? await deploymentId(BUCKET, key, versionId) : null;
    return { key, versionId, sha256, sizeBytes, deploymentId: id };
  }

  return {
    gateway: gateway.origin,
    control,
    token,
    walls: runtime.walls,
    bucketDir: folder('bucket'),
    isLive: async (model) => ((await registry.model(model))?.live ?? null) !== null,
    async stop() {
      clearImmediate(warming);
      stopping.abort();
      ends.stop();
      await Promise.race([Promise.all([sweeping.stop(), watching.stop()]), timeout(STEPS_MS)]);
      await store.close();
      // Executions stop before builds: otherwise a killed build would count as failed.
      await Promise.race([engine.stopAll(), timeout(STEPS_MS)]);
      await Promise.race([traces?.stop(), timeout(STEPS_MS)]);
      await runtime.stop();
      await Promise.all([published.stop(), hooks.stop()]);
      events.close();
      await api.close();
      check.close();
      await keeper.stop();
      // Closed before the model servers: a step that still waits for its model fails at its next write, as if Slipway had been killed, instead of blaming the model for its server's end.
      database.close();
      await Promise.all([gateway.close(), local.close()]);
      rmSync(folder('instance.json'), { force: true });
      unlock();
    },
  };
}

/** What answers and asks by HTTP, with its libraries. */
async function front() {
  const [{ startGateway }, { httpProber }, { controlApi }] = await Promise.all([
    import('#adapters/local/gateway/gateway.ts'),
    import('#adapters/local/gateway/http-prober.ts'),
    import('#adapters/local/control-api.ts'),
  ]);
  return { startGateway, httpProber, controlApi };
}

/** On one machine all default bakes have the same length, and containers begin without a canary. */
function localShifts(bakeSeconds: number): ShiftDefaults {
  const bakes = { bakeSeconds, canaryBakeSeconds: bakeSeconds, crossingBakeSeconds: bakeSeconds };
  return { ...bakes, canary: false };
}

function writeInstance(path: string, instance: object): void {
  // A file that is there already would keep its mode.
  rmSync(`${path}.new`, { force: true });
  writeFileSync(`${path}.new`, JSON.stringify(instance), { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error instanceof Failure && error.fix ? `${error.message} → ${error.fix}` : error.message;
}

function timeout(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms).unref());
}
