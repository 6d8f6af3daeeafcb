import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, homedir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type ImageBuilds,
  type ImageBuildsOptions,
  imageBuilds,
} from '#adapters/local/builds/build-image.ts';
import { dockerEnvironments, dockerModelImages } from '#adapters/local/builds/docker-images.ts';
import { fileBuildLog } from '#adapters/local/builds/file-build-log.ts';
import { processImages } from '#adapters/local/builds/process-images.ts';
import { runningBuilds } from '#adapters/local/builds/running-builds.ts';
import { atOnce } from '#adapters/local/revisions/at-once.ts';
import type { ObjectPath } from '#adapters/local/revisions/revision-files.ts';
import { compileServer } from '#adapters/local/servers/compiled-server.ts';
import { containerLabel, containerServers } from '#adapters/local/servers/container-servers.ts';
import type { Environment } from '#adapters/local/servers/model-environment.ts';
import type { ModelServers } from '#adapters/local/servers/model-server.ts';
import { orphanGuard } from '#adapters/local/servers/orphan-guard.ts';
import { processServers } from '#adapters/local/servers/process-servers.ts';
import { buildWalls, lookAtWalls, serverFiles, wallsLine } from '#adapters/local/servers/walls.ts';
import type { TaskHandler } from '#adapters/local/workflow-engine.ts';
import { byRuntime, RUNTIMES, type RuntimeName } from '#domain/build/runtime.ts';
import { Failure } from '#domain/failure.ts';
import type { BuildLog } from '#ports/build-log.ts';
import type { Builds } from '#ports/builds.ts';
import type { Clock } from '#ports/clock.ts';
import type { EnvironmentImages, UnusedEnvironments } from '#ports/environment-images.ts';
import type { ModelImages } from '#ports/model-images.ts';

/** What serves models on this machine, and what is built for it. */
export type LocalEngine = {
  /** What keeps a model to itself, in one line. */
  readonly walls: string;
  readonly engine: 'image' | 'process';
  /** Names each runtime as it is installed here, but for its models' packages. */
  readonly hashes: Readonly<Record<RuntimeName, string>>;
  readonly servers: ModelServers;
  readonly buildLog: BuildLog;
  readonly builds: Builds;
  readonly build: TaskHandler;
  /** Null where models are processes, whose environments go with the last image that is made of them. */
  readonly environments: (EnvironmentImages & UnusedEnvironments) | null;
  readonly images: ModelImages;
  readonly buildEnvironment: TaskHandler;
  /** Ends what is being built. */
  stop(): Promise<void>;
};

type Options = {
  /** A folder of Slipway's data. */
  readonly folder: (name: string) => string;
  readonly objectPath: ObjectPath;
  readonly clock: Clock;
  /** Slipway's own. */
  readonly environment: Environment;
  readonly serverEntry?: string | undefined;
};

// In the repository this file is TypeScript two folders deep; in the package it is a part of dist/cli/main.js.
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const SERVER_ENTRY = fileURLToPath(
  import.meta.url.endsWith('.ts')
    ? new URL('../../runtimes/onnx/main.ts', import.meta.url)
    : new URL('../onnx/main.js', import.meta.url),
);
/** Sets the walls around what loads a model. */
export const LAUNCHER: string = join(ROOT, 'runtimes/python/slipway_server/walls.py');
/** What a build does is a part of what it makes. */
const BUILDSPECS = join(ROOT, 'buildspecs');
// As infra/build.yml has them for CodeBuild.
const QUEUED_SECONDS = 7200;
const BUILD_SECONDS = 3600;
// A build keeps about one core busy, and at moments all of them; the other half is for what serves meanwhile. Two always may, lest a long one keeps all other models waiting.
export const BUILDS_AT_ONCE: number = Math.max(2, Math.floor(availableParallelism() / 2));

/** Fails with `PlatformUnavailable` when containers are asked for and no Docker engine answers. */
export function localEngine(kind: 'docker' | 'process', options: Options): Promise<LocalEngine> {
  return kind === 'docker' ? dockerEngine(options) : processEngine(options);
}

