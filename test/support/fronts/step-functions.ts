import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { APIGatewayClient, GetResourcesCommand } from '@aws-sdk/client-api-gateway';
import { listen } from '#adapters/local/http/listen.ts';
import { awsClient } from '../aws/clients.ts';
import type { LambdaAnswer } from '../lambda/runtime.ts';

/** A request on its way, by method and path: `POST /2015-03-31/functions`. */
export type Watch = (asked: string, body: string) => void;

export type StepFunctionsFront = {
  readonly endpoint: string;
  readonly port: number;
  /** The server that gets every request that this front does not answer itself. */
  standBefore(upstream: { readonly endpoint: string }): void;
  /** Answers the invocations of a function. */
  serve(name: string, invoke: (event: unknown) => Promise<LambdaAnswer>): void;
  /** Refuses the first `times` requests of `POST /path` as too many. */
  throttle(asked: string, times: number): void;
  watch(watch: Watch): void;
  close(): Promise<void>;
};

const INVOKE = /^\/2015-03-31\/functions\/([^/]+)\/invocations/;
const DEPLOYMENT = /^\/restapis\/([^/]+)\/deployments(?:\/([^/]+))?$/;

/**
 * Stands in front of moto for clients that only take an endpoint: moto's own interpreter and our bundles.
 * It invokes functions, and adds to API Gateway the only part that moto lacks and our router reads: a deployment's summary of the API.
 */
export async function startStepFunctionsFront(): Promise<StepFunctionsFront> {
  const functions = new Map<string, (event: unknown) => Promise<LambdaAnswer>>();
  const throttled = new Map<string, number>();
  const watches: Watch[] = [];
  const summaries = new Map<string, object>();
  let upstream = '';

  const server = createServer((asked, answer) => {
    serve(asked, answer).catch((error: unknown) => {
      if (!answer.headersSent) answer.writeHead(500);
      answer.end(String(error));
    });
  });

  async function serve(asked: IncomingMessage, answer: ServerResponse): Promise<void> {
    const { pathname } = new URL(asked.url ?? '', upstream);
    const called = `${asked.method} ${pathname.replace(/\/$/, '')}`;
    const body = await buffer(asked);
    const refusals = throttled.get(called) ?? 0;
    if (refusals > 0) {
      throttled.set(called, refusals - 1);
      return tooMany(answer);
    }
    const name = decodeURIComponent(INVOKE.exec(pathname)?.[1] ?? '').replace(/^.*:function:/, '');
    const invoke = functions.get(name);
    if (invoke) return reply(answer, await invoke(JSON.parse(String(body) || '{}')));
    await pass(asked, answer, body, pathname);
    for (const watch of watches) watch(called, String(body));
  }

  async function pass(
    asked: IncomingMessage,
    answer: ServerResponse,
    body: Buffer,
    path: string,
  ): Promise<void> {
    const given = await forward(asked, body, upstream);
    const [, restApiId, deploymentId] = DEPLOYMENT.exec(path) ?? [];
    if (!restApiId || given.status >= 300) return send(answer, given);
    const deployment = JSON.parse(String(given.body));
    if (asked.method === 'POST') summaries.set(deployment.id, await summary(upstream, restApiId));
    if (!deploymentId) return send(answer, given);
    const apiSummary = summaries.get(deploymentId) ?? {};
    send(answer, { ...given, body: Buffer.from(JSON.stringify({ ...deployment, apiSummary })) });
  }

  const port = await listen(server, { host: '127.0.0.1', port: 0 });
  return {
    endpoint: `http://127.0.0.1:${port}`,
    port,
    standBefore: ({ endpoint }) => {
      upstream = endpoint;
    },
    serve: (name, invoke) => void functions.set(name, invoke),
    throttle: (asked, times) => void throttled.set(asked, times),
    watch: (watch) => void watches.push(watch),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html: an error of the function is a success of the call. */
function reply(answer: ServerResponse, answered: LambdaAnswer): void {
  answer.setHeader('content-type', 'application/json');
  answer.setHeader('x-amz-executed-version', '$LATEST');
  if ('error' in answered) answer.setHeader('x-amz-function-error', 'Unhandled');
  answer.end(JSON.stringify('error' in answered ? answered.error : answered.payload));
}

function tooMany(answer: ServerResponse): void {
  answer.writeHead(429, { 'x-amzn-errortype': 'TooManyRequestsException' });
  answer.end(JSON.stringify({ Type: 'User', message: 'Rate exceeded' }));
}

/** https://docs.aws.amazon.com/apigateway/latest/api/API_Deployment.html, `apiSummary` */
async function summary(endpoint: string, restApiId: string): Promise<object> {
  const client = awsClient(APIGatewayClient, { endpoint });
  const { items = [] } = await client.send(
    new GetResourcesCommand({ restApiId, embed: ['methods'], limit: 500 }),
  );
  return Object.fromEntries(
    items.flatMap(({ path = '', resourceMethods }) =>
      resourceMethods ? [[path, resourceMethods]] : [],
    ),
  );
}

type Given = {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
};

async function forward(asked: IncomingMessage, body: Buffer, upstream: string): Promise<Given> {
  const { method = 'GET', headers } = asked;
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  request(new URL(asked.url ?? '', upstream), { method, headers }, resolve)
    .on('error', reject)
    .end(body);
  const given = await promise;
  return { status: given.statusCode ?? 502, headers: given.headers, body: await buffer(given) };
}

/** Sends an answer; the answer to a HEAD has a length and no body. */
function send(answer: ServerResponse, { status, headers, body }: Given): void {
  const { 'transfer-encoding': _, ...kept } = headers;
  const length = body.length > 0 ? { 'content-length': body.length } : {};
  answer.writeHead(status, { ...kept, ...length }).end(body);
}
