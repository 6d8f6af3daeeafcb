import { createReadStream } from 'node:fs';
import { access, constants, readdir, stat } from 'node:fs/promises';
import { basename, join, resolve, sep } from 'node:path';
import { Readable } from 'node:stream';
import * as z from 'zod/mini';
import { Failure } from '#domain/failure.ts';
import { isModelName } from '#domain/identity.ts';
import { readKey, sidecarKey } from '#domain/object-key.ts';
import { call, findInstance } from './client.ts';
import { followDeployment } from './follow.ts';
import type { Output } from './output.ts';

const MANIFEST = 'model.yaml';

const uploaded = z.object({
  key: z.string(),
  versionId: z.string(),
  sha256: z.string(),
  sizeBytes: z.int(),
  deploymentId: z.nullable(z.string()),
});

type Options = {
  readonly dataDir: string;
  readonly name: string | undefined;
  readonly output: Output;
};
/** `file` is null for an empty object. */
type Upload = { readonly key: string; readonly file: string | null };

/** Uploads a model, a file or a folder, and follows its deployment; answers its terminal event. */
export async function push(path: string, { dataDir, name, output }: Options) {
  const startedAtMs = performance.now();
  const planned = await uploads(resolve(path), name);
  const { control } = await findInstance(dataDir);
  let deployment: string | null = null;
  for (const upload of planned) {
    deployment = (await send(control, upload, output)).deploymentId;
  }
  if (deployment === null) throw new Failure('InputInvalid', `${path} starts no deployment`);
  return followDeployment(control, { deployment }, output, startedAtMs);
}

/** What to upload, in order: the object whose arrival starts the deployment is the last. */
async function uploads(path: string, name: string | undefined): Promise<readonly Upload[]> {
  await requireReadable(path);
  const file = basename(path);
  const planned = (await stat(path)).isDirectory()
    ? await folderUploads(path, modelName(name ?? file))
    : await fileUploads(path, modelName(name ?? file.replace(/\.tar\.gz$|\.[^.]+$/, '')));
  for (const { file } of planned) if (file !== null) await requireReadable(file);
  return planned;
}

async function requireReadable(path: string): Promise<void> {
  await access(path, constants.R_OK).catch((cause: unknown) => {
    throw new Failure('InputInvalid', `${path} cannot be read`, { cause });
  });
}

function modelName(name: string): string {
  if (isModelName(name)) return name;
  throw new Failure('InputInvalid', `\`${name}\` is no model name`, {
    fix: 'Give one of 1 to 40 lower-case letters, digits and inner hyphens: --name NAME.',
  });
}

async function fileUploads(path: string, model: string): Promise<readonly Upload[]> {
  const key = `models/${model}/${basename(path)}`;
  if (readKey(key).kind !== 'artifact') {
    throw new Failure('InputInvalid', `${basename(path)} is not a self-contained model file`, {
      fix: 'Push a folder that holds it and a model.yaml, or a file such as model.onnx.',
    });
  }
  const sidecar = { key: sidecarKey(key), file: sidecarKey(path) };
  return [...((await isFile(sidecar.file)) ? [sidecar] : []), { key, file: path }];
}

/** Hidden files stay behind, as they do in the bucket folder; a link to a file is the file. */
async function folderUploads(path: string, model: string): Promise<readonly Upload[]> {
  const upload = (name: string) => ({
    key: [`models/${model}/${basename(path)}`, ...name.split(sep)].join('/'),
    file: join(path, name),
  });
  const names = await readdir(path, { recursive: true });
  const shown = names.filter((name) => !name.split(sep).some((part) => part.startsWith('.')));
  const areFiles = await Promise.all(shown.map((name) => isFile(join(path, name))));
  const files = shown.filter((_, index) => areFiles[index]);
  const manifest = upload(MANIFEST);
  return [
    ...files.filter((name) => name !== MANIFEST).map(upload),
    files.includes(MANIFEST) ? manifest : { ...manifest, file: null },
  ];
}

async function isFile(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found?.isFile() ?? false;
}

async function send(control: string, { key, file }: Upload, output: Output) {
  let sentBytes = 0;
  const totalBytes = file === null ? 0 : (await stat(file)).size;
  const percent = () => (totalBytes === 0 ? 100 : Math.floor((sentBytes / totalBytes) * 100));
  const done = output.busy(
    () => `${key}  ${percent()} % of ${totalBytes.toLocaleString('en-US')} bytes`,
  );
  const body = file === null ? Readable.from([]) : createReadStream(file);
  body.on('data', (bytes: Buffer) => {
    sentBytes += bytes.length;
  });
  try {
    const result = await call(
      `${control}/objects/${key.split('/').map(encodeURIComponent).join('/')}`,
      uploaded,
      {
        method: 'PUT',
        headers: {
          'content-type': 'application/octet-stream',
          'content-length': String(totalBytes),
        },
        body: Readable.toWeb(body),
        duplex: 'half',
      },
    );
    output.line(`uploaded ${key} (${result.sizeBytes.toLocaleString('en-US')} bytes)`);
    return result;
  } finally {
    done();
  }
}
