import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildBoard } from '#adapters/local/builds/build-board.ts';
import {
  type BuildAnswer,
  type ImageBuildsOptions,
  imageBuilds,
} from '#adapters/local/builds/build-image.ts';
import { fileBuildLog } from '#adapters/local/builds/file-build-log.ts';
import { fairlyAtOnce } from '#adapters/local/concurrency/at-once.ts';
import { orphanGuard } from '#adapters/local/processes/orphan-guard.ts';
import { textsOf } from '#ports/platform.ts';

type Build = BuildAnswer['Build'];

type Variables = Readonly<Record<string, string>>;

export type BuildFolder = ReturnType<typeof buildFolder>;

/** A folder in which builds run whose phases a test gives. */
export function buildFolder() {
  const root = mkdtempSync(join(tmpdir(), 'slipway-build-'));
  const directory = join(root, 'builds');
  const guard = orphanGuard();
  mkdirSync(directory);

  return {
    path: (name: string) => join(root, name),
    directory,
    /** Builds whose buildspec has these phases, and exports FIRST and SECOND. */
    builds(
      phases: Readonly<Record<string, readonly string[]>>,
      over: Partial<ImageBuildsOptions> = {},
    ) {
      const commands = Object.entries(phases).map(([phase, list]) => [phase, { commands: list }]);
      const spec = {
        version: 0.2,
        env: { shell: 'bash', 'exported-variables': ['FIRST', 'SECOND'] },
        phases: Object.fromEntries(commands),
      };
      const buildspec = join(root, 'buildspec.yml');
      writeFileSync(buildspec, JSON.stringify(spec));
      const environment = { REPOSITORY: 'registry/models' };
      const own = process.env;
      const now = Date.now;
      const rest = { buildspec, source: root, directory, environment, own, guard, now };
      // Only a hanging build would take so long.
      const applicantOf = async (id: string) => ({ model: id, isUpgrade: false });
      const limits = {
        inTurn: fairlyAtOnce(2),
        queuedTimeoutSeconds: 3_600,
        timeoutSeconds: 3_600,
      };
      const board = buildBoard(directory);
      const builder = imageBuilds({ ...rest, ...limits, applicantOf, board, ...over });
      const { run, stop } = builder;
      const untilItEnds = new AbortController().signal;
      return {
        builder,
        run: (request: unknown, stopped = untilItEnds) => run(request, stopped),
        stop,
      };
    },
    /** The log of a build, without CodeBuild's own lines. */
    async written(build: Build): Promise<readonly string[]> {
      return (await this.log(build)).filter((line) => !line.startsWith('[Container]'));
    },
    log: async ({ Logs: { GroupName, StreamName } }: Build) => {
      const log = { group: GroupName, stream: StreamName };
      return textsOf(await fileBuildLog(directory).tail(log, { lines: 50 }));
    },
    /** The files that builds have left. */
    files: () =>
      readdirSync(directory, { withFileTypes: true, recursive: true })
        .filter((entry) => entry.isFile())
        .map(({ name }) => name),
    async close() {
      await guard.close();
      rmSync(root, { recursive: true });
    },
  };
}

/** The parameters that the state BuildImage hands to its task. */
export function startBuild(IdempotencyToken = 'deployment-1', variables: Variables = {}) {
  const EnvironmentVariablesOverride = Object.entries(variables).map(([Name, Value]) => ({
    Name,
    Value,
  }));
  return { ProjectName: 'slipway-image', EnvironmentVariablesOverride, IdempotencyToken };
}

/** The error's name, and the build that it describes. */
export async function failureOf(build: Promise<unknown>): Promise<{ name: string; build: Build }> {
  const error = await build.then(
    () => undefined,
    (reason) => reason,
  );
  return { name: error.name, build: JSON.parse(error.message).Build };
}
