import { randomUUID } from 'node:crypto';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Capture } from '../capture/capture.ts';
import type { Fields } from '../capture/fields.ts';
import type { Config } from '../config.ts';
import { errorBody } from '../language/openai.ts';
import { callerOf, claimsOfClients, requestId } from '../protocols/api-gateway.ts';
import { isRefusal, refusal } from '../refusal.ts';
import { messageOf } from '../values/json.ts';
import { worded } from '../worded.ts';
import { readBody, typeOf } from './body.ts';
import { encoded } from './coding.ts';
import { corsFor } from './cors.ts';
import { isOverLambda, TOO_LARGE } from './lambda-limit.ts';
import { createServer } from './node-http.ts';
import { OTHER_MODEL, type Reply, type Route } from './route.ts';
import { serverErrors } from './server-errors.ts';

const TIMEOUTS = {
  headersTimeout: 10_000,
  requestTimeout: 60_000,
  // Longer than the 300 s after which the load balancer drops an idle connection, so that it never reuses a closed one.
  keepAliveTimeout: 310_000,
} as const;

// Callers' credentials for the gateway may give access to other models too, so no handler sees them.
const KEYS = ['authorization', 'x-api-key'] as const;

const SAGEMAKER = /^\/endpoints\//;

const OPENAI = /^\/(v1\/(?!models\b)|embeddings\b)/;

const MODEL = /^\/v1\/models\/[^:]+$/;

/** Keeps requests; `fields` are those of the loaded model. */
export type Keeper = { readonly capture: Capture; readonly fields: () => Fields };

/** An HTTP server that is not listening yet. Every answer is JSON, and every refusal `{"error": why}`. */
export function createModelServer(
  routes: ReadonlyMap<string, Route>,
  { name, revision, maxBodyBytes, cors }: Config,
  keeper: Keeper | null = null,
): Server {
  const reply = async (
    request: IncomingMessage,
    response: ServerResponse,
    read: (body: Uint8Array) => void,
  ): Promise<Reply> => {
    const path = pathOf(request);
    const route = routes.get(path) ?? routes.get(plainPath(path)) ?? otherModel(request, path);
    if (!route) throw nothingHere(name, request.method, path);
    const method = request.method === 'HEAD' ? 'GET' : request.method;
    if (method !== route.method) {
      response.setHeader('allow', route.method === 'GET' ? 'GET, HEAD' : route.method);
      const rows = route.method === 'GET' && method === 'POST' && routes.has('/invocations');
      const hint = rows ? worded('rowsArePosted') : '';
      throw refusal(405, `${path} takes ${route.method}, not ${request.method}${hint}`);
    }
    return route.answer({
      path,
      header: (name) => request.headers[name]?.toString(),
      absent: () => nothingHere(name, request.method, path),
      type: (...also) => typeOf(request, also),
      body: async () => {
        const body = await readBody(request, maxBodyBytes);
        read(body);
        return body;
      },
      isGone: () => response.destroyed,
    });
  };
  // Any other method has no such path.
  const otherModel = ({ method }: IncomingMessage, path: string) =>
    method !== 'POST' && MODEL.test(path) ? routes.get(OTHER_MODEL) : undefined;
  const removed = [...KEYS, ...claimsOfClients(process.env)];
  const count = serverErrors(process.env);
  const makeReadable = corsFor(cors);
  const server = createServer(TIMEOUTS, async (request, response) => {
    for (const name of removed) delete request.headers[name];
    if (revision) response.setHeader('x-slipway-revision', revision);
    let asked: Uint8Array | undefined;
    const read = (body: Uint8Array) => {
      asked = body;
    };
    const answer = await reply(request, response, read).catch((error) => {
      // After the client has left, an error is just a consequence.
      if (!isRefusal(error) && !response.destroyed) console.error(labelOf(request), error);
      return refuse(error, request.url ?? '');
    });
    const { status, body, headers } = await packed(request, answer);
    // While the server is closing, a kept-alive connection would only delay its end.
    if (!server.listening) response.setHeader('connection', 'close');
    count(request.headers, status);
    response.statusCode = status;
    response.setHeader('content-type', 'application/json');
    // As the gateway of one machine; API Gateway adds no header.
    response.setHeader('x-content-type-options', 'nosniff');
    for (const [name, value] of Object.entries(headers ?? {})) response.setHeader(name, value);
    makeReadable(request.headers, response);
    // Node measures only a body that it sends.
    if (request.method === 'HEAD') response.setHeader('content-length', Buffer.byteLength(body));
    if (keeper && asked && status === 200) keep(keeper, request, response, asked, answer.body);
    response.end(body);
  });
  // Node itself refuses any but 100-continue without a word; RFC 9110 §10.1.1 lets a server pass them over.
  server.on('checkExpectation', (...asked) => server.emit('request', ...asked));
  return server;
}