async function processEngine({
  folder,
  serverEntry = SERVER_ENTRY,
  environment,
  objectPath,
}: Options): Promise<LocalEngine> {
  const images = folder('images');
  const walls = await lookAtWalls(LAUNCHER, wallFolders(folder('')));
  const serverHash = installedHash(serverEntry);
  const compiled = compiledFolder(environment, serverHash);
  compileServer(serverEntry, compiled);
  const { running, ...made } = runner({
    directory: folder('builds'),
    own: environment,
    inTurn: atOnce(BUILDS_AT_ONCE),
    ...{
      buildspec: 'buildspecs/process.yml',
      environment: { IMAGES: images, ...buildWalls(walls) },
    },
  });
  return {
    walls: wallsLine(walls),
    engine: 'process',
    hashes: byRuntime((name) =>
      RUNTIMES[name].process?.needsBuild
        ? hashOf([process.platform, process.arch, ...filesOf(BUILDSPECS), ...runtimeFiles(name)])
        : serverHash,
    ),
    servers: processServers({
      directory: folder('revisions'),
      images,
      objectPath,
      serverEntry,
      environment: { NODE_COMPILE_CACHE: compiled, ...environment },
      // What tests start in its place reads and writes where they like.
      walls:
        serverEntry === SERVER_ENTRY
          ? {
              machine: walls,
              launcher: LAUNCHER,
              compiled,
              serverFiles: serverFiles(serverEntry, ROOT),
            }
          : null,
    }),
    ...made,
    builds: runningBuilds({ image: running }),
    environments: null,
    images: processImages(images),
    buildEnvironment: neverAsked,
  };
}

/** The user's own, but not the folder of what Slipway itself runs; another one for what another version starts. */
function compiledFolder({ XDG_CACHE_HOME }: Environment, hash: string): string {
  const caches = XDG_CACHE_HOME || join(homedir(), '.cache');
  return join(caches, 'slipway/served', `${process.version}-${hash.slice(0, 16)}`);
}

/** What must be readable within namespaces of a user's own. */
export function wallFolders(dataDir: string): readonly string[] {
  return [ROOT, ...(existsSync(dataDir) ? [dataDir] : [])];
}

/** The engine of workflows wants something for each state. */
async function neverAsked(): Promise<never> {
  throw new Failure('BuildFailed', 'models that are processes have no images of environments');
}

async function dockerEngine({ folder, environment, clock }: Options): Promise<LocalEngine> {
  const label = containerLabel(folder(''));
  const webAdapter = environment['WEB_ADAPTER_IMAGE'];
  const variables = {
    ...(webAdapter ? { WEB_ADAPTER_IMAGE: webAdapter } : {}),
    CONTAINER_LABEL: label,
  };
  // Each data folder takes away its own images, so their names differ.
  const rest = [webAdapter ?? '', folder(''), ...filesOf(BUILDSPECS)];
  const inTurn = atOnce(BUILDS_AT_ONCE);
  const builtBy = (buildspec: string) =>
    runner({
      directory: folder('builds'),
      own: environment,
      inTurn,
      buildspec: `buildspecs/${buildspec}`,
      environment: variables,
    });
  const [image, environments] = [builtBy('image.yml'), builtBy('environment.yml')];
  return {
    walls: 'containers',
    engine: 'image',
    hashes: byRuntime((name) => hashOf([...rest, ...runtimeFiles(name)])),
    servers: await containerServers(folder('')),
    build: image.build,
    environments: dockerEnvironments({ label, clock }),
    images: dockerModelImages({ label }),
    buildEnvironment: environments.build,
    // Both write to one folder.
    buildLog: image.buildLog,
    builds: runningBuilds({ image: image.running, environment: environments.running }),
    async stop() {
      await Promise.all([image.stop(), environments.stop()]);
    },
  };
}

type Runner = Pick<LocalEngine, 'build' | 'buildLog' | 'stop'> & { readonly running: ImageBuilds };

type Runs = Pick<ImageBuildsOptions, 'buildspec' | 'directory' | 'environment' | 'own' | 'inTurn'>;

/** What stands for CodeBuild, by a buildspec of this repository. */
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

/** Names what would serve a model: the runtime's own code, its inference library, and this machine's kind. */
function installedHash(serverEntry: string): string {
  const library = createRequire(import.meta.url)('onnxruntime-node/package.json').version;
  return hashOf([
    readFileSync(serverEntry),
    library,
    process.version,
    process.platform,
    process.arch,
  ]);
}

function runtimeFiles(name: RuntimeName) {
  return filesOf(join(ROOT, 'runtimes', name));
}

/** The names and bytes of all files in a folder, in one order. */
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
