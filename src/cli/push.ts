import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, join, relative, sep } from 'node:path';
import { Readable } from 'node:stream';
import * as z from 'zod/mini';
import { Failure } from '#domain/failure.ts';
import { isModelName } from '#domain/identity.ts';
import { readKey, sidecarKey } from '#domain/object-key.ts';
import { call, findInstance } from './client.ts';
import { followDeployment } from './follow.ts';
import type { Output } from './output.ts';

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
type Upload = { readonly key: string; readonly file: string | null };

/** Uploads a model, a file or a folder, and follows its deployment; answers its terminal event. */
export async function push(path: string, { dataDir, name, output }: Options) {
  const startedAtMs = performance.now();
  const { control } = await findInstance(dataDir);
  const model = name ?? modelName(path);
  let deployment: string | null = null;
  for (const upload of await uploads(path, model)) {
    deployment = (await send(control, upload, output)).deploymentId;
  }
  return deployment === null
    ? undefined
    : followDeployment(control, { deployment }, output, startedAtMs);
}

function modelName(path: string): string {
  const stem = basename(path).replace(/\.tar\.gz$|\.[^.]+$/, '');
  if (isModelName(stem)) return stem;
  throw new Failure('InputInvalid', `\`${stem}\` is no model name`, {
    fix: 'Give one of lower-case letters, digits and hyphens: --name NAME.',
  });
}

/** What to upload, in order: the object whose arrival starts the deployment is the last. */
async function uploads(path: string, model: string): Promise<readonly Upload[]> {
  const found = await stat(path).catch((cause: unknown) => {
    throw new Failure('InputInvalid', `${path} cannot be read`, { cause });
  });
  if (found.isDirectory()) return folderUploads(path, model);
  const key = `models/${model}/${basename(path)}`;
  if (readKey(key).kind !== 'artifact') {
    throw new Failure('InputInvalid', `${basename(path)} is not a self-contained model file`, {
      fix: 'Push a folder that holds it and a model.yaml, or a file such as model.onnx.',
    });
  }
  const sidecar = sidecarKey(path);
  const hasSidecar = await stat(sidecar).then(
    (file) => file.isFile(),
    () => false,
  );
  return [...(hasSidecar ? [{ key: sidecarKey(key), file: sidecar }] : []), { key, file: path }];
}

async function folderUploads(path: string, model: string): Promise<readonly Upload[]> {
  const prefix = `models/${model}/${basename(path)}`;
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(path, join(entry.parentPath, entry.name)));
  const parts = files.filter((file) => file !== 'model.yaml');
  const manifest = files.includes('model.yaml') ? join(path, 'model.yaml') : null;
  return [
    ...parts.map((file) => ({
      key: `${prefix}/${file.split(sep).join('/')}`,
      file: join(path, file),
    })),
    { key: `${prefix}/model.yaml`, file: manifest },
  ];
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
