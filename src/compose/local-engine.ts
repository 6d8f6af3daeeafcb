import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildBoard, buildBoard } from '#adapters/local/builds/build-board.ts';
import {
  type ImageBuilds,
  type ImageBuildsOptions,
  imageBuilds,
} from '#adapters/local/builds/build-image.ts';
import { fileBuildLog } from '#adapters/local/builds/file-build-log.ts';
import { loadingCpuSeconds } from '#adapters/local/builds/loading-containers.ts';
import { rebuilding } from '#adapters/local/builds/rebuild.ts';
import { runningBuilds } from '#adapters/local/builds/running-builds.ts';
import { fairlyAtOnce } from '#adapters/local/concurrency/at-once.ts';
import { dockerEnvironments, dockerModelImages } from '#adapters/local/images/docker-images.ts';
import { type ProcessImages, processImages } from '#adapters/local/images/process-images.ts';
import type { ObjectPath, SoundObjects } from '#adapters/local/integrity/revision-files.ts';
import { orphanGuard } from '#adapters/local/processes/orphan-guard.ts';
import { restingSessionCpuSeconds } from '#adapters/local/processes/process-usage.ts';
import { compiledFolder, compileServer } from '#adapters/local/servers/compiled-server.ts';
import { containerLabel, containerServers } from '#adapters/local/servers/container-servers.ts';
import type { Environment } from '#adapters/local/servers/model-environment.ts';
import type { ModelServers } from '#adapters/local/servers/model-server.ts';
import { processServers, type Soundness } from '#adapters/local/servers/process-servers.ts';
import {
  buildWalls,
  mostBuildMiB,
  serverFiles,
  type Walls,
} from '#adapters/local/servers/walls.ts';
import type { TaskHandler } from '#adapters/local/workflow/workflow-engine.ts';
import { BASE_IMAGES, byRuntime, RUNTIMES, type RuntimeName } from '#domain/build/runtime.ts';
import support from '#domain/data/python-support.json' with { type: 'json' };
import { Failure } from '#domain/failure.ts';
import type { WallsReport } from '#domain/walls.ts';
import { ROOT } from '#operations/root.ts';
import { LAUNCHER, machineWalls, wallsReport } from '#operations/watch/machine-walls.ts';
import type { BuildLog } from '#ports/build-log.ts';
import type { Builds } from '#ports/builds.ts';
import type { Clock } from '#ports/clock.ts';
import type { EnvironmentImages, UnusedEnvironments } from '#ports/environment-images.ts';
import type { ModelImages } from '#ports/model-images.ts';
import { requireImage } from './require-image.ts';
import { requireUrl } from './require-url.ts';

/** The servers of models on this machine, and the builds for them. */
export type LocalEngine = {
  /** How models are isolated. */
  readonly walls: WallsReport;
  readonly engine: 'image' | 'process';
  /** A hash of each runtime as installed here, without its models' packages. */
  readonly hashes: Readonly<Record<RuntimeName, string>>;
  readonly servers: ModelServers;
  readonly buildLog: BuildLog;
  readonly builds: Builds;
  /** How what is being built stands. */
  readonly board: BuildBoard;
  readonly build: TaskHandler;
  /** Null where models run as processes, whose environments are removed with the last image made from them. */
  readonly environments: (EnvironmentImages & UnusedEnvironments) | null;
  readonly images: ModelImages;
  readonly buildEnvironment: TaskHandler;
  /** Says why an image that is a folder does not have its model. Null where images are an engine's, which knows them by digest. */
  readonly imageProblem: ProcessImages['problem'] | null;
  readonly rebuilt: Soundness['rebuilt'];
  /** Begins to keep ready what the next model starts with. */
  keepSpare(): void;
  /** Stops running builds. */
  stop(): Promise<void>;
};

type Options = {
  /** A folder of Slipway's data. */
  readonly folder: (name: string) => string;
  readonly objectPath: ObjectPath;
  /** Tells whether the objects have their bytes. */
  readonly objects: SoundObjects;
  /** Is told at each start of a model whether its bytes are damaged. */
  readonly noted: Soundness['noted'];
  readonly clock: Clock;
  /** The memory that model servers may still take. */
  readonly availableMiB: () => number;
  /** For whose model the build of a deployment is. */
  readonly applicantOf: ImageBuildsOptions['applicantOf'];
  /** Slipway's own environment variables. */
  readonly environment: Environment;
  readonly serverEntry?: string | undefined;
  /** The walls of the machine, where a look at them has begun already. */
  readonly walls?: Promise<Walls> | undefined;
  /** Loads models in Python also where the machine has no walls to put around that. */
  readonly codeWithoutWalls: boolean;
};

