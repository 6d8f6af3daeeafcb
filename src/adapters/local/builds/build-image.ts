import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import * as z from 'zod/mini';
import type { FairTurn, Lend } from '#adapters/local/concurrency/at-once.ts';
import type { WaitingDeployment } from '#adapters/local/concurrency/fair-turns.ts';
import { realTimers, type Timers } from '#adapters/local/concurrency/timers.ts';
import { removeOldLogs } from '#adapters/local/files/old-logs.ts';
import { removeFolder } from '#adapters/local/files/remove-folder.ts';
import { revisionLog } from '#adapters/local/files/revision-log.ts';
import { watchMemory } from '#adapters/local/processes/memory-watch.ts';
import type { OrphanGuard } from '#adapters/local/processes/orphan-guard.ts';
import { storageFailure } from '#adapters/local/registry/storage-failure.ts';
import type { BuildVariable } from '#domain/build/image.ts';
import type { BuildOrder } from '#domain/build/order.ts';
import type { Build as KnownBuild } from '#ports/builds.ts';
import type { BuildBoard, TrackedBuild } from './build-board.ts';
import { killGroup, type Variables } from './build-phase.ts';
import {
  type BuildOutcome,
  type BuildStatus,
  neverBegun,
  type PhaseReport,
  runBuild,
} from './build-run.ts';
import { readBuildSpec } from './build-spec.ts';
import { grantedOrder } from './grants.ts';
import { watchIdle } from './idle-watch.ts';

export type ImageBuildsOptions = {
  /** The path of the buildspec. */
  readonly buildspec: string;
  /** Working directory of its commands: the folder that holds `buildspecs` and `runtimes`. */
  readonly source: string;
  /** Holds a log per build, and its scratch files while it runs. */
  readonly directory: string;
  /** The variables that the project sets on CodeBuild. */
  readonly environment: Variables;
  /** Slipway's own environment; a build inherits only what locates programs, the home, the engine and the certificates. */
  readonly own: Readonly<Record<string, string | undefined>>;
  /** Shared by all builds of this machine; limits how many run at once. */
  readonly inTurn: FairTurn;
  /** For whose model the build of a deployment is. */
  readonly applicantOf: (deploymentId: string) => Promise<WaitingDeployment>;
  /** How long a build may wait for its turn. */
  readonly queuedTimeoutSeconds: number;
  /** How long it may run after that. */
  readonly timeoutSeconds: number;
  /** Shows how they stand. */
  readonly board: BuildBoard;
  readonly guard: OrphanGuard;
  /** The time (epoch ms), for the lines of its log. */
  readonly now: () => number;
  /** Called with a model's build as it begins; its result is disposed of at the build's end. */
  readonly onModel?: ((order: BuildOrder) => Disposable | undefined) | undefined;
  /** The CPU time of a build so far, by the process that leads its session and by its scratch folder: a build that does not compute lends its place. Null while nobody knows. */
  readonly cpuSeconds?: ((leader: number, scratch: string) => number | null) | undefined;
  /** How much all processes of a build may hold together; one that holds more is ended. Absent where they hold it elsewhere. */
  readonly mostMemoryMiB?: number | undefined;
  readonly timers?: Timers;
};

/** The answer of `codebuild:startBuild.sync`, as far as it applies on one machine. */
export type BuildAnswer = {
  readonly Build: {
    readonly Id: string;
    readonly BuildStatus: BuildStatus;
    readonly Phases: readonly PhaseReport[];
    readonly Logs: { readonly GroupName: string; readonly StreamName: string };
    readonly ExportedEnvironmentVariables: readonly BuildVariable[];
  };
};

export type ImageBuilds = {
  /**
   * The task `BuildImage`; takes the state's evaluated Parameters. A repeated call while the build waits or runs joins it. It ends when its caller's `stopped` aborts.
   * A build that does not succeed is thrown as `States.TaskFailed` with its answer as the message.
   */
  run(parameters: unknown, stopped: AbortSignal): Promise<BuildAnswer>;
  /** The build of a deployment that waits or runs; one that is over is forgotten. */
  find(deploymentId: string): Omit<KnownBuild, 'of'> | undefined;
  /** Stops the build of a deployment, if one waits or runs. */
  stopOf(deploymentId: string): void;
  /** Kills running builds, drops waiting ones, and resolves when all have ended. */
  stop(): Promise<void>;
};

