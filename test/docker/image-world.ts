import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { buildBoard } from '#adapters/local/builds/build-board.ts';
import {
  type BuildAnswer,
  type ImageBuilds,
  imageBuilds,
} from '#adapters/local/builds/build-image.ts';
import { fileBuildLog } from '#adapters/local/builds/file-build-log.ts';
import { fairlyAtOnce } from '#adapters/local/concurrency/at-once.ts';
import { orphanGuard } from '#adapters/local/processes/orphan-guard.ts';
import type { EnvironmentImage } from '#domain/build/environment-image.ts';
import { type BuiltImage, readImage } from '#domain/build/image.ts';
import type { BuildOrder } from '#domain/build/order.ts';
import { textsOf } from '#ports/platform.ts';
import { ORDER } from '../support/worlds/build-order.ts';
import { CRANE, docker, makeWebAdapterImage, output, WEB_ADAPTER_IMAGE } from './docker.ts';
import { startRegistry } from './registry.ts';

/** The environment that serves ONNX models in this world. */
export const ONNX: EnvironmentImage = {
  name: 'onnx',
  stage: null,
  isOptional: false,
  tag: 'onnx-e1',
  runtime: 'onnx',
  python: null,
};

const SOURCE = fileURLToPath(new URL('../..', import.meta.url));

export type Build = BuildAnswer['Build'];

export type Files = Readonly<Record<string, Uint8Array>>;

export type ImageWorld = Awaited<ReturnType<typeof openImageWorld>>;

/** The shipped buildspecs, and a registry that they push to, with the environment of ONNX models in it. */
export async function openImageWorld() {
  const root = mkdtempSync(join(tmpdir(), 'slipway-image-'));
  const directory = join(root, 'builds');
  const tags: string[] = [];
  const guard = orphanGuard();
  say(`web adapter ${await makeWebAdapterImage()}, as ${WEB_ADAPTER_IMAGE}`);
  const registry = await startRegistry();
  const repository = `${registry.host}/slipway/models`;
  const environments = `${registry.host}/slipway/environments`;
  const buildsBy = (buildspec: string, environment: Readonly<Record<string, string>>) =>
    imageBuilds({
      source: SOURCE,
      directory,
      own: process.env,
      guard,
      environment,
      inTurn: fairlyAtOnce(2),
      applicantOf: async (id) => ({ model: id, isUpgrade: false }),
      queuedTimeoutSeconds: 600,
      timeoutSeconds: 600,
      board: buildBoard(directory),
      now: Date.now,
      buildspec: join(SOURCE, 'buildspecs', buildspec),
    });
  const builds = buildsBy('image.yml', { REPOSITORY: repository, ENVIRONMENTS: environments });
  const bases = buildsBy('environment.yml', { ENVIRONMENTS: environments, WEB_ADAPTER_IMAGE });

  /** The URL of the files granted to a build: its order, and an artifact's files. */
  function artifact(files: Files, order: object = orderOf(files)): string {
    const folder = mkdtempSync(join(root, 'artifact-'));
    const list = Object.entries(files).map(([name, bytes], index) => {
      const path = join(folder, String(index));
      writeFileSync(path, bytes);
      return { name, sizeBytes: bytes.length, url: String(pathToFileURL(path)) };
    });
    writeFileSync(join(folder, 'list.json'), JSON.stringify({ order, files: list }));
    return String(pathToFileURL(join(folder, 'list.json')));
  }

  /** The build's answer, also when it fails. */
  async function run(tag: string, files: Files, over: Readonly<Record<string, string>> = {}) {
    if (over['REPOSITORY'] === '') tags.push(`slipway/${tag}`);
    return ended(builds, { IMAGE_TAG: tag, ARTIFACT_URL: artifact(files), ...over });
  }

  /** Builds environments, whose images are only to be seen in the registry, or in the engine when ENVIRONMENTS is ''. */
  async function runEnvironments(
    wanted: readonly EnvironmentImage[],
    over: Readonly<Record<string, string>> = {},
  ) {
    const host = over['ENVIRONMENTS'] ?? environments;
    for (const { tag } of wanted) tags.push(host ? `${host}:${tag}` : `slipway-environment:${tag}`);
    return ended(bases, { ORDER_URL: artifact({}, { environments: wanted }), ...over });
  }

  async function logOf({ Logs: { GroupName, StreamName } }: Build): Promise<string> {
    const log = { group: GroupName, stream: StreamName };
    return textsOf(await fileBuildLog(directory).tail(log, { lines: 50 })).join('\n');
  }

  async function imageOf(tag: string, build: Build): Promise<BuiltImage> {
    if (build.BuildStatus !== 'SUCCEEDED') throw new Error(await logOf(build));
    return readImage(tag, build.ExportedEnvironmentVariables, 'onnx');
  }

  const made = await runEnvironments([ONNX]);
  if (made.BuildStatus !== 'SUCCEEDED') throw new Error(await logOf(made));

  const byDigest = ({ digest }: BuiltImage) => `${repository}@${digest}`;

  return {
    registry,
    repository,
    environments,
    artifact,
    run,
    runEnvironments,
    logOf,
    imageOf,
    byDigest,
    build: async (tag: string, files: Files, over: Readonly<Record<string, string>> = {}) =>
      imageOf(tag, await run(tag, files, over)),
    manifestOf: async (image: BuiltImage) =>
      JSON.parse(await output(CRANE, 'manifest', '--insecure', byDigest(image))),
    async close() {
      await Promise.all([builds.stop(), bases.stop()]);
      if (tags.length > 0) await docker('image', 'rm', '--force', ...tags).catch(() => undefined);
      await registry.close();
      await guard.close();
      rmSync(root, { recursive: true });
    },
  };
}

function orderOf(files: Files): BuildOrder {
  const modelFile = Object.keys(files).find((name) => name.endsWith('.onnx'));
  const { facts } = ORDER;
  return { ...ORDER, facts: { ...facts, modelFile: modelFile ?? facts.modelFile } };
}

/** A build's answer, also when it fails. */
async function ended(
  builds: ImageBuilds,
  variables: Readonly<Record<string, string>>,
): Promise<Build> {
  const request = {
    ProjectName: 'slipway',
    EnvironmentVariablesOverride: Object.entries(variables).map(([Name, Value]) => ({
      Name,
      Value,
    })),
    IdempotencyToken: crypto.randomUUID(),
  };
  const { Build } = await builds
    .run(request, new AbortController().signal)
    .catch((error): BuildAnswer => JSON.parse(error.message));
  return Build;
}

export function say(text: string): void {
  process.stdout.write(`image: ${text}\n`);
}
