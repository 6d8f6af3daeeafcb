import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { imageBuilds } from '#adapters/local/build-image.ts';
import { containerServers } from '#adapters/local/container-servers.ts';
import { fileBuildLog } from '#adapters/local/file-build-log.ts';
import type { Environment } from '#adapters/local/model-environment.ts';
import type { ModelServers } from '#adapters/local/model-server.ts';
import { orphanGuard } from '#adapters/local/orphan-guard.ts';
import { processServers } from '#adapters/local/process-servers.ts';
import type { ObjectPath } from '#adapters/local/revision-files.ts';
import type { TaskHandler } from '#adapters/local/workflow-engine.ts';
import { Failure } from '#domain/failure.ts';
import type { BuildLog } from '#ports/build-log.ts';

/** What serves models on this machine, and what is built for it. */
export type LocalEngine = {
  readonly engine: 'image' | 'process';
  readonly environmentHash: string;
  readonly servers: ModelServers;
  readonly buildLog: BuildLog;
  readonly build: TaskHandler;
  /** Ends what is being built. */
  stop(): Promise<void>;
};

type Options = {
  /** A folder of Slipway's data. */
  readonly folder: (name: string) => string;
  readonly objectPath: ObjectPath;
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
const BUILD_SECONDS = 3600;

/** Fails with `PlatformUnavailable` when containers are asked for and no Docker engine answers. */
export function localEngine(kind: 'docker' | 'process', options: Options): Promise<LocalEngine> {
  return kind === 'docker' ? dockerEngine(options) : processEngine(options);
}

async function processEngine({
  folder,
  serverEntry = SERVER_ENTRY,
  ...rest
}: Options): Promise<LocalEngine> {
  const directory = folder('revisions');
  return {
    engine: 'process',
    environmentHash: installedHash(serverEntry),
    servers: processServers({ ...rest, directory, serverEntry }),
    buildLog: fileBuildLog(folder('builds')),
    async build() {
      throw new Failure('InputInvalid', 'processes are served without an image');
    },
    stop: async () => {},
  };
}

async function dockerEngine({ folder, environment }: Options): Promise<LocalEngine> {
  const directory = folder('builds');
  mkdirSync(directory, { recursive: true });
  const guard = orphanGuard();
  const webAdapter = environment['WEB_ADAPTER_IMAGE'];
  const builds = imageBuilds({
    ...{ directory, guard, source: ROOT, own: environment },
    buildspec: join(ROOT, 'buildspecs/image.yml'),
    environment: webAdapter ? { WEB_ADAPTER_IMAGE: webAdapter } : {},
    timeoutSeconds: BUILD_SECONDS,
  });
  return {
    engine: 'image',
    environmentHash: sourceHash(webAdapter ?? '', folder('')),
    servers: await containerServers(folder('')),
    buildLog: fileBuildLog(directory),
    build: builds.run,
    async stop() {
      await builds.stop();
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

/** Names what an image holds beside its artifact, all that it is built of, and whose it is: each data folder takes away its own. */
function sourceHash(webAdapter: string, dataDir: string): string {
  const runtime = join(ROOT, 'runtimes/onnx');
  const files = readdirSync(runtime, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name)
    .sort();
  return hashOf([
    webAdapter,
    dataDir,
    ...files.flatMap((name) => [name, readFileSync(join(runtime, name))]),
  ]);
}

function hashOf(parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part).update('\0');
  return hash.digest('hex');
}
