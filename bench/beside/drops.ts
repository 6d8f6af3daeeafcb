import { existsSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { RunningSlipway } from '../../test/support/slipway/running.ts';
import { type Answer, type Asking, firstAnswer, requireRight } from './asking.ts';
import type { Command } from './server.ts';
import type { Ours } from './subject.ts';

/** The model's name where a server is started without a gateway. */
export const MODEL = 'm';
const SOURCES = fileURLToPath(new URL('../../runtimes/onnx', import.meta.url));
// The bundle finds onnxruntime from this folder.
const BUNDLE = fileURLToPath(new URL('../../node_modules/.cache/slipway-bench', import.meta.url));

/** A drop of a model under a new name, so that it is built anew, and its right answer. */
export type Drop = {
  readonly model: string;
  readonly ask: (model: string) => Asking;
  readonly wanted: Answer;
  readonly mostApart: number;
};

/** The time from a model renamed into the bucket to its first right answer through the gateway, ms. */
export async function dropped(
  slipway: RunningSlipway,
  drop: Ours['drop'],
  { model, ask, wanted, mostApart }: Drop,
): Promise<number> {
  const startedAtMs = performance.now();
  drop(slipway, model);
  let failed: Error | undefined;
  const ending = slipway.ending(model, 1).then(({ detail: { state, reason } }) => {
    if (state !== 'Live') failed = new Error(`the model is ${state}: ${reason}`);
  });
  const answer = await firstAnswer(`${slipway.gateway}/models/${model}`, ask(model), () => {
    if (failed) throw failed;
  });
  const tookMs = performance.now() - startedAtMs;
  requireRight(answer, wanted, mostApart);
  await ending;
  return tookMs;
}

/** Removes a model, so that it takes no memory or CPU during the next turns. */
export async function undeployed(slipway: RunningSlipway, model: string): Promise<void> {
  await slipway.ask(model, 'undeploy');
  await slipway.ending(model, 2);
}

/** The folder that a build has made for a model's server, and its bytes with everything that serves it. */
export async function imageOf(
  slipway: RunningSlipway,
  model: string,
): Promise<{ readonly folder: string; readonly bytes: number }> {
  const images = join(slipway.dataDir, 'images', 'images');
  const tags = existsSync(images) ? readdirSync(images) : [];
  const tag = tags.find((each) => each.startsWith(`${model}-`) && !each.endsWith('.partial'));
  if (!tag) throw new Error(`there is no image of ${model}`);
  const told = (await slipway.get(`/models/${model}/explain?version=1`)) as {
    readonly image: { readonly uncompressedBytes: number };
  };
  return { folder: join(images, tag), bytes: told.image.uncompressedBytes };
}

/** Makes the ONNX server as it ships: one file for each thread. */
export function bundleOnnxServer(): Promise<void> {
  return bundle(
    ['main.ts', 'session-worker.ts'].map((file) => join(SOURCES, file)),
    BUNDLE,
  );
}

/** Bundles programs for Node as images have them, each as one file in `outdir`. */
export async function bundle(entryPoints: string[], outdir: string): Promise<void> {
  await build({
    entryPoints,
    outdir,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node22',
  });
}

/** The model server of an image that a build has made, with nothing before it, started as in `src/adapters/local/servers/process-servers.ts` starts it. */
export function serverOf(image: string): Command {
  const model = join(image, 'model');
  const names = readdirSync(model);
  const environment = {
    // One file, or the files of a folder.
    MODEL_PATH: names.length === 1 ? join(model, names[0] ?? '') : model,
    MODEL_FACTS: join(image, 'facts.json'),
    MODEL_NAME: MODEL,
    HOME: tmpdir(),
    ORT_DISABLE_TELEMETRY: '1',
    GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1',
  };
  const isOnnx = readdirSync(model, { recursive: true }).some((name) =>
    String(name).endsWith('.onnx'),
  );
  if (isOnnx) return { ...onnxServer(environment.MODEL_PATH), environment };
  const program = join(image, 'environment/bin/python');
  return { program, given: ['-m', 'slipway_server'], environment };
}

/** The bundled ONNX server with a model's file or folder. */
export function onnxServer(path: string): Command {
  const environment = { MODEL_PATH: path, MODEL_NAME: MODEL, ORT_DISABLE_TELEMETRY: '1' };
  return { program: process.execPath, given: [join(BUNDLE, 'main.js')], environment };
}
