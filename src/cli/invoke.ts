import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { Failure } from '#domain/failure.ts';
import { reasonOf } from '#domain/reason.ts';
import { unreadable } from '#operations/models/folder-files.ts';
import { accountOf, openSlipway, type Place } from './command.ts';

const DEFAULT_PATH = '/invocations';

// The content types by a file's ending; any other file is JSON.
const TYPES: Readonly<Record<string, string>> = {
  '.csv': 'text/csv',
  '.jsonl': 'application/x-ndjson',
  '.ndjson': 'application/x-ndjson',
  '.jpeg': 'image/jpeg',
  '.jpg': 'image/jpeg',
  '.png': 'image/png',
  '.webp': 'image/webp',
  '.flac': 'audio/flac',
  '.mp3': 'audio/mpeg',
  '.wav': 'audio/wav',
};
const JSON_TYPE = 'application/json';

type Sent = { readonly body: string | Uint8Array<ArrayBuffer>; readonly type: string };

type Options = Place & {
  readonly body?: string;
  readonly path: string;
  readonly key?: string;
};

/** `body` is parsed if the answer is JSON, else text. */
export type Answer = {
  readonly status: number;
  readonly revision: string | null;
  readonly body: unknown;
};

/** Sends one request to a model's endpoint: a POST of `body`, of the type that its file's ending names, or a GET without one. An answer of any status is a value. */
export async function invoke(
  model: string,
  options: Options,
): Promise<{ readonly answer: Answer; readonly heading: string; readonly text: string }> {
  const key = keyFor(model, options);
  const sent = await sentOf(options);
  const slipway = await openSlipway(options);
  const url = `${slipway.endpoint(encodeURIComponent(model))}/${options.path.replace(/^\//, '')}`;
  const response = await fetch(url, {
    ...(sent && { method: 'POST', body: sent.body }),
    headers: {
      ...(sent && { 'content-type': sent.type }),
      ...(key && { authorization: `Bearer ${key}` }),
    },
  }).catch((cause: unknown) => {
    throw new Failure('PlatformUnavailable', `${url} does not answer: ${reasonOf(cause)}`, {
      cause,
      fix: 'Check the address, and that its name resolves on this machine; `slipway doctor` checks the rest.',
    });
  });
  const text = await response.text();
  const { status, statusText, headers } = response;
  const revision = headers.get('x-slipway-revision');
  const heading = [status, statusText, revision && `(${revision})`].filter(Boolean).join(' ');
  return { answer: { status, revision, body: parsed(text) }, heading, text };
}

function keyFor(model: string, options: Options): string | undefined {
  const account = accountOf(options);
  if (!account && options.server === undefined) return undefined;
  const key = options.key ?? process.env['SLIPWAY_KEY'];
  if (key) return key;
  throw new Failure('InputInvalid', `a key is needed to call ${model}`, {
    fix: `Make one with \`slipway keys create NAME --models ${model} ${account ? `--stage ${account.stage}` : '--role call'}\`, and pass it with --key or SLIPWAY_KEY.`,
  });
}

async function sentOf({ body, path }: Options): Promise<Sent | undefined> {
  if (body === undefined && path === DEFAULT_PATH) {
    throw new Failure('InputInvalid', `${DEFAULT_PATH} takes a body`, {
      fix: `Give one with --body '[[…]]' or --body @FILE, such as rows.csv or photo.jpg (@- is what comes in); what the model takes is at --path /docs, with a request that it answers.`,
    });
  }
  if (body === undefined) return undefined;
  if (!body.startsWith('@')) return { body, type: JSON_TYPE };
  const file = body.slice(1);
  if (file === '-') return { body: new Uint8Array(await buffer(process.stdin)), type: JSON_TYPE };
  const bytes = await readFile(file).catch((cause: unknown) => {
    throw unreadable(file, cause);
  });
  return {
    body: new Uint8Array(bytes),
    type: TYPES[extname(file).toLowerCase()] ?? JSON_TYPE,
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
