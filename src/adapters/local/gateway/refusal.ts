import type { ServerResponse } from 'node:http';
import { ROOM_BYTES, SILENT_MS } from '#adapters/local/http/body-room.ts';
import type { InvocationLimits } from '#adapters/local/revisions/invocation.ts';
import type { ApiKey } from '#domain/api-key.ts';
import { byNearness, nearestName } from '#domain/nearest-name.ts';
import type { Mechanism } from '#domain/placement/target.ts';
import { VARIES } from './cors.ts';
import { idOf } from './request-id.ts';
import { NOSNIFF } from './shared-origin.ts';

/** An answer from the gateway itself. `fix` is what the client can do about it. */
export type Refusal = {
  readonly status: number;
  readonly error: string;
  readonly fix?: string;
  readonly retryAfterSeconds?: number | undefined;
  readonly models?: readonly string[];
  /** The ways in which a caller may say who it is (`www-authenticate`). */
  readonly authenticate?: string;
  /** The code by which clients of OpenAI's API tell errors apart. */
  readonly code?: string;
};

/** Answers in JSON, with the revision if one was chosen. */
export function refuse(response: ServerResponse, refusal: Refusal, revision?: string): void {
  const { status, retryAfterSeconds } = refusal;
  const url = response.req.url ?? '';
  const body = Buffer.from(JSON.stringify(inWordsOf(url, refusal)));
  response.setHeader(...VARIES);
  response.writeHead(status, {
    ...(SAGEMAKER.test(url) && {
      'x-amzn-errortype': status < 500 ? 'ValidationError' : 'InternalFailure',
    }),
    'content-type': 'application/json',
    'content-length': body.length,
    ...NOSNIFF,
    'x-request-id': idOf(response.req),
    ...(revision !== undefined && { 'x-slipway-revision': revision }),
    ...(retryAfterSeconds !== undefined && { 'retry-after': String(retryAfterSeconds) }),
    ...(refusal.authenticate !== undefined && { 'www-authenticate': refusal.authenticate }),
  });
  response.end(body);
}

const SAGEMAKER = /^\/endpoints\//;

function inWordsOf(url: string, refusal: Refusal): object {
  if (OPENAI.test(url)) return inOpenAiWords(refusal);
  const { error, fix, models } = refusal;
  const said = { error, ...(fix && { fix }), ...(models && { models }) };
  // Clients of SageMaker's runtime show no more of an error than this.
  return SAGEMAKER.test(url) ? { ...said, Message: inOne(refusal) } : said;
}

function inOne({ error, fix }: Refusal): string {
  return fix ? `${error}; ${fix}` : error;
}

const OPENAI = /\/(chat\/completions|completions|embeddings|responses|rerank)\/?(\?|$)/;

/** Clients of OpenAI's API show their users no more of an error than its message. */
function inOpenAiWords(refusal: Refusal) {
  const { status, models, code = null } = refusal;
  const message = inOne(refusal);
  const type = status < 500 ? 'invalid_request_error' : 'server_error';
  return { error: { message, type, param: null, code }, models };
}

const MOST_NAMED = 20;

/** `asked` is the name in the request's path, if there is one. If there are many models, the answer names the most similar ones. */
export function nothingHere(models: readonly string[], asked = ''): Refusal {
  const typed = asked.toLowerCase();
  const { meant, names } = byNearness(typed, models);
  const more = models.length - MOST_NAMED;
  const others = more > 0 ? `names ${more.toLocaleString('en-US')} more, and ` : '';
  return {
    status: 404,
    error: 'no model is served here',
    fix: `${meant ? `did you mean /models/${meant}? else ` : ''}call /models/<name>/…, with one of the models as the name; \`slipway status\` ${others}says what became of one that was just dropped`,
    models: more > 0 ? names.slice(0, MOST_NAMED) : models,
  };
}

/** For a request at the gateway's root whose body has to name its model. */
export const NO_JSON: Refusal = {
  status: 400,
  error: 'the body is not a JSON object, whose `model` says which model is asked',
};

