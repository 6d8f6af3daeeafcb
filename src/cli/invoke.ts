import { readFile } from 'node:fs/promises';
import { unreadable } from '#compose/folder-files.ts';
import { Failure } from '#domain/failure.ts';
import { accountOf, openSlipway, type Place } from './command.ts';

const DEFAULT_PATH = '/invocations';

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

/** Sends one request to a model's endpoint: a POST of `body`, or a GET without one. An answer of any status is a value. */
export async function invoke(
  model: string,
  options: Options,
): Promise<{ readonly answer: Answer; readonly lines: readonly string[] }> {
  const key = keyFor(model, options);
  const body = await bodyOf(options);
  const slipway = await openSlipway(options);
  const url = `${slipway.endpoint(encodeURIComponent(model))}/${options.path.replace(/^\//, '')}`;
  const response = await fetch(url, {
    ...(body !== undefined && { method: 'POST', body }),
    headers: {
      ...(body !== undefined && { 'content-type': 'application/json' }),
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
  return { answer: { status, revision, body: parsed(text) }, lines: [heading, text] };
}

function keyFor(model: string, options: Options): string | undefined {
  const account = accountOf(options);
  if (!account) return undefined;
  const key = options.key ?? process.env['SLIPWAY_KEY'];
  if (key) return key;
  throw new Failure('InputInvalid', `a key is needed to call ${model}`, {
    fix: `Make one with \`slipway keys create NAME --models ${model} --stage ${account.stage}\`, and pass it with --key or SLIPWAY_KEY.`,
  });
}

async function bodyOf({ body, path }: Options): Promise<string | undefined> {
  if (body === undefined && path === DEFAULT_PATH) {
    throw new Failure('InputInvalid', `${DEFAULT_PATH} takes a body`, {
      fix: `Give one with --body '[[…]]' or --body @FILE; what the model takes is at --path /docs, with a request that it answers.`,
    });
  }
  if (!body?.startsWith('@')) return body;
  const file = body.slice(1);
  return readFile(file, 'utf8').catch((cause: unknown) => {
    throw unreadable(file, cause);
  });
}

/** `fetch` itself says only that it failed. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