function nothingHere(name: string, method: string | undefined, path: string): Error {
  const model = method === 'POST' ? worded('askByInvocations', name) : worded('modelIs', name);
  return refusal(404, worded('nothingHere', path, model));
}

/** The answer in an encoding that the client takes, or the reason why Lambda takes it in no encoding. */
async function packed(request: IncomingMessage, { status, ...answer }: Reply): Promise<Reply> {
  const { body, headers } = await encoded(
    answer.body,
    request.headers['accept-encoding']?.toString(),
  );
  const whole = { body, headers: { ...answer.headers, ...headers } };
  const header = (name: string) => request.headers[name]?.toString();
  if (!isOverLambda(process.env, header, whole)) return { status, ...whole };
  return refuse(refusal(502, TOO_LARGE), request.url ?? '');
}

/** The path as the client wrote it. */
function pathOf({ url = '' }: IncomingMessage): string {
  return url.replace(/\?.*/s, '');
}

// The address given to OpenAI's clients mostly ends in /v1, but not always.
const OPENAI_PATHS: ReadonlySet<string> = new Set(['/embeddings', '/models']);

/**
 * The path that a client means when it joins addresses or encodes too much: without doubled slashes and a slash at the end, OpenAI's paths below /v1,
 * and with letters, digits, `-._~` and `:` unencoded, which is equivalent by RFC 3986 §6.2.2.2.
 */
function plainPath(written: string): string {
  const decoded = written.replaceAll(
    /%(2[DE]|3[0-9A]|4[1-9A-F]|5[0-9AF]|6[1-9A-F]|7[0-9AE])/gi,
    decodeURIComponent,
  );
  const path = decoded.replaceAll(/\/{2,}/g, '/').replace(/(.)\/$/, '$1');
  return OPENAI_PATHS.has(path) ? `/v1${path}` : path;
}

/** Names the request in its answer, and keeps one that is drawn once the client has its answer. */
function keep(
  { capture, fields }: Keeper,
  request: IncomingMessage,
  response: ServerResponse,
  body: Uint8Array,
  answer: string | Uint8Array,
): void {
  const { headers } = request;
  const header = (name: string) => headers[name]?.toString();
  const id = requestId(header) ?? randomUUID();
  response.setHeader('x-request-id', id);
  const draw = capture.draw(id);
  if (!draw) return;
  const path = plainPath(pathOf(request));
  const type = headers['content-type'] ?? '';
  const caller = callerOf(header);
  const answered = () => ({ id, caller, path, type, body, answer: Buffer.from(answer) });
  response.once('finish', () => setImmediate(() => capture.keep(draw, answered(), fields)));
}

/** Relates a log line to its request. */
function labelOf({ headers }: IncomingMessage): string {
  const id = requestId((name) => headers[name]?.toString());
  return id ? `request ${id}:` : 'a request:';
}

/** A refusal below `/v1` is in the words of OpenAI's API, since its clients show no others, except at `/v1/models`, which is KServe's too; at SageMaker's path it is in the words of SageMaker's runtime. */
function refuse(error: unknown, url: string): Reply {
  const { status, retryAfterSeconds, acceptEncoding } = isRefusal(error) ? error : { status: 500 };
  const isSagemaker = SAGEMAKER.test(url);
  return {
    status,
    body: bodyOf(error, status, url),
    headers: {
      ...(isSagemaker && { 'x-amzn-errortype': 'ModelError' }),
      ...(retryAfterSeconds && { 'retry-after': retryAfterSeconds }),
      ...(acceptEncoding && { 'accept-encoding': acceptEncoding }),
    },
  };
}

function bodyOf(error: unknown, status: number, url: string): string {
  if (OPENAI.test(url)) return errorBody(error);
  const message = messageOf(error);
  return JSON.stringify(SAGEMAKER.test(url) ? modelError(status, message) : { error: message });
}

/** The header by which clients of SageMaker's runtime read an error: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html#API_runtime_InvokeEndpoint_Errors */
function modelError(status: number, message: string): object {
  return { error: message, Message: message, OriginalMessage: message, OriginalStatusCode: status };
}
