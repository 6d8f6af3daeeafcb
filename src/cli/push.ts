import { access, constants, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import type { Slipway, Upload } from '#control/slipway.ts';
import { noModelNamed } from '#domain/artifact/no-model.ts';
import { examplesKey, externalDataKeys, readKey, sidecarKey } from '#domain/artifact/object-key.ts';
import type { SlipwayEvent } from '#domain/event.ts';
import { Failure } from '#domain/failure.ts';
import { isModelName, nearestModelName } from '#domain/identity.ts';
import { folderFiles, isFile, pathStats, unreadable } from '#operations/models/folder-files.ts';
import { requireBeside } from '#operations/models/links.ts';
import { type DeploymentEvent, followDeployment } from './follow.ts';
import { onInterrupt } from './interrupt.ts';
import type { Output } from './output.ts';
import { patiently } from './patience.ts';

const MANIFEST = 'model.yaml';

type Options = {
  readonly name: string | undefined;
  readonly output: Output;
  /** Whether it replaces the live version whatever it breaks. */
  readonly allowBreaking: boolean;
  /** Asked about each event of the deployment; what it answers is waited for. */
  readonly asks?: ((event: DeploymentEvent) => Promise<void> | undefined) | undefined;
};
/** `file` is null for an empty object. */
export type Planned = Pick<Upload, 'key' | 'file'>;

/** Uploads a model, as a file or a folder, and follows its deployment; returns its terminal event. */
export async function push(
  path: string,
  options: Options,
  open: () => Promise<Slipway>,
): Promise<SlipwayEvent> {
  const startedAtMs = performance.now();
  let opened: Promise<Slipway> | undefined;
  const slipway = () => {
    opened ??= open();
    return opened;
  };
  const deployment = await deploy(path, options, slipway);
  const { readEvents, listBuilds } = await slipway();
  const events = await readEvents({ deployment, follow: true });
  using interrupt = onInterrupt();
  return await followDeployment(events, {
    output: options.output,
    startedAtMs,
    begun: 'Uploaded',
    listBuilds,
    ...(options.asks && { asks: options.asks }),
    left: interrupt.signal,
  });
}

/** Uploads a model, as a file or a folder; returns the deployment that this starts. */
export async function deploy(
  path: string,
  options: Omit<Options, 'asks'>,
  open: () => Promise<Slipway>,
): Promise<string> {
  const found = await pathStats(path);
  await requireReadable(path);
  const planned = await uploads(path, options);
  if (found.isDirectory()) await refuseUnsent(path);
  const slipway = await open();
  await using manifest = options.allowBreaking ? await declared(slipway, planned, options) : null;
  let deployment: string | null = null;
  for (const upload of manifest?.planned ?? planned) {
    const meaning = readKey(upload.key);
    if (meaning.kind === 'folder') await clear(slipway, meaning.prefix, planned, options);
    deployment = await send(slipway, upload, options);
  }
  if (deployment === null) throw new Failure('InputInvalid', `${path} starts no deployment`);
  return deployment;
}

/** The uploads with a manifest that names the live version as the one to replace; null where nothing is live, which nothing can break. */
async function declared(
  slipway: Slipway,
  planned: readonly Planned[],
  { output }: Options,
): Promise<(AsyncDisposable & { readonly planned: readonly Planned[] }) | null> {
  const last = planned.at(-1);
  const meaning = last && readKey(last.key);
  if (!last || !meaning || !('model' in meaning)) return null;
  const { models } = await slipway.listModels({ costs: false });
  const live = models.find(({ name }) => name === meaning.model)?.live;
  if (!live) return null;
  const key = meaning.kind === 'folder' ? last.key : sidecarKey(last.key);
  const own = planned.find((upload) => upload.key === key);
  if (!own && (await slipway.listObjects({ prefix: key })).keys.includes(key)) {
    throw new Failure('InputInvalid', `${key} is in the bucket, and would be written over`, {
      fix: `Put the manifest beside the model, so that it is uploaded with it: ${basename(key)}.`,
    });
  }
  const { manifestReplacing } = await import('#operations/models/allow-breaking.ts');
  const copy = await manifestReplacing(live.version, own?.file ?? null);
  const others = planned.filter((upload) => upload.key !== key && upload !== last);
  const replaced = { key, file: copy.file };
  return {
    planned: meaning.kind === 'folder' ? [...others, replaced] : [...others, replaced, last],
    async [Symbol.asyncDispose]() {
      await copy[Symbol.asyncDispose]();
      // It was for this upload alone, whose deployment has its own version of it.
      if (own || meaning.kind === 'folder') return;
      await slipway
        .removeObject({ key })
        .catch((error: Error) => output.line(`${key} stays in the bucket: ${error.message}`));
    },
  };
}

/** Fails with `ArtifactRejected`, as the workflow would, before a folder's many files are sent for nothing. */
async function refuseUnsent(path: string): Promise<void> {
  // Loaded lazily: a single file needs it not.
  const { inspectPath } = await import('#operations/inspection/inspect-path.ts');
  await patiently((at) => inspectPath(path, at));
}

/** The objects to upload, in order: the one that starts the deployment comes last. */
export async function uploads(
  given: string,
  { name, output }: Pick<Options, 'name' | 'output'>,
): Promise<readonly Planned[]> {
  const found = await pathStats(given);
  const path = resolve(given);
  const file = basename(path);
  const planned = found.isDirectory()
    ? await folderUploads(path, modelName(name ?? file), output)
    : await fileUploads(path, modelName(name ?? file.replace(/\.tar\.gz$|\.[^.]+$/, '')));
  for (const { file } of planned) if (file !== null) await requireReadable(file);
  return planned;
}

async function requireReadable(path: string): Promise<void> {
  await access(path, constants.R_OK).catch((cause: unknown) => {
    throw unreadable(path, cause);
  });
}

function modelName(name: string): string {
  if (isModelName(name)) return name;
  throw new Failure('InputInvalid', `\`${name}\` is not a valid model name`, {
    fix: `Give one of 1 to 40 lower-case letters, digits and inner hyphens: --name ${nearestModelName(name) ?? 'NAME'}.`,
  });
}

async function fileUploads(path: string, model: string): Promise<readonly Planned[]> {
  const key = `models/${model}/${basename(path)}`;
  if (readKey(key).kind !== 'artifact') {
    const told = noModelNamed(path);
    const what = told ? `${told.name}, ${told.why}` : 'not a self-contained model file';
    throw new Failure('InputInvalid', `${basename(path)} is ${what}`, {
      fix:
        told?.fix ??
        'Push a folder that holds it, or a file such as model.onnx; code answers as predict.py in its folder.',
    });
  }
  const planned: Planned[] = [];
  for (const beside of [sidecarKey(key), examplesKey(key), ...externalDataKeys(key)]) {
    const file = path + beside.slice(key.length);
    if (!(await isFile(file))) continue;
    await requireBeside(file, path);
    planned.push({ key: beside, file });
  }
  return [...planned, { key, file: path }];
}

/** Skips hidden files, as the bucket folder does, takes links to its own files for these, and tells of other links. */
async function folderUploads(
  path: string,
  model: string,
  output: Output,
): Promise<readonly Planned[]> {
  const upload = (name: string) => ({
    key: `models/${model}/${basename(path)}/${name}`,
    file: join(path, name),
  });
  const files = await folderFiles(path, {
    onLeftOut: (name) => output.line(`left out ${name}: a link to a folder, or to nothing`),
  });
  const manifest = upload(MANIFEST);
  return [
    ...files.filter((name) => name !== MANIFEST).map(upload),
    files.includes(MANIFEST) ? manifest : { ...manifest, file: null },
  ];
}

/** Removes what an earlier push left there: it is not part of this one. */
async function clear(
  slipway: Slipway,
  prefix: string,
  planned: readonly Planned[],
  { output }: Options,
): Promise<void> {
  const keys = planned.map(({ key }) => key);
  const stray = (await slipway.listObjects({ prefix })).keys.filter((key) => !keys.includes(key));
  for (const key of stray) {
    await slipway.removeObject({ key });
    output.line(`removed ${key}, which is not in the folder`);
  }
}

async function send(
  slipway: Slipway,
  { key, file }: Planned,
  { output }: Options,
): Promise<string | null> {
  let sentBytes = 0;
  const totalBytes = file === null ? 0 : (await stat(file)).size;
  const percent = () => (totalBytes === 0 ? 100 : Math.floor((sentBytes / totalBytes) * 100));
  const done = output.busy(() => [
    `${key}  ${percent()} % of ${totalBytes.toLocaleString('en-US')} bytes`,
  ]);
  using interrupt = onInterrupt();
  try {
    const { sizeBytes, deploymentId } = await slipway.upload({
      key,
      file,
      signal: interrupt.signal,
      onSent(bytes) {
        sentBytes = bytes;
      },
    });
    // The empty manifest that starts a folder is none of its files.
    if (file !== null) {
      output.line(`uploaded ${key} (${sizeBytes.toLocaleString('en-US')} bytes)`);
    }
    return deploymentId;
  } finally {
    done();
  }
}
