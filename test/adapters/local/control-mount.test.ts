import { connect } from 'node:net';
import { controlApi } from '#adapters/local/control/control-api.ts';
import { loopbackGuard } from '#adapters/local/control/control-guard.ts';
import { controlHandler, type Handler } from '#control/handler.ts';
import { onOneMachine } from '#control/operations.ts';

/** A server of this handler, and how to send it raw bytes and read all that comes back. */
async function mounted(handler: Handler) {
  const api = controlApi(handler);
  await api.listen({ host: '127.0.0.1', port: 0 });
  const { port } = api.server.address() as { port: number };
  return {
    url: `http://127.0.0.1:${port}`,
    async raw(text: string): Promise<string> {
      const socket = connect(port, '127.0.0.1');
      socket.end(text);
      const chunks: Buffer[] = await socket.toArray();
      return Buffer.concat(chunks).toString();
    },
    [Symbol.asyncDispose]: () => api.close(),
  };
}

const jsonIn = (text: string) =>
  JSON.parse(text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1));

/** Answers with its request. */
const echoing: Handler = async (request) =>
  Response.json({
    method: request.method,
    url: request.url,
    host: request.headers.get('host'),
    body: await request.text(),
  });

describe('the server of the control API', () => {
  it('hands on the path as it was sent, and the host as what the sender says', async () => {
    await using server = await mounted(echoing);

    const asked = [
      await server.raw(
        'GET /a%2Fb//c?d=1&d=2 HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n',
      ),
      await server.raw(
        'GET http://evil.example/a HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n',
      ),
      await server.raw('GET //evil.example/a HTTP/1.0\r\n\r\n'),
      await server.raw(
        'PUT /%ff HTTP/1.1\r\nhost: here\r\ncontent-length: 2\r\nconnection: close\r\n\r\nhi',
      ),
    ];

    expect(asked.map((text) => jsonIn(text))).toEqual([
      { method: 'GET', url: 'http://127.0.0.1/a%2Fb//c?d=1&d=2', host: 'evil.example', body: '' },
      { method: 'GET', url: 'http://127.0.0.1/a', host: 'here', body: '' },
      { method: 'GET', url: 'http://127.0.0.1//evil.example/a', host: null, body: '' },
      { method: 'PUT', url: 'http://127.0.0.1/%ff', host: 'here', body: 'hi' },
    ]);
  });

  it.each([
    '/objects/a/../b',
    '/objects/a/%2E%2e/b',
    '/objects/a/.%2e',
    '/./models',
    '/objects/a\\..\\b',
  ])('refuses %s, of which a URL would make another path', async (path) => {
    await using server = await mounted(echoing);

    const answer = await server.raw(
      `DELETE ${path} HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n`,
    );

    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).toContain('has a part `.` or `..`');
  });

  it('takes a key with dots in its names', async () => {
    await using server = await mounted(echoing);

    expect((await fetch(`${server.url}/objects/..a/b../.c/v1.2`)).status).toBe(200);
  });

  it.each(['TRACE / HTTP/1.1', 'PROPFIND /models HTTP/1.1', 'OPTIONS * HTTP/1.1'])(
    'answers %s with an error in JSON, and goes on',
    async (line) => {
      await using server = await mounted(
        controlHandler({
          table: {},
          operations: {},
          guard: loopbackGuard('x'),
          after: () => () => {},
        }),
      );

      const answer = await server.raw(`${line}\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n`);

      expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /);
      expect(jsonIn(answer)).toHaveProperty('error');
      expect((await fetch(server.url)).status).toBe(401);
    },
  );

  it('begins a stream before there is anything in it, and tells its source when the reader leaves', async () => {
    const gone = Promise.withResolvers<void>();
    await using server = await mounted(
      controlHandler({
        table: { scrub: onOneMachine.scrub },
        operations: {
          scrub: async (_input, signal) =>
            (async function* () {
              signal?.addEventListener('abort', () => gone.resolve());
              await gone.promise;
            })(),
        },
        guard: () => undefined,
        after: () => () => {},
      }),
    );

    const { status, body } = await fetch(`${server.url}/scrub`, { method: 'POST' });
    await body?.cancel();
    await gone.promise;

    expect(status).toBe(200);
  });

  it('breaks the connection of an answer that breaks off', async () => {
    await using server = await mounted(
      async () =>
        new Response(
          new ReadableStream({
            start: (controller) => controller.enqueue(new TextEncoder().encode('half')),
            pull: (controller) => controller.error(new Error('no more')),
          }),
        ),
    );

    const response = await fetch(server.url);

    await expect(response.text()).rejects.toThrow('terminated');
  });

  it('answers before an upload has come that it refuses, and drops the rest', async () => {
    await using server = await mounted(async () =>
      Response.json({ error: 'too large' }, { status: 422 }),
    );
    const body = Buffer.alloc(5_000_000);

    const answers = [];
    for (const _ of [1, 2]) answers.push(await fetch(server.url, { method: 'PUT', body }));

    expect(answers.map(({ status }) => status)).toEqual([422, 422]);
  });

  it('sends its followers the end of what ends with it', async () => {
    const ending = new AbortController();
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode('first, '));
        ending.signal.addEventListener('abort', async () => {
          await Promise.resolve();
          controller.enqueue(new TextEncoder().encode('last'));
          controller.close();
        });
      },
    });
    const server = await mounted(async () => new Response(body));
    const response = await fetch(server.url);

    ending.abort();
    const [text] = await Promise.all([response.text(), server[Symbol.asyncDispose]()]);

    expect(text).toBe('first, last');
  });

  it('ends with its followers', async () => {
    const server = await mounted(async () => new Response(new ReadableStream()));
    const { body } = await fetch(server.url);

    const [reading] = await Promise.allSettled([
      body!.getReader().read(),
      server[Symbol.asyncDispose](),
    ]);

    expect(reading.status).toBe('rejected');
  });
});