type Build = {
  readonly token: string;
  readonly deploymentId: string;
  readonly progress: Progress;
  readonly ended: Promise<BuildAnswer>;
  readonly stopping: AbortController;
};

/** How far a build is, as it is told. */
type Progress = { phase: string; readonly log: string };

const INHERITED = ['PATH', 'HOME', 'DOCKER_HOST', 'SSL_CERT_FILE'] as const;

const startBuild = z.object({
  ProjectName: z.string(),
  EnvironmentVariablesOverride: z.array(z.object({ Name: z.string(), Value: z.string() })),
  IdempotencyToken: z.string(),
});

type StartBuild = z.infer<typeof startBuild>;

/** CodeBuild on one machine: the phases of a buildspec, run in bash. */
export function imageBuilds(options: ImageBuildsOptions): ImageBuilds {
  const builds = new Set<Build>();
  // A killed Slipway leaves whole artifacts here.
  const swept = removeFolder(scratchFolder(options));
  swept.catch(() => undefined);
  const closing = new AbortController();

  function begin(request: StartBuild): Build {
    const stopping = new AbortController();
    const signal = AbortSignal.any([closing.signal, stopping.signal]);
    const progress = { phase: 'QUEUED', log: `${randomUUID()}.log` };
    const deploymentId = variable(request, 'DEPLOYMENT_ID');
    const trimLogs = () => removeOldLogs(options.directory, isRunning);
    const ended = swept.then(() =>
      runOne(options, request, { deploymentId, progress, trimLogs }, signal),
    );
    const build = { token: request.IdempotencyToken, deploymentId, progress, ended, stopping };
    const forget = () => void builds.delete(build);
    builds.add(build);
    ended.then(forget, forget);
    return build;
  }

  const isRunning = (log: string) =>
    [...builds].some(({ progress }) => progress.log === `${log}.log`);
  const ofDeployment = (id: string) =>
    [...builds].findLast(({ deploymentId }) => deploymentId === id);

  return {
    find(deploymentId) {
      const build = ofDeployment(deploymentId);
      if (!build) return undefined;
      const { phase, log } = build.progress;
      return {
        status: build.stopping.signal.aborted ? 'STOPPED' : 'IN_PROGRESS',
        phase,
        phases: [{ name: phase, status: '', seconds: null }],
        log: { group: options.directory, stream: log },
      };
    },
    stopOf(deploymentId) {
      ofDeployment(deploymentId)?.stopping.abort();
    },
    async run(parameters, stopped) {
      const request = startBuild.parse(parameters);
      const known = [...builds].find(
        ({ token, stopping }) => token === request.IdempotencyToken && !stopping.signal.aborted,
      );
      const { ended, stopping } = known ?? begin(request);
      stopped.addEventListener('abort', () => stopping.abort(), { once: true });
      return ended;
    },
    async stop() {
      closing.abort();
      await Promise.allSettled([...builds].map(({ ended }) => ended));
    },
  };
}

function variable({ EnvironmentVariablesOverride }: StartBuild, name: string): string {
  return EnvironmentVariablesOverride.find(({ Name }) => Name === name)?.Value ?? '';
}

async function runOne(
  options: ImageBuildsOptions,
  { ProjectName, EnvironmentVariablesOverride }: StartBuild,
  {
    deploymentId,
    progress,
    trimLogs,
  }: Pick<Build, 'deploymentId' | 'progress'> & { trimLogs(): Promise<void> },
  stopped: AbortSignal,
): Promise<BuildAnswer> {
  const overrides = EnvironmentVariablesOverride.map(({ Name, Value }) => [Name, Value]);
  const environment = { ...options.environment, ...Object.fromEntries(overrides) };
  const order = await grantedOrder(environment['ARTIFACT_URL']);
  using tracked = options.board.add({
    deploymentId,
    environment: order?.environmentHash ?? null,
    log: join(options.directory, progress.log),
  });
  const applicant = await options.applicantOf(deploymentId);
  const { status, phases, exported } = await whenItIsItsTurn(
    { ...options, applicant },
    stopped,
    tracked,
    async (lend) => {
      // Not before its turn: builds would then queue in the order in which this is done.
      await trimLogs();
      using _ = order ? options.onModel?.(order) : undefined;
      return await inScratch({ ...options, environment }, { progress, stopped, tracked, lend });
    },
  );
  if (status === 'SUCCEEDED') tracked.succeeded();
  const answer: BuildAnswer = {
    Build: {
      Id: `${ProjectName}:${basename(progress.log, '.log')}`,
      BuildStatus: status,
      Phases: phases,
      Logs: { GroupName: options.directory, StreamName: progress.log },
      ExportedEnvironmentVariables: exported,
    },
  };
  if (status === 'SUCCEEDED') return answer;
  throw Object.assign(new Error(JSON.stringify(answer)), { name: 'States.TaskFailed' });
}