const SERVER_ENTRY = fileURLToPath(
  import.meta.url.endsWith('.ts')
    ? new URL('../../runtimes/onnx/main.ts', import.meta.url)
    : new URL('../onnx/main.js', import.meta.url),
);
/** Part of a build's hash: how a build works determines what it makes. */
const BUILDSPECS = join(ROOT, 'buildspecs');
// The same as for CodeBuild in infra/build.yml.
const QUEUED_SECONDS = 7200;
const BUILD_SECONDS = 3600;
// A build keeps about one core busy, and at times all of them; the other half is for serving. At least two run at once, so that a long build does not block all other models.
export const BUILDS_AT_ONCE: number = Math.max(2, Math.floor(availableParallelism() / 2));

/** Fails with `PlatformUnavailable` when containers are requested and no Docker engine answers; for processes as `machineWalls` does. */
export function localEngine(kind: 'docker' | 'process', options: Options): Promise<LocalEngine> {
  return kind === 'docker' ? dockerEngine(options) : processEngine(options);
}

async function processEngine({
  folder,
  serverEntry = SERVER_ENTRY,
  environment,
  objectPath,
  objects,
  noted,
  applicantOf,
  availableMiB,
  clock,
  walls: looked,
  codeWithoutWalls,
}: Options): Promise<LocalEngine> {
  const images = folder('images');
  const walls = await (looked ?? machineWalls(folder('')));
  const report = wallsReport(walls, codeWithoutWalls);
  // The servers that tests start in its place read and write where they like, and await no model.
  const isOurs = serverEntry === SERVER_ENTRY;
  const serverHash = isOurs
    ? installedHash(dirname(serverEntry))
    : hashOf([readFileSync(serverEntry)]);
  const compiled = compiledFolder(environment, serverEntry, serverHash);
  if (isOurs) void compileServer(serverEntry, compiled);
  const servers = processServers({
    directory: folder('revisions'),
    images,
    objectPath,
    soundness: { objects, noted, rebuilt: (spec) => again.rebuilt(spec) },
    serverEntry,
    environment,
    walls: isOurs
      ? {
          machine: walls,
          refuses: report.refuses,
          launcher: LAUNCHER,
          compiled,
          serverFiles: serverFiles(serverEntry, ROOT),
        }
      : null,
    ...(isOurs && { spares: folder('spares') }),
    availableMiB,
  });
  const board = buildBoard(folder('builds'));
  const { running, ...made } = runner({
    directory: folder('builds'),
    own: environment,
    inTurn: fairlyAtOnce(BUILDS_AT_ONCE),
    applicantOf,
    board,
    onModel: servers.expects,
    now: clock.now,
    cpuSeconds: restingSessionCpuSeconds,
    mostMemoryMiB: mostBuildMiB(),
    buildspec: 'buildspecs/process.yml',
    environment: {
      IMAGES: images,
      TORCH_INDEX: torchIndex(environment),
      ...buildWalls(walls, codeWithoutWalls),
    },
  });
  const kept = processImages(images);
  const again = rebuilding({
    build: made.build,
    grants: folder('grants'),
    isSound: async (image) => (await kept.problem(image)) === undefined,
    noted,
  });
  return {
    walls: report,
    engine: 'process',
    hashes: byRuntime((name) =>
      RUNTIMES[name].process?.needsBuild
        ? hashOf([process.platform, process.arch, ...filesOf(BUILDSPECS), ...runtimeFiles(name)])
        : serverHash,
    ),
    servers,
    keepSpare: servers.keepSpare,
    ...made,
    builds: runningBuilds({ image: running }),
    board,
    rebuilt: again.rebuilt,
    imageProblem: kept.problem,
    environments: null,
    images: kept,
    buildEnvironment: neverAsked,
  };
}

/** Where torch built for CPUs is. Fails as `requireUrl` does. */
function torchIndex(environment: Environment): string {
  const index = environment['TORCH_INDEX'];
  if (index === 'none') return index;
  return requireUrl('TORCH_INDEX', index, ['https', 'http', 'file']) || support.torchIndex;
}

/** The workflow engine needs a handler for each state. */
async function neverAsked(): Promise<never> {
  throw new Failure('BuildFailed', 'models that are processes have no images of environments');
}

/** Fails with `InputInvalid` for an environment variable from which no build here could begin. */
export function requireBuildSettings(environment: Environment): void {
  torchIndex(environment);
  baseImagesIn(environment);
  webAdapterIn(environment);
}

