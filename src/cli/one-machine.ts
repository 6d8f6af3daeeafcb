import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import * as z from 'zod/mini';
import type { Slipway, Upload, Uploaded } from '#compose/slipway.ts';
import { Failure } from '#domain/failure.ts';
import { call, findInstance, readEvents } from './client.ts';

const version = z.object({
  version: z.int(),
  revision: z.string(),
  state: z.string(),
  target: z.string(),
});

const models = z.object({
  models: z.array(
    z.object({
      name: z.string(),
      endpoint: z.string(),
      live: z.nullable(version),
      versions: z.array(version),
      newest: z.nullable(
        z.object({
          id: z.string(),
          version: z.nullable(z.int()),
          phase: z.string(),
          trouble: z.nullable(z.object({ name: z.string(), reason: z.string(), fix: z.string() })),
        }),
      ),
    }),
  ),
});

const modelLog = z.object({ revision: z.nullable(z.string()), lines: z.array(z.string()) });

const uploaded = z.object({
  key: z.string(),
  versionId: z.string(),
  sizeBytes: z.int(),
  deploymentId: z.nullable(z.string()),
});

/** The Slipway that runs on a data folder of this machine, by its control API. */
export async function openOneMachine(dataDir: string): Promise<Slipway> {
  const { control, gateway } = await findInstance(dataDir);
  return {
    endpoint: (model) => `${gateway}/models/${model}`,
    models: async () => (await call(`${control}/models`, models)).models,
    logs: (model) => call(`${control}/models/${encodeURIComponent(model)}/logs`, modelLog),
    events: (query) => readEvents(control, query),
    upload: (upload) => put(control, upload),
  };
}

async function put(control: string, { key, file, signal, onSent }: Upload): Promise<Uploaded> {
  const body = file === null ? Readable.from([]) : createReadStream(file);
  let sentBytes = 0;
  body.on('data', (bytes: Buffer) => {
    sentBytes += bytes.length;
    onSent(sentBytes);
  });
  try {
    return await call(
      `${control}/objects/${key.split('/').map(encodeURIComponent).join('/')}`,
      uploaded,
      {
        method: 'PUT',
        headers: {
          'content-type': 'application/octet-stream',
          'content-length': String(file === null ? 0 : (await stat(file)).size),
        },
        body: Readable.toWeb(body),
        duplex: 'half',
        signal,
      },
    );
  } catch (cause) {
    if (!signal.aborted) throw cause;
    throw new Failure('PlatformUnavailable', `the upload of ${key} was stopped`, { cause });
  }
}
