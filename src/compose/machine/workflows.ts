import { statfs } from 'node:fs/promises';
import { weekly } from '#adapters/local/views/weekly.ts';
import {
  type StepObserver,
  type WorkflowEngine,
  workflowEngine,
} from '#adapters/local/workflow/workflow-engine.ts';
import type { Caps } from '#domain/placement/caps.ts';
import { METERING_MS } from '#domain/placement/spent.ts';
import { TARGETS } from '#domain/placement/target.ts';
import type { ShiftDefaults } from '#domain/rollout/plan-shift.ts';
import { boundedInspector, INSPECTION_BUDGET } from '#operations/inspection/bounded.ts';
import { folderTrust } from '#operations/signing/release-signing.ts';
import { APART, type Comparing } from '#ports/comparing.ts';
import { meterLive } from '#steps/meter-live.ts';
import { recover } from '#steps/recover.ts';
import { sweep } from '#steps/sweep.ts';
import { weighLive } from '#steps/weigh-live.ts';
import { inspectingFairly } from '../applicants.ts';
import type { LocalConfig } from '../config.ts';
import { inspectingBy } from '../inspection.ts';
import { localDeployments, MOST_LOCAL_ATTEMPTS } from '../local-deployments.ts';
import { baseImagesIn } from '../local-engine.ts';
import { localSweep } from '../local-sweep.ts';
import { readDefinitions, stepHandlers } from '../local-workflow.ts';
import { resending } from '../resend.ts';
import type { StepPorts } from '../step-ports.ts';
import { tracesFor } from '../traces.ts';
import { later } from './later.ts';
import type { Serving } from './serving.ts';
import { BUCKET, type State } from './state.ts';

// How long to let steps finish: most take milliseconds, but one that waits for a model may take a minute.
export const STEPS_MS = 1000;
// The bucket's watcher starts deployments itself, and redelivers an event until it is acknowledged.
const UPLOAD_GRACE_MS = 60_000;
// One is read or written while the other runs in the model.
const ASKED_AT_ONCE = 2;
// How often Slipway sees whether a week is over.
const WEIGHING_MS = 3_600_000;

/** The engine that runs the workflows, and the sweep beside them. */
export type Workflows = Awaited<ReturnType<typeof openWorkflows>>;