function webAdapterIn(environment: Environment): string | undefined {
  return requireImage('WEB_ADAPTER_IMAGE', environment['WEB_ADAPTER_IMAGE']);
}

/** The images that runtimes are made of, where this machine names them. Fails as `requireImage` does. */
export function baseImagesIn(environment: Environment): Readonly<Record<string, string>> {
  return Object.fromEntries(
    BASE_IMAGES.flatMap((name) => {
      const image = requireImage(name, environment[name]);
      return image ? [[name, image]] : [];
    }),
  );
}

function baseImageOf(name: RuntimeName, baseImages: Readonly<Record<string, string>>) {
  const { base } = RUNTIMES[name].image;
  return base ? [baseImages[base.setting] ?? ''] : [];
}

async function dockerEngine({
  folder,
  environment,
  clock,
  applicantOf,
}: Options): Promise<LocalEngine> {
  const label = containerLabel(folder(''));
  const webAdapter = webAdapterIn(environment);
  const baseImages = baseImagesIn(environment);
  const variables = {
    ...(webAdapter ? { WEB_ADAPTER_IMAGE: webAdapter } : {}),
    ...baseImages,
    TORCH_INDEX: torchIndex(environment),
    CONTAINER_LABEL: label,
    BUILD_MEMORY_MIB: String(mostBuildMiB()),
  };
  // Each data folder removes its own images, so their names must differ.
  const rest = [webAdapter ?? '', folder(''), ...filesOf(BUILDSPECS)];
  const inTurn = fairlyAtOnce(BUILDS_AT_ONCE);
  const board = buildBoard(folder('builds'));
  const builtBy = (buildspec: string) =>
    runner({
      directory: folder('builds'),
      own: environment,
      inTurn,
      applicantOf,
      board,
      now: clock.now,
      cpuSeconds: (_leader, scratch) => loadingCpuSeconds(scratch),
      buildspec: `buildspecs/${buildspec}`,
      environment: variables,
    });
  const [image, environments] = [builtBy('image.yml'), builtBy('environment.yml')];
  return {
    walls: { says: 'containers', open: [], refuses: null },
    engine: 'image',
    hashes: byRuntime((name) =>
      hashOf([...rest, ...baseImageOf(name, baseImages), ...runtimeFiles(name)]),
    ),
    servers: await containerServers(folder('')),
    build: image.build,
    board,
    environments: dockerEnvironments({ label, clock }),
    images: dockerModelImages({ label }),
    buildEnvironment: environments.build,
    imageProblem: null,
    rebuilt: async () => false,
    // Both write their logs to the same folder.
    buildLog: image.buildLog,
    builds: runningBuilds({ image: image.running, environment: environments.running }),
    keepSpare: () => undefined,
    async stop() {
      await Promise.all([image.stop(), environments.stop()]);
    },
  };
}

type Runner = Pick<LocalEngine, 'build' | 'buildLog' | 'stop'> & { readonly running: ImageBuilds };

type Runs = Pick<
  ImageBuildsOptions,
  | 'buildspec'
  | 'directory'
  | 'environment'
  | 'own'
  | 'inTurn'
  | 'applicantOf'
  | 'board'
  | 'onModel'
  | 'cpuSeconds'
  | 'mostMemoryMiB'
  | 'now'
>;

/** Runs a buildspec of this repository, in place of CodeBuild. */
function runner(options: Runs): Runner {
  const { directory, buildspec } = options;
  mkdirSync(directory, { recursive: true });
  const guard = orphanGuard();
  const running = imageBuilds({
    ...options,
    guard,
    source: ROOT,
    buildspec: join(ROOT, buildspec),
    queuedTimeoutSeconds: QUEUED_SECONDS,
    timeoutSeconds: BUILD_SECONDS,
  });
  return {
    running,
    buildLog: fileBuildLog(directory),
    build: running.run,
    async stop() {
      await running.stop();
      await guard.close();
    },
  };
}

/** A hash of what serves a model here: all files of the server's folder, its inference library, and the machine's platform. It is read in 5 ms. */
export function installedHash(folder: string): string {
  const library = createRequire(import.meta.url)('onnxruntime-node/package.json').version;
  return hashOf([...filesOf(folder), library, process.version, process.platform, process.arch]);
}

function runtimeFiles(name: RuntimeName) {
  return filesOf(join(ROOT, 'runtimes', name));
}

/** The names and bytes of all files in a folder, in a fixed order. */
function filesOf(folder: string): readonly (string | Uint8Array)[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.pyc'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .flatMap((path) => [relative(folder, path), readFileSync(path)]);
}

function hashOf(parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part).update('\0');
  return hash.digest('hex');
}
