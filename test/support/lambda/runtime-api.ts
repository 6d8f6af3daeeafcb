import { spawn } from 'node:child_process';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A runtime's answer to an event: JSON, unless it declares that it streams; then a text. */
export type RuntimeAnswer = {
  readonly kind: 'response' | 'error';
  readonly payload: unknown;
};

/** Runs a program as Lambda does, with the Runtime API from which it gets its events, and returns its result for each; `onPart` gets each part of an answer as it comes. */
export async function underRuntimeApi(
  program: string,
  environment: Readonly<Record<string, string>>,
  events: readonly unknown[],
  onPart: (part: string) => void = () => {},
): Promise<readonly RuntimeAnswer[]> {
  const answers: RuntimeAnswer[] = [];
  const left = [...events];
  const { promise: done, resolve, reject } = Promise.withResolvers<void>();
  const server = createServer(async (request, response) => {
    const url = request.url ?? '';
    const parts = await partsOf(request, onPart);
    const body = parts.join('');
    if (url.endsWith('/register')) return register(response);
    if (url.endsWith('/next')) return next(response, url.includes('/invocation/') ? left : []);
    const kind = url.endsWith('/error') ? 'error' : 'response';
    const isStreamed = request.headers['lambda-runtime-function-response-mode'] === 'streaming';
    answers.push({ kind, payload: isStreamed ? body : JSON.parse(body) });
    response.writeHead(202).end('{}');
    if (answers.length === events.length) resolve();
    return response;
  });
  const port = await listening(server);
  const child = spawn(program, {
    env: {
      ...environment,
      AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${port}`,
      AWS_LAMBDA_FUNCTION_NAME: 'model',
      AWS_LAMBDA_FUNCTION_VERSION: '1',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '512',
      AWS_LAMBDA_LOG_GROUP_NAME: 'group',
      AWS_LAMBDA_LOG_STREAM_NAME: 'stream',
    },
    stdio: 'ignore',
  });
  child.once('error', reject);
  child.once('exit', (code) => reject(new Error(`${program} ended with ${code}`)));
  try {
    await done;
    return answers;
  } finally {
    child.kill('SIGKILL');
    server.closeAllConnections();
    server.close();
  }
}

async function partsOf(
  request: IncomingMessage,
  onPart: (part: string) => void,
): Promise<readonly string[]> {
  const parts: string[] = [];
  for await (const part of request) {
    parts.push(String(part));
    onPart(String(part));
  }
  return parts;
}

function register(response: ServerResponse): ServerResponse {
  return response.writeHead(200, { 'lambda-extension-identifier': 'adapter' }).end('{}');
}

/** Sends the next event, or gives no answer when there are no more, like Lambda. */
function next(response: ServerResponse, events: unknown[]): ServerResponse {
  if (events.length === 0) return response;
  return response
    .writeHead(200, {
      'content-type': 'application/json',
      'lambda-runtime-aws-request-id': String(events.length),
      'lambda-runtime-deadline-ms': String(Date.now() + 30_000),
      'lambda-runtime-invoked-function-arn': 'arn:aws:lambda:us-east-1:123456789012:function:model',
      'lambda-runtime-trace-id': 'Root=1',
    })
    .end(JSON.stringify(events.shift()));
}

function listening(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}