export async function openWorkflows(
  state: State,
  serving: Serving,
  config: LocalConfig,
  { environment, onStep }: { environment: NodeJS.ProcessEnv; onStep: StepObserver },
) {
  const { registry, store, clock, problem } = state;
  const { runtime, gateway, platforms } = serving;
  // The steps ask the engine which executions run, and the engine runs the steps.
  const known = later<WorkflowEngine>('the workflow engine');
  const ends = later<ReturnType<typeof resending>>('the end of an execution');
  const inspector = boundedInspector(INSPECTION_BUDGET, {}, { survivesInterrupt: true });
  const { httpProber } = await import('#adapters/local/gateway/http-prober.ts');
  const { judgingThreads } = await import('./judging-thread.ts');
  const caps: Caps = {
    maxReplicas: config.maxReplicas ?? null,
    allowedAccelerators: config.allowedAccelerators ?? null,
    maxMonthlyUsd: config.maxMonthlyUsd ?? null,
  };
  const ports: StepPorts = {
    registry,
    captureKeys: state.captureKeys,
    keptRequests: state.keptRequests,
    artifacts: store,
    platforms,
    ...platforms,
    router: gateway.router,
    prober: httpProber(gateway),
    comparing: amongClients(gateway.lull),
    metrics: gateway.metrics,
    executions: {
      start: (workflow, name, input) => known.get().start(workflow, name, input),
      isRunning: (execution) => known.get().isRunning(execution),
      stop: (execution) => known.get().stop(execution),
    },
    clock,
    buildLog: runtime.buildLog,
    builds: runtime.builds,
    hashes: runtime.hashes,
    engine: runtime.engine,
    environments: runtime.environments,
    images: runtime.images,
    requireApproval: config.requireApproval,
    trust: await folderTrust(state.dataDir, config.trustedSigners),
    ...inspectingBy(inspector),
    offered: TARGETS,
    caps,
    // This machine rejects no function for its memory.
    accountLimits: {
      functionMemory: async () => undefined,
      learnFunctionMemory: async () => undefined,
    },
    functionConcurrency: async () => null,
    fargateVcpus: async () => null,
    ec2Vcpus: async () => null,
    starts: async () => [],
    demand: state.calledHours,
    prices: { read: async () => undefined },
    // A machine without a GPU still answers, on its CPU.
    gpus: { areChosen: false, baseImages: baseImagesIn(environment) },
    // The machine belongs to its owner, who has started Slipway with Docker to have images built.
    ownImages: 'built',
    unwalled: runtime.walls.refuses,
    mostMachine: null,
    freeBytes: () => freeBytes(state.dataDir),
    provisioningSeconds: { lambda: 0, fargate: 0, ec2: 0 },
    waitMs: config.describeWaitMs,
    shifts: localShifts(config.bakeSeconds),
    crossingDrainSeconds: 0,
  };
  const handlers = stepHandlers(ports);
  const captureFolder = state.folder('capture');
  const judging = judgingThreads({ ports, gateway, captureFolder, environment, here: handlers });
  const traces = await tracesFor(environment);
  const engine = workflowEngine({
    definitions: readDefinitions(),
    // These replace CodeBuild.
    handlers: {
      ...handlers,
      CompareAnswers: judging.CompareAnswers,
      JudgeBake: judging.JudgeBake,
      InspectArtifact: inspectingFairly(registry, handlers.InspectArtifact),
      BuildEnvironment: runtime.buildEnvironment,
      // One build does both steps here: GrantBuild names no place for an image between them.
      BuildOwnImage: runtime.build,
      BuildImage: runtime.build,
    },
    onStep,
    traces,
    onEnded: (end) => ends.get().ended(end),
  });
  known.set(engine);
  state.idle.isIdle = engine.isIdle;
  const recovering = recover({ registry, executions: engine, mostAttempts: MOST_LOCAL_ATTEMPTS });
  const deployments = localDeployments({
    engine,
    registry,
    recover: recovering,
    acknowledge: async (key, versionId) => store.settled(key, versionId),
  });
  ends.set(resending(deployments, problem));
  state.begin.set(deployments.begin);

  return {
    engine,
    recover: recovering,
    warm() {
      inspector.warm();
      engine.warm();
    },
    /** Weighs the live versions again, once a week. */
    startWeighing: () =>
      localSweep({
        sweep: weekly(
          state.views,
          clock,
          weighLive({
            registry,
            demand: state.calledHours,
            prices: { read: async () => undefined },
            clock,
            executions: null,
          }),
        ),
        onProblem: problem,
        periodMs: WEIGHING_MS,
      }),
    /** Adds up what the requests would have cost on AWS. */
    startMetering: () =>
      localSweep({
        sweep: meterLive({
          registry,
          demand: state.calledHours,
          prices: { read: async () => undefined },
          clock,
          caps,
          ceilings: serving.ceilings,
          isSpent: false,
        }),
        onProblem: problem,
        periodMs: METERING_MS,
      }),
    startSweep: () =>
      localSweep({
        sweep: sweep({
          registry,
          artifacts: store,
          executions: engine,
          clock,
          bucket: BUCKET,
          router: gateway.router,
          platforms,
          images: runtime.images,
          unusedEnvironments: runtime.environments,
          offered: TARGETS,
          mostAttempts: MOST_LOCAL_ATTEMPTS,
          executionGraceMs: 0,
          uploadGraceMs: UPLOAD_GRACE_MS,
          // The gateway has all its settings from the start.
          settleFront: async () => undefined,
        }),
        onProblem: problem,
        periodMs: config.sweepSeconds * 1000,
      }),
    /** Stops resending events. */
    stopResending: () => ends.get().stop(),
    async stop() {
      await Promise.race([engine.stopAll(), timeout(STEPS_MS)]);
      await judging.stop();
      await Promise.race([traces?.stop(), timeout(STEPS_MS)]);
    },
  };
}

/** How a comparison goes on in the thread that answers clients. */
export function amongClients(giveWay: Comparing['giveWay']): Comparing {
  return { atOnce: ASKED_AT_ONCE, isApart: false, giveWay, compare: APART.compare };
}

/** The free space for this user on the disk that builds use. */
async function freeBytes(dataDir: string): Promise<number> {
  const { bavail, bsize } = await statfs(dataDir);
  return bavail * bsize;
}

/** On one machine all default bakes have the same length, and containers start without a canary. */
function localShifts(bakeSeconds: number): ShiftDefaults {
  const bakes = { bakeSeconds, canaryBakeSeconds: bakeSeconds, crossingBakeSeconds: bakeSeconds };
  return { ...bakes, canary: false };
}

export function timeout(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms).unref());
}
