import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { controlApi, type Uploaded } from '#adapters/local/control-api.ts';
import { openDatabase } from '#adapters/local/database.ts';
import { eventLog } from '#adapters/local/event-log.ts';
import { eventStream } from '#adapters/local/event-stream.ts';
import { folderStore } from '#adapters/local/folder-store.ts';
import { startGateway } from '#adapters/local/gateway.ts';
import { httpProber } from '#adapters/local/http-prober.ts';
import { lambdaPlatform } from '#adapters/local/lambda-platform.ts';
import { listen } from '#adapters/local/listen.ts';
import { lockFolder } from '#adapters/local/lock-folder.ts';
import { sqliteRegistry } from '#adapters/local/sqlite-registry.ts';
import type { StepObserver } from '#adapters/local/workflow-engine.ts';
import limits from '#domain/data/lambda-limits.json' with { type: 'json' };
import { deploymentId } from '#domain/deployment.ts';
import { Failure } from '#domain/failure.ts';
import { readKey } from '#domain/object-key.ts';
import { publishEvents } from '#steps/publish-events.ts';
import { settle } from '#steps/settle.ts';
import type { LocalConfig } from './config.ts';
import { localDeployments } from './local-deployments.ts';
import { localEngine } from './local-engine.ts';
import { deployEngine } from './local-workflow.ts';
import { modelLog, modelStatus } from './model-status.ts';
import { publisher } from './publisher.ts';
import { resending } from './resend.ts';

/** A Slipway that runs in this process. */
export type LocalSlipway = {
  /** The endpoint's base, `http://HOST:PORT`; a model answers under `/models/NAME`. */
  readonly gateway: string;
  readonly control: string;
  /** The folder to drop models in. */
  readonly bucketDir: string;
  isLive(model: string): Promise<boolean>;
  /** Ends what runs; deployments in progress are taken up again at the next start. */
  stop(): Promise<void>;
};

type Surroundings = {
  /** Slipway's own environment, of which a model server gets a few harmless entries. */
  readonly environment: NodeJS.ProcessEnv;
  /** Told in one line what went wrong beside any deployment. */
  readonly report: (problem: string) => void;
  readonly onStep?: StepObserver;
};

const BUCKET = 'bucket';
// Most steps take milliseconds; one that waits for a model may take a minute.
const STEPS_MS = 1000;
/**
 * Starts Slipway on this machine with its state in `config.dataDir`, and takes up what an earlier one left.
 * Fails with `InputInvalid` when another Slipway has the folder.
 */
export async function startLocal(
  config: LocalConfig,
  { environment, report, onStep = () => {} }: Surroundings,
): Promise<LocalSlipway> {
  const dataDir = resolve(config.dataDir);
  const folder = (name: string) => join(dataDir, name);
  const unlock = lockFolder(dataDir);
  mkdirSync(folder('logs'), { recursive: true });
  const clock = { now: Date.now };
  const database = openDatabase(folder('registry.db'));
  const problem = (error: unknown) => report(explain(error));

  const registry = sqliteRegistry({
    database,
    clock,
    onEvents() {
      events.changed();
      published.wake();
    },
  });
  const events = eventStream(registry);
  const bus = await eventLog(folder('events.ndjson'));
  const published = publisher(publishEvents({ registry, bus }), problem);
  const store = folderStore({
    root: dataDir,
    bucket: BUCKET,
    database,
    clock,
    maxObjectBytes: config.maxObjectBytes,
    onCreated: (event) => deployments.begin(event).catch(problem),
    onProblem: problem,
  });
  const runtime = await localEngine(config.engine, {
    folder,
    objectPath: store.objectPath,
    environment,
  });
  const lambda = lambdaPlatform({
    database,
    logDirectory: folder('logs'),
    servers: runtime.servers,
    clock,
    limits: {
      maxInstances: config.maxInstances,
      idleSeconds: config.idleSeconds,
      requestTimeoutMs: config.requestTimeoutMs,
      maxRequestBytes: limits.requestMaxBytes,
      maxResponseBytes: limits.responseMaxBytes,
    },
  });
  const gateway = await startGateway({
    host: config.host,
    port: config.gatewayPort,
    revisions: lambda,
    database,
    clock,
  });
  // What was live serves before anything else is done.
  for (const { live } of await registry.models()) {
    if (live) lambda.start(live.revision).catch(problem);
  }
  const engine = deployEngine(
    {
      registry,
      artifacts: store,
      lambda,
      router: gateway.router,
      prober: httpProber({ origin: gateway.origin }),
      metrics: gateway.metrics,
      clock,
      buildLog: runtime.buildLog,
      environmentHash: runtime.environmentHash,
      engine: runtime.engine,
      provisioningSeconds: 0,
      waitMs: config.describeWaitMs,
      bakeSeconds: config.bakeSeconds,
    },
    {
      onStep,
      build: runtime.build,
      async onEnded(end) {
        await ends.ended(end);
      },
    },
  );
  const deployments = localDeployments({
    engine,
    registry,
    settle: settle({ registry, artifacts: store }),
    acknowledge: async (key, versionId) => store.settled(key, versionId),
  });
  const ends = resending(deployments, problem);
  const api = controlApi({
    registry,
    status: (model) =>
      modelStatus(registry, model, `${gateway.origin}${gateway.router.route(model.name)}`),
    log: (model) => modelLog(registry, lambda, model),
    events,
    upload,
  });
  await api.ready();
  const controlPort = await listen(api.server, { host: config.host, port: config.controlPort });
  const control = `http://${config.host}:${controlPort}`;
  writeInstance(folder('instance.json'), { pid: process.pid, gateway: gateway.origin, control });

  published.wake();
  await store.watch();
  store.scan().catch(problem);

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
    bucketDir: folder('bucket'),
    isLive: async (model) => ((await registry.model(model))?.live ?? null) !== null,
    async stop() {
      ends.stop();
      await store.close();
      await runtime.stop();
      await Promise.race([engine.stopAll(), timeout(STEPS_MS)]);
      await published.stop();
      events.close();
      await api.close();
      // A step that still waits for its model fails at its next write, as if Slipway had been killed: the end of the model server is not the model's fault.
      database.close();
      await Promise.all([gateway.close(), lambda.close()]);
      rmSync(folder('instance.json'), { force: true });
      unlock();
    },
  };
}

function writeInstance(path: string, instance: object): void {
  writeFileSync(`${path}.new`, JSON.stringify(instance));
  renameSync(`${path}.new`, path);
}

function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error instanceof Failure && error.fix ? `${error.message} → ${error.fix}` : error.message;
}

function timeout(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms).unref());
}
