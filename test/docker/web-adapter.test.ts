import { EventEmitter, once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import {
  invocationEvent,
  type ModelResponse,
  readResponse,
} from '#adapters/aws/api/invocation-event.ts';
import { functionDefinition } from '#adapters/aws/lambda/model-function.ts';
import type { SentBody } from '#domain/rollout/golden-request.ts';
import { adapt } from '../support/fronts/web-adapter.ts';
import { underRuntimeApi } from '../support/lambda/runtime-api.ts';
import { revisionSpec } from '../support/worlds/revision-spec.ts';

const tools = process.env['SLIPWAY_TOOLS'] ?? join(homedir(), '.cache/slipway-tools');
const ADAPTER = join(tools, 'lambda-web-adapter-0.9.1/bin/lambda-adapter');

const STREAM = '/v1/chat/completions';
const PARTS = ['data: {"a":1}\n\n', 'data: {"b":2}\n\n', 'data: [DONE]\n\n'];

/** Emits each part of the stream that Lambda has been given. */
const given = new EventEmitter();

/** Writes no part before Lambda has been given the one before. */
async function writeParts(response: ServerResponse): Promise<void> {
  response.writeHead(200, {
    'content-type': 'text/event-stream',
    'x-slipway-revision': 'digits-v1',
  });
  for (const part of PARTS) {
    const isGiven = once(given, part);
    response.write(part);
    await isGiven;
  }
  response.end();
}

/** Answers with its request; a path that is a status is answered with that status. */
const echo: RequestListener = async (request, response) => {
  const body = String(await buffer(request));
  if (request.url === STREAM) return writeParts(response);
  if (request.url === '/breaks') {
    return void response.writeHead(200).write('{"a":1}\n', () => response.destroy());
  }
  const status = Number(/^\/(\d+)$/.exec(request.url ?? '')?.[1] ?? 200);
  const isBinary = request.url === '/binary';
  return void response
    .writeHead(status, {
      'content-type': isBinary ? 'application/octet-stream' : 'application/json',
      'x-slipway-revision': 'digits-v1',
      date: 'Thu, 01 Jan 1970 00:00:00 GMT',
    })
    .end(isBinary ? Buffer.from([0, 255]) : JSON.stringify({ url: request.url, body }));
};

const REQUESTS = [
  { method: 'GET', path: '/ping' },
  { method: 'POST', path: '/v2/models/digits/infer', sent: json('{"inputs":[]}') },
  { method: 'GET', path: '/binary' },
  { method: 'GET', path: '/404' },
  { method: 'GET', path: '/429' },
  { method: 'GET', path: '/500' },
  { method: 'GET', path: '/503' },
] as const;

function json(body: string): SentBody {
  return { body, contentType: 'application/json', isBase64: false };
}

function describeAdapter(body: () => void): void {
  const name = 'the Lambda Web Adapter itself';
  if (existsSync(ADAPTER)) {
    describe(name, body);
  } else {
    process.stderr.write(`skipped: ${name}: there is no ${ADAPTER}\n`);
    describe.skip(name, body);
  }
}

describeAdapter(() => {
  let server: Server;
  let port: number;
  beforeAll(async () => {
    server = createServer(echo);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    port = (server.address() as AddressInfo).port;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  const events = REQUESTS.map((request) => invocationEvent('api', { model: 'digits', ...request }));

  /** The environment of a model's function, but for the port. */
  function environment(isStreaming = false): Readonly<Record<string, string>> {
    const image = {
      tag: 'digits',
      digest: 'sha256:0',
      compressedBytes: 1,
      uncompressedBytes: 1,
      artifactSha256: '0',
      proof: null,
      smoke: null,
    };
    const { configuration } = functionDefinition(revisionSpec('1', { image, isStreaming }), {
      stage: 'test',
      team: 'unassigned',
      prefix: 'm-',
      repository: 'models',
      role: 'role',
      subnets: [],
      securityGroup: 'sg-1',
      logGroup: 'group',
      corsOrigins: [],
    });
    return { ...configuration.Environment?.Variables, AWS_LWA_PORT: String(port) };
  }

  it('takes our events, strips the model’s route, and hands on whatever the server answers', async () => {
    const answers = await underRuntimeApi(ADAPTER, environment(), events);

    const seen = answers.map(({ kind, payload }) => {
      const response = readResponse(JSON.stringify(payload));
      return response ? [kind, response.status, response.headers['x-slipway-revision']] : [kind];
    });
    expect(seen).toEqual([
      ['response', 200, 'digits-v1'],
      ['response', 200, 'digits-v1'],
      ['response', 200, 'digits-v1'],
      ['response', 404, 'digits-v1'],
      ['response', 429, 'digits-v1'],
      ['response', 500, 'digits-v1'],
      ['response', 503, 'digits-v1'],
    ]);
    expect(readResponse(JSON.stringify(answers[1]?.payload))?.body).toBe(
      '{"url":"/v2/models/digits/infer","body":"{\\"inputs\\":[]}"}',
    );
  });

  it('answers what the stand-in of our tests answers', async () => {
    const answers = await underRuntimeApi(ADAPTER, environment(), events);

    const signal = new AbortController().signal;
    const origin = `http://127.0.0.1:${port}`;
    for (const [index, event] of events.entries()) {
      const { kind, payload } = answers[index]!;
      const own = await adapt(event, origin, environment(), signal).catch((error: Error) => ({
        errorMessage: error.message,
      }));
      expect(withoutConnection(own)).toEqual(
        kind === 'error'
          ? { errorMessage: (payload as { errorMessage: string }).errorMessage }
          : withoutConnection(payload as object),
      );
    }
  });

  it('does not survive an answer that breaks off, which it waits for', async () => {
    const event = invocationEvent('api', { model: 'digits', method: 'GET', path: '/breaks' });

    const [answer] = await underRuntimeApi(ADAPTER, environment(), [event]);

    expect(answer).toMatchObject({ kind: 'error', payload: { errorMessage: 'Lambda panicked' } });
  });

  it('streams what it is to stream: metadata and eight zeros, then each part once the server has written it', async () => {
    const asked = { model: 'digits', method: 'POST', path: STREAM, sent: json('{}') } as const;
    const event = invocationEvent('api', asked);

    const [answer] = await underRuntimeApi(ADAPTER, environment(true), [event], (text) => {
      for (const part of PARTS) if (text.includes(part)) given.emit(part);
    });

    expect(readResponse(String(answer?.payload))).toMatchObject({
      status: 200,
      headers: { 'content-type': 'text/event-stream', 'x-slipway-revision': 'digits-v1' },
      body: PARTS.join(''),
    });
  });

  it('streams what the stand-in of our tests streams', async () => {
    const texts = events.filter(({ path }) => !path.endsWith('/binary'));
    const answers = await underRuntimeApi(ADAPTER, environment(true), texts);

    const signal = new AbortController().signal;
    const origin = `http://127.0.0.1:${port}`;
    for (const [index, event] of texts.entries()) {
      const own = await adapt(event, origin, environment(true), signal);
      const [theirs, ours] = [answers[index]?.payload, own].map((each) =>
        readResponse(String(each)),
      );
      expect(theirs?.status).toBeGreaterThanOrEqual(200);
      expect(ours && withoutOwn(ours)).toEqual(theirs && withoutOwn(theirs));
    }
  });
});

function withoutOwn({ headers, ...rest }: ModelResponse) {
  const { connection, 'keep-alive': keepAlive, ...others } = headers;
  return { ...rest, headers: others };
}

/** Two clients have two connections, with different headers. */
function withoutConnection(answer: object): object {
  const { multiValueHeaders, ...rest } = answer as { multiValueHeaders?: Record<string, string[]> };
  if (!multiValueHeaders) return rest;
  const { connection, 'keep-alive': keepAlive, ...headers } = multiValueHeaders;
  return { ...rest, multiValueHeaders: headers };
}
