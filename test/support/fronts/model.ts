import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { GetAliasCommand, GetFunctionCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { listen } from '#adapters/local/http/listen.ts';
import { awsClient } from '../aws/clients.ts';
import type { Moto } from '../aws/moto.ts';
import {
  around,
  modelSandboxes,
  type Outcome,
  type SandboxesOptions,
  settle,
  type Version,
} from './model-sandboxes.ts';

export type ModelFrontOptions = SandboxesOptions & {
  /** Functions of such names are models'. */
  readonly functionPrefix: string;
  /** Answers other functions, by name; a thrown error is the function's error. Functions without a handler are left to moto. */
  readonly handlers?: Readonly<Record<string, (event: unknown) => Promise<unknown>>>;
};

export type ModelFront = {
  readonly endpoint: string;
  readonly port: number;
  /** How many servers were ever started for a revision. */
  starts(revision: string): number;
  close(): Promise<void>;
};

const INVOKE = /^\/2015-03-31\/functions\/([^/]+)\/invocations/;

/** Stands in front of moto and hands it everything but the invocations of models' functions, which real model servers answer. */
export async function startModelFront(options: ModelFrontOptions): Promise<ModelFront> {
  const { moto, functionPrefix, handlers = {} } = options;
  const lambda = awsClient(LambdaClient, moto);
  const sandboxes = modelSandboxes(options);

  const server = createServer((asked, answer) => {
    serve(asked, answer).catch((error: unknown) => {
      if (!answer.headersSent) answer.writeHead(500);
      answer.end(String(error));
    });
  });

  async function serve(asked: IncomingMessage, answer: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(asked.url ?? '', moto.endpoint);
    const target = decodeURIComponent(INVOKE.exec(pathname)?.[1] ?? '');
    const [name = '', qualifier = searchParams.get('Qualifier') ?? '$LATEST'] = target
      .replace(/^.*:function:/, '')
      .split(':');
    const handler = handlers[name];
    const isModel = name.startsWith(functionPrefix);
    if (asked.method !== 'POST' || !(handler || isModel)) return pipe(asked, answer, moto);
    const event = JSON.parse(String(await buffer(asked)) || '{}');
    if (handler) return reply(answer, '$LATEST', await settle(handler(event)));
    const version = await resolve(lambda, name, qualifier);
    if (!version) return notFound(answer, target);
    const { outcome, tail, initMs } = await sandboxes.invoke(version, event);
    reply(answer, version.number, outcome, around(tail, initMs));
  }

  const port = await listen(server, { host: '127.0.0.1', port: 0 });
  return {
    endpoint: `http://127.0.0.1:${port}`,
    port,
    starts: sandboxes.starts,
    async close() {
      await sandboxes.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The version behind a qualifier; behind an alias one of its two, by chance and weight. */
async function resolve(
  lambda: LambdaClient,
  FunctionName: string,
  qualifier: string,
): Promise<Version | undefined> {
  const isAlias = !/^(?:\d+|\$LATEST)$/.test(qualifier);
  try {
    const number = isAlias
      ? drawn(await lambda.send(new GetAliasCommand({ FunctionName, Name: qualifier })))
      : qualifier;
    const command = new GetFunctionCommand({ FunctionName, Qualifier: number });
    const { Configuration } = await lambda.send(command);
    const { Environment: { Variables = {} } = {}, Timeout = 3 } = Configuration ?? {};
    return {
      functionName: FunctionName,
      number,
      environment: Variables,
      timeoutMs: Timeout * 1000,
    };
  } catch (error) {
    if ((error as Error).name === 'ResourceNotFoundException') return undefined;
    throw error;
  }
}

type Alias = {
  readonly FunctionVersion?: string | undefined;
  readonly RoutingConfig?:
    | { readonly AdditionalVersionWeights?: Record<string, number> | undefined }
    | undefined;
};

function drawn({ FunctionVersion = '', RoutingConfig }: Alias): string {
  const [second] = Object.entries(RoutingConfig?.AdditionalVersionWeights ?? {});
  return second && Math.random() < second[1] ? second[0] : FunctionVersion;
}

function reply(
  answer: ServerResponse,
  version: string,
  outcome: Outcome,
  tail: readonly string[] = around([]),
): void {
  answer.setHeader('content-type', 'application/json');
  answer.setHeader('x-amz-executed-version', version);
  answer.setHeader(
    'x-amz-log-result',
    Buffer.from(tail.join('\n').slice(-4_096)).toString('base64'),
  );
  if ('error' in outcome) answer.setHeader('x-amz-function-error', 'Unhandled');
  const payload = 'error' in outcome ? outcome.error : (outcome.value ?? null);
  answer.end(Buffer.isBuffer(payload) ? payload : JSON.stringify(payload));
}

function notFound(answer: ServerResponse, target: string): void {
  answer.writeHead(404, { 'x-amzn-errortype': 'ResourceNotFoundException' });
  answer.end(JSON.stringify({ Type: 'User', Message: `Function not found: ${target}` }));
}

function pipe(
  asked: IncomingMessage,
  answer: ServerResponse,
  { endpoint }: Pick<Moto, 'endpoint'>,
): void {
  const { method = 'GET', headers } = asked;
  const passed = request(new URL(asked.url ?? '', endpoint), { method, headers }, (given) => {
    answer.writeHead(given.statusCode ?? 502, given.headers);
    given.pipe(answer);
  });
  passed.on('error', (error) =>
    answer.headersSent ? answer.destroy() : answer.writeHead(502).end(String(error)),
  );
  asked.pipe(passed);
}
