import { randomUUID } from 'node:crypto';
import { mkdir, open, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import * as z from 'zod/mini';
import type { BuildVariable } from '#domain/image.ts';
import type { Variables } from './build-phase.ts';
import { type BuildOutcome, type BuildStatus, type PhaseReport, runBuild } from './build-run.ts';
import { readBuildSpec } from './build-spec.ts';
import type { OrphanGuard } from './orphan-guard.ts';
import { storageFailure } from './storage-failure.ts';

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
  readonly timeoutSeconds: number;
  readonly guard: OrphanGuard;
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
   * The task `BuildImage`: takes the state's evaluated Parameters; asked again while it runs, it is the same build.
   * A build that did not succeed is thrown as `States.TaskFailed` with its answer as the message.
   */
  run(parameters: unknown): Promise<BuildAnswer>;
  /** Kills what runs and resolves when it has ended. */
  stop(): Promise<void>;
};

const INHERITED = ['PATH', 'HOME', 'DOCKER_HOST', 'SSL_CERT_FILE'] as const;

const startBuild = z.object({
  ProjectName: z.string(),
  EnvironmentVariablesOverride: z.array(z.object({ Name: z.string(), Value: z.string() })),
  IdempotencyToken: z.string(),
});

type StartBuild = z.infer<typeof startBuild>;

/** CodeBuild on one machine: the phases of a buildspec, run in bash. */
export function imageBuilds(options: ImageBuildsOptions): ImageBuilds {
  const running = new Map<string, Promise<BuildAnswer>>();
  // A Slipway that was killed left here whole artifacts.
  const swept = rm(scratchFolder(options), { recursive: true, force: true });
  swept.catch(() => undefined);
  const stopped = new AbortController();

  return {
    async run(parameters) {
      const request = startBuild.parse(parameters);
      const token = request.IdempotencyToken;
      const already = running.get(token);
      if (already) return already;
      const build = swept.then(() => runOne(options, request, stopped.signal));
      running.set(token, build);
      return build.finally(() => running.delete(token));
    },
    async stop() {
      stopped.abort();
      await Promise.allSettled(running.values());
    },
  };
}

async function runOne(
  options: ImageBuildsOptions,
  { ProjectName, EnvironmentVariablesOverride }: StartBuild,
  stopped: AbortSignal,
): Promise<BuildAnswer> {
  const id = randomUUID();
  const stream = `${id}.log`;
  const overrides = EnvironmentVariablesOverride.map(({ Name, Value }) => [Name, Value]);
  const environment = { ...options.environment, ...Object.fromEntries(overrides) };
  const { status, phases, exported } = await inScratch({ ...options, environment }, id, stopped);
  const answer: BuildAnswer = {
    Build: {
      Id: `${ProjectName}:${id}`,
      BuildStatus: status,
      Phases: phases,
      Logs: { GroupName: options.directory, StreamName: stream },
      ExportedEnvironmentVariables: exported,
    },
  };
  if (status === 'SUCCEEDED') return answer;
  throw Object.assign(new Error(JSON.stringify(answer)), { name: 'States.TaskFailed' });
}

/** With a log, and a folder for temporary files that is gone afterwards. */
async function inScratch(
  { buildspec, source, directory, environment, own, timeoutSeconds, guard }: ImageBuildsOptions,
  id: string,
  stopped: AbortSignal,
): Promise<BuildOutcome> {
  const spec = await readBuildSpec(buildspec);
  const scratch = join(scratchFolder({ directory, buildspec }), id);
  const signal = AbortSignal.any([stopped, AbortSignal.timeout(timeoutSeconds * 1000)]);
  const inherited = INHERITED.flatMap((name) => (own[name] ? [[name, own[name]]] : []));
  const variables = { ...Object.fromEntries(inherited), ...environment, TMPDIR: scratch };
  try {
    await mkdir(scratch, { recursive: true });
    await using log = await open(join(directory, `${id}.log`), 'a');
    return await runBuild({ spec, source, environment: variables, scratch, log, signal, guard });
  } catch (error) {
    throw storageFailure(error, directory);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** One for each buildspec: two may share a directory, and neither sweeps what the other has begun. */
function scratchFolder({
  directory,
  buildspec,
}: Pick<ImageBuildsOptions, 'directory' | 'buildspec'>): string {
  return join(directory, 'scratch', basename(buildspec));
}