async function whenItIsItsTurn(
  {
    inTurn,
    applicant,
    queuedTimeoutSeconds,
    timers,
  }: ImageBuildsOptions & { readonly applicant: WaitingDeployment },
  stopped: AbortSignal,
  { onPlace }: TrackedBuild,
  build: (lend: Lend) => Promise<BuildOutcome>,
): Promise<BuildOutcome> {
  using time = limited(stopped, queuedTimeoutSeconds, timers);
  const { signal } = time;
  try {
    return await inTurn(applicant, build, signal, onPlace);
  } catch (error) {
    if (signal.aborted && error === signal.reason) return neverBegun(signal);
    throw error;
  }
}

type Begun = {
  readonly progress: Progress;
  readonly stopped: AbortSignal;
  readonly tracked: TrackedBuild;
  readonly lend: Lend;
};

/** Provides a log, and a temporary folder that is deleted afterwards. */
async function inScratch(
  options: ImageBuildsOptions,
  { progress, stopped, tracked, lend }: Begun,
): Promise<BuildOutcome> {
  const { buildspec, source, directory, environment, own, timeoutSeconds, guard } = options;
  const { cpuSeconds, mostMemoryMiB, timers = realTimers } = options;
  const spec = await readBuildSpec(buildspec);
  const scratch = join(scratchFolder({ directory, buildspec }), basename(progress.log, '.log'));
  using time = limited(stopped, timeoutSeconds, options.timers);
  const inherited = INHERITED.flatMap((name) => (own[name] ? [[name, own[name]]] : []));
  const variables = { ...Object.fromEntries(inherited), ...environment, TMPDIR: scratch };
  try {
    await mkdir(scratch, { recursive: true });
    const log = revisionLog(join(directory, progress.log), { now: options.now });
    return await runBuild({
      spec,
      source,
      environment: variables,
      scratch,
      log,
      guard,
      watch(leader) {
        const idle = cpuSeconds && watchIdle(() => cpuSeconds(leader, scratch), timers, lend);
        const memory =
          mostMemoryMiB &&
          watchMemory(leader, mostMemoryMiB, (usedMiB) => {
            const limit = `the limit is ${mostMemoryMiB} MiB`;
            const why = `out of memory: the build used ${usedMiB} MiB; ${limit}\n`;
            void log.append(Buffer.from(why));
            killGroup(leader);
          });
        return () => {
          if (idle) idle();
          if (memory) memory.stop();
        };
      },
      signal: time.signal,
      onPhase(phase) {
        progress.phase = phase.toUpperCase();
        tracked.onPhase(phase);
      },
    });
  } catch (error) {
    throw storageFailure(error, directory);
  } finally {
    await removeFolder(scratch);
  }
}

/** Aborts with `stopped`, or on timeout, as `AbortSignal.timeout` does. */
function limited(stopped: AbortSignal, seconds: number, timers: Timers = realTimers) {
  const late = new AbortController();
  const isOver = () =>
    late.abort(new DOMException(`the time limit of ${seconds} s is over`, 'TimeoutError'));
  return {
    signal: AbortSignal.any([stopped, late.signal]),
    [Symbol.dispose]: timers.after(seconds * 1000, isOver),
  };
}

/** One per buildspec: two may share a directory, and must not sweep each other's running builds. */
function scratchFolder({
  directory,
  buildspec,
}: Pick<ImageBuildsOptions, 'directory' | 'buildspec'>): string {
  return join(directory, 'scratch', basename(buildspec));
}
