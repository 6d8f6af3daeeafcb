import { randomUUID } from 'node:crypto';
import { mkdir, open, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import * as z from 'zod/mini';
import { storageFailure } from '#adapters/local/registry/storage-failure.ts';
import type { InTurn } from '#adapters/local/revisions/at-once.ts';
import type { OrphanGuard } from '#adapters/local/servers/orphan-guard.ts';
import { realTimers, type Timers } from '#adapters/local/timers.ts';
import type { BuildVariable } from '#domain/build/image.ts';
import type { Build as KnownBuild } from '#ports/builds.ts';
import type { Variables } from './build-phase.ts';
import {
  type BuildOutcome,
  type BuildStatus,
  neverBegun,
  type PhaseReport,
  runBuild,
} from './build-run.ts';
import { readBuildSpec } from './build-spec.ts';

export type ImageBuildsOptions = {
  /** The path of the buildspec. */
  readonly buildspec: string;
  /** Where its commands run: the folder that holds `buildspecs` and `runtimes`. */
  readonly source: string;
  /** Gets a log for each build, and while it runs what it needs. */
  readonly directory: string;
  /** What the project sets on CodeBuild. */
  readonly environment: Variables;
  /** Slipway's own environment, of which a build gets where programs, the home, the engine and the certificates are. */
  readonly own: Readonly<Record<string, string | undefined>>;
  /** Shared by all builds of this machine, of which only some may run side by side. */
  readonly inTurn: InTurn;
  /** How long it may wait for its turn. */
  readonly queuedTimeoutSeconds: number;
  /** How long it may take from then on. */
  readonly timeoutSeconds: number;
  readonly guard: OrphanGuard;
  readonly timers?: Timers;
};

/** What `codebuild:startBuild.sync` answers, as far as it is known on one machine. */
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
   * The task `BuildImage`: takes the state's evaluated Parameters; asked again while it waits or runs, it is the same build. It ends with whoever asked, by `stopped`.
   * A build that did not succeed is thrown as `States.TaskFailed` with its answer as the message.
   */
  run(parameters: unknown, stopped: AbortSignal): Promise<BuildAnswer>;
  /** The build of a deployment that waits or runs; one that is over is forgotten. */
  find(deploymentId: string): Omit<KnownBuild, 'of'> | undefined;
  /** Stops the build of a deployment, if one waits or runs. */
  stopOf(deploymentId: string): void;
  /** Kills what runs, gives up what waits, and resolves when all has ended. */
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
  // A Slipway that was killed left here whole artifacts.
  const swept = rm(scratchFolder(options), { recursive: true, force: true });
  swept.catch(() => undefined);
  const closing = new AbortController();

  function begin(request: StartBuild): Build {
    const stopping = new AbortController();
    const signal = AbortSignal.any([closing.signal, stopping.signal]);
    const progress = { phase: 'QUEUED', log: `${randomUUID()}.log` };
    const ended = swept.then(() => runOne(options, request, progress, signal));
    const deploymentId = variable(request, 'DEPLOYMENT_ID');
    const build = { token: request.IdempotencyToken, deploymentId, progress, ended, stopping };
    const forget = () => void builds.delete(build);
    builds.add(build);
    ended.then(forget, forget);
    return build;
  }

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
  progress: Progress,
  stopped: AbortSignal,
): Promise<BuildAnswer> {
  const id = basename(progress.log, '.log');
  const overrides = EnvironmentVariablesOverride.map(({ Name, Value }) => [Name, Value]);
  const environment = { ...options.environment, ...Object.fromEntries(overrides) };
  const { status, phases, exported } = await whenItIsItsTurn(options, stopped, () =>
    inScratch({ ...options, environment }, id, progress, stopped),
  );
  const answer: BuildAnswer = {
    Build: {
      Id: `${ProjectName}:${id}`,
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
  { inTurn, queuedTimeoutSeconds, timers }: ImageBuildsOptions,
  stopped: AbortSignal,
  build: () => Promise<BuildOutcome>,
): Promise<BuildOutcome> {
  using time = limited(stopped, queuedTimeoutSeconds, timers);
  const { signal } = time;
  try {
    return await inTurn(build, signal);
  } catch (error) {
    if (signal.aborted && error === signal.reason) return neverBegun(signal);
    throw error;
  }
}

/** With a log, and a folder for temporary files that is gone afterwards. */
async function inScratch(
  options: ImageBuildsOptions,
  id: string,
  progress: Progress,
  stopped: AbortSignal,
): Promise<BuildOutcome> {
  const { buildspec, source, directory, environment, own, timeoutSeconds, guard } = options;
  const spec = await readBuildSpec(buildspec);
  const scratch = join(scratchFolder({ directory, buildspec }), id);
  using time = limited(stopped, timeoutSeconds, options.timers);
  const inherited = INHERITED.flatMap((name) => (own[name] ? [[name, own[name]]] : []));
  const variables = { ...Object.fromEntries(inherited), ...environment, TMPDIR: scratch };
  try {
    await mkdir(scratch, { recursive: true });
    await using log = await open(join(directory, progress.log), 'a');
    return await runBuild({
      spec,
      source,
      environment: variables,
      scratch,
      log,
      guard,
      signal: time.signal,
      onPhase(phase) {
        progress.phase = phase;
      },
    });
  } catch (error) {
    throw storageFailure(error, directory);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Aborted with `stopped`, or when the time is over, as by `AbortSignal.timeout`. */
function limited(stopped: AbortSignal, seconds: number, timers: Timers = realTimers) {
  const late = new AbortController();
  const isOver = () =>
    late.abort(new DOMException(`the time limit of ${seconds} s is over`, 'TimeoutError'));
  return {
    signal: AbortSignal.any([stopped, late.signal]),
    [Symbol.dispose]: timers.after(seconds * 1000, isOver),
  };
}

/** One for each buildspec: two may share a directory, and neither sweeps what the other has begun. */
function scratchFolder({
  directory,
  buildspec,
}: Pick<ImageBuildsOptions, 'directory' | 'buildspec'>): string {
  return join(directory, 'scratch', basename(buildspec));
}
