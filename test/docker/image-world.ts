import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type BuildAnswer, imageBuilds } from '#adapters/local/build-image.ts';
import { fileBuildLog } from '#adapters/local/file-build-log.ts';
import { orphanGuard } from '#adapters/local/orphan-guard.ts';
import { type BuiltImage, readImage } from '#domain/image.ts';
import { CRANE, docker, makeWebAdapterImage, output, WEB_ADAPTER_IMAGE } from './docker.ts';
import { startRegistry } from './registry.ts';

const SOURCE = fileURLToPath(new URL('../..', import.meta.url));

export type Build = BuildAnswer['Build'];

export type Files = Readonly<Record<string, Uint8Array>>;

export type ImageWorld = Awaited<ReturnType<typeof openImageWorld>>;

/** The shipped buildspec, and an empty registry that it pushes to. */
export async function openImageWorld() {
  const root = mkdtempSync(join(tmpdir(), 'slipway-image-'));
  const directory = join(root, 'builds');
  const tags: string[] = [];
  const guard = orphanGuard();
  say(`web adapter ${await makeWebAdapterImage()}, as ${WEB_ADAPTER_IMAGE}`);
  const registry = await startRegistry();
  const repository = `${registry.host}/slipway/models`;
  const builds = imageBuilds({
    buildspec: join(SOURCE, 'buildspecs/image.yml'),
    source: SOURCE,
    directory,
    environment: { REPOSITORY: repository, WEB_ADAPTER_IMAGE },
    own: process.env,
    timeoutSeconds: 600,
    guard,
  });

  /** The URL of the list of an artifact's files. */
  function artifact(files: Files): string {
    const folder = mkdtempSync(join(root, 'artifact-'));
    const list = Object.entries(files).map(([name, bytes], index) => {
      const path = join(folder, String(index));
      writeFileSync(path, bytes);
      return { name, sizeBytes: bytes.length, url: String(pathToFileURL(path)) };
    });
    writeFileSync(join(folder, 'list.json'), JSON.stringify({ files: list }));
    return String(pathToFileURL(join(folder, 'list.json')));
  }

  /** What the build answers, also when it fails. */
  async function run(tag: string, files: Files, over: Readonly<Record<string, string>> = {}) {
    const host = over['REPOSITORY'] ?? repository;
    tags.push(host ? `${host}:${tag}` : `slipway/${tag}`);
    const variables = { IMAGE_TAG: tag, ARTIFACT_URL: artifact(files), ...over };
    const { Build } = await builds
      .run({
        ProjectName: 'slipway-image',
        EnvironmentVariablesOverride: Object.entries(variables).map(([Name, Value]) => ({
          Name,
          Value,
        })),
        IdempotencyToken: crypto.randomUUID(),
      })
      .catch((error): BuildAnswer => JSON.parse(error.message));
    return Build;
  }

  async function logOf({ Logs: { GroupName, StreamName } }: Build): Promise<string> {
    const lines = await fileBuildLog(directory).tail({ group: GroupName, stream: StreamName }, 50);
    return lines.join('\n');
  }

  async function imageOf(tag: string, build: Build): Promise<BuiltImage> {
    if (build.BuildStatus !== 'SUCCEEDED') throw new Error(await logOf(build));
    return readImage(tag, build.ExportedEnvironmentVariables);
  }

  const byDigest = ({ digest }: BuiltImage) => `${repository}@${digest}`;

  return {
    registry,
    repository,
    artifact,
    run,
    logOf,
    imageOf,
    byDigest,
    build: async (tag: string, files: Files, over: Readonly<Record<string, string>> = {}) =>
      imageOf(tag, await run(tag, files, over)),
    manifestOf: async (image: BuiltImage) =>
      JSON.parse(await output(CRANE, 'manifest', '--insecure', byDigest(image))),
    async close() {
      await builds.stop();
      await docker('image', 'rm', '--force', ...new Set(tags));
      await registry.close();
      await guard.close();
      rmSync(root, { recursive: true });
    },
  };
}

/** Tells how long it took. */
export async function timed<T>(what: string, task: () => Promise<T>): Promise<T> {
  const startMs = performance.now();
  const result = await task();
  say(`${what}: ${Math.round(performance.now() - startMs)} ms`);
  return result;
}

export function say(text: string): void {
  process.stdout.write(`image: ${text}\n`);
}