/** `asked` is null where the body names no model. */
export function noModelNamed(asked: string | null, models: readonly string[]): Refusal {
  if (asked === null) {
    const fix = 'name one in `model`, or call /models/<name>/v1/…';
    return {
      status: 400,
      error: 'the body names no model',
      fix,
      models: models.slice(0, MOST_NAMED),
    };
  }
  const { models: named } = nothingHere(models, asked);
  const meant = nearestName(asked.toLowerCase(), models);
  return {
    status: 404,
    ...(named && { models: named }),
    error: `no model ${JSON.stringify(asked.slice(0, 100))} is served here`,
    fix: meant
      ? `did you mean ${JSON.stringify(meant)}?`
      : '`slipway status` shows which models are live',
    code: 'model_not_found',
  };
}

export const KEYS_UNREADABLE: Refusal = {
  status: 503,
  error: 'the keys of callers cannot be read now',
  retryAfterSeconds: 1,
};

/** Says nothing of whether there is such a model. */
export function notOfKey(model: string): Refusal {
  return {
    status: 403,
    error: `this key is not for a model ${model}`,
    fix: 'use a key for it; `slipway keys list` shows which models each is for',
  };
}

export function mayNotCall({ roles = [] }: ApiKey): Refusal {
  return {
    status: 403,
    error: `this key may not call models: its roles are ${roles.join(', ')}`,
    fix: 'use a key with the role call; `slipway keys create NAME --models MODEL --role call` makes one',
  };
}

/** A model's endpoint outlives its revision; a test path does not. */
export function noRevision(kind: 'model' | 'candidate', revision: string): Refusal {
  return {
    status: kind === 'model' ? 503 : 404,
    error: `there is no revision ${revision} here`,
  };
}

export function requestTooLarge({ maxRequestBytes }: InvocationLimits): Refusal {
  return {
    status: 413,
    error: `the body is over ${inMegabytes(maxRequestBytes)}, the most that Slipway's gateway on this machine takes of a request`,
    fix: 'send less at once, in several requests; in AWS the limit is the same in containers, and 4.5 MB on Lambda',
  };
}

export function requestTooSlow({ timeoutMs }: InvocationLimits): Refusal {
  return { status: 408, error: `the request did not arrive within ${timeoutMs / 1_000} s` };
}

export function requestStalled(): Refusal {
  return {
    status: 408,
    error: `no data of the request arrived for ${SILENT_MS / 1_000} s, while others waited for the memory that it holds`,
  };
}

export function noRoom(): Refusal {
  return {
    status: 503,
    error: `the bodies of other requests take up the ${inMegabytes(ROOM_BYTES)} that all requests share`,
    retryAfterSeconds: 1,
  };
}

export function revisionTooSlow(
  revision: string,
  { timeoutMs }: InvocationLimits,
  mechanism: Mechanism,
): Refusal {
  const slower =
    mechanism === 'function'
      ? '; on Fargate and EC2 a request has 15 minutes: `placement: { target: fargate }` in model.yaml'
      : '';
  return {
    status: 504,
    error: `${revision} did not answer within ${timeoutMs / 1_000} s`,
    fix: `send less at once, in several requests${slower}`,
  };
}

// RFC 9112 §3.2: a server answers such a request of HTTP/1.1 with 400.
export const HOST_MISSING: Refusal = {
  status: 400,
  error: 'not a valid HTTP/1.1 request: the Host header is missing',
};

// RFC 9112 §6.1: a server that does not understand a transfer coding answers 501.
export const CODING_REFUSED: Refusal = {
  status: 501,
  error: 'the only transfer coding served here is chunked',
};

export function gatewayFailed(error: unknown): Refusal {
  return { status: 500, error: error instanceof Error ? error.message : String(error) };
}

/** `diagnosis` is why its process ended; undefined when that is unknown or it still runs. */
export function revisionLost(
  revision: string,
  reason: string,
  diagnosis: string | undefined,
): Refusal {
  return {
    status: 502,
    error: diagnosis
      ? `the process of ${revision} ended before it answered: ${diagnosis}`
      : `${revision} did not give a complete answer: ${reason}`,
  };
}

/** AWS counts 1 MB as 1024 KB. */
export function inMegabytes(bytes: number): string {
  return `${Math.round((bytes / 1_048_576) * 100) / 100} MB`;
}
