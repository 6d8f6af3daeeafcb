import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import * as z from 'zod/mini';
import type { Slipway, Upload, Uploaded } from '#compose/slipway.ts';
import { userName } from '#compose/user.ts';
import { Failure } from '#domain/failure.ts';
import { readRelease } from '#domain/promotion/release.ts';
import { type Control, call, findInstance, healthOf, type Instance, readEvents } from './client.ts';
import {
  asked,
  builds,
  explanation,
  modelLog,
  models,
  objects,
  refused,
  removed,
  storage,
  uploaded,
  versions,
} from './one-machine-answers.ts';

/** The Slipway that runs on a data folder of this machine. Fails as `findInstance` does. */
export async function openOneMachine(dataDir: string): Promise<Slipway> {
  return oneMachineAt(await findInstance(dataDir));
}

/** The Slipway of these addresses, by its control API. */
export function oneMachineAt({ gateway, ...at }: Omit<Instance, 'pid'>): Slipway {
  const pathOf = (model: string, what: string) => `/models/${encodeURIComponent(model)}/${what}`;
  const ask = (model: string, what: string) =>
    call(at, pathOf(model, what), asked, { method: 'POST' });
  return {
    endpoint: (model) => `${gateway}/models/${model}`,
    models: async () => (await call(at, '/models', models)).models,
    refused: async () => (await call(at, '/refused', refused)).refused,
    storage: () => call(at, '/storage', storage),
    walls: async () => (await healthOf(at.control)).walls ?? null,
    logs: (model, { tail, sinceMs }) => {
      const query = new URLSearchParams({
        ...(tail !== undefined && { tail: String(tail) }),
        ...(sinceMs !== undefined && { since: new Date(sinceMs).toISOString() }),
      });
      return call(at, pathOf(model, `logs?${query}`), modelLog);
    },
    versions: async (model) => (await call(at, pathOf(model, 'versions'), versions)).versions,
    explain: (model, version) =>
      call(
        at,
        pathOf(model, version === null ? 'explain' : `explain?version=${version}`),
        explanation,
      ),
    rollback: (model, to) => ask(model, to === null ? 'rollback' : `rollback?to=${to}`),
    undeploy: (model) => ask(model, 'undeploy'),
    abort: (model) => ask(model, 'abort'),
    async release(model, version, place) {
      const query = new URLSearchParams({ place, ...(version && { version: String(version) }) });
      return readRelease(
        JSON.stringify(await call(at, `${pathOf(model, 'release')}?${query}`, z.unknown())),
      );
    },
    promote({ model, key, versionId, needsApproval }) {
      const query = { model, key, versionId, needsApproval: String(needsApproval) };
      const path = `/promotions?${new URLSearchParams(query)}`;
      return call(at, path, asked, { method: 'POST' });
    },
    answer(model, { version, verdict, digest }) {
      const by = userName();
      const query = new URLSearchParams({ version: String(version), verdict, digest, by });
      return ask(model, `answer?${query}`);
    },
    builds: async () => (await call(at, '/builds', builds)).builds,
    events: (query) => readEvents(at, query),
    upload: (upload) => put(at, upload),
    objects: async (prefix) =>
      (await call(at, `/objects?${new URLSearchParams({ prefix })}`, objects)).keys,
    remove: async (key) => void (await call(at, pathOfObject(key), removed, { method: 'DELETE' })),
  };
}

function pathOfObject(key: string): string {
  return `/objects/${key.split('/').map(encodeURIComponent).join('/')}`;
}

/** Whether more or less came of a file than it was long when its upload began: then nothing of it is kept. */
function isOfAnotherLength(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const isThat = 'code' in error && error.code === 'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH';
  return isThat || isOfAnotherLength(error.cause);
}

async function put(at: Control, { key, file, signal, onSent }: Upload): Promise<Uploaded> {
  const sizeBytes = file === null ? 0 : (await stat(file)).size;
  const content = file === null ? Readable.from([]) : createReadStream(file);
  // Before anybody listens: what is read from then on goes to both.
  const body = Readable.toWeb(content);
  let sentBytes = 0;
  content.on('data', (bytes: Buffer) => {
    sentBytes += bytes.length;
    onSent(sentBytes);
  });
  try {
    return await call(at, pathOfObject(key), uploaded, {
      method: 'PUT',
      headers: {
        'content-type': 'application/octet-stream',
        'content-length': String(sizeBytes),
      },
      body,
      duplex: 'half',
      signal,
    });
  } catch (cause) {
    if (isOfAnotherLength(cause)) {
      throw new Failure('InputInvalid', `${file} changed while it was uploaded`, {
        cause,
        fix: 'Push it again once nothing writes to it any more.',
      });
    }
    if (!signal.aborted) throw cause;
    throw new Failure('PlatformUnavailable', `the upload of ${key} was stopped`, { cause });
  }
}
