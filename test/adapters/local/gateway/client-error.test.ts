import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { exchangeBytes, head } from '../../../support/gateway/raw-http.ts';
import { serveMirror } from '../../../support/gateway/real-revisions.ts';
import { type GatewayWorld, gatewayWorld } from '../../../support/gateway/world.ts';

let world: GatewayWorld;

beforeEach(async () => {
  world = await gatewayWorld();
  await world.route('digits', { 'digits-v1': 1 });
});

afterEach(() => world.close());

describe('what is no request of HTTP/1.1', () => {
  it.each([0, 300_000])(
    'is answered in HTTP/2 where it is one of that, with a body of %i bytes',
    async (bytes) => {
      const client = connectHttp2(world.gateway.origin);
      const request = client.request({ ':method': 'POST', ':path': '/models/digits/invocations' });
      request.end(Buffer.alloc(bytes));

      const [headers] = await once(request, 'response');
      const body = await text(request);

      expect(headers[':status']).toBe(505);
      expect(JSON.parse(body)).toEqual({
        error: 'HTTP/2 is not spoken here',
        fix: expect.stringContaining('HTTP/1.1'),
      });
      client.close();
    },
  );

  it('in HTTP/2 does not keep the gateway from closing', async () => {
    const client = connectHttp2(world.gateway.origin);
    await once(client, 'remoteSettings');

    await world.gateway.close();

    client.destroy();
  });

  it.each([
    { sent: 'hello\r\n\r\n', status: 400, error: 'not a valid HTTP/1.1 request: ' },
    {
      sent: head(`X: ${'y'.repeat(17_000)}`),
      status: 431,
      error: 'the head of the request is over 16 KiB',
    },
    {
      sent: 'POST /models/digits/infer HTTP/1.1\r\nConnection: close\r\nContent-Length: 0\r\n\r\n',
      status: 400,
      error: 'the Host header is missing',
    },
    {
      sent: 'CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n',
      status: 405,
      error: 'this is not a proxy',
    },
  ])('is told that it is none: $error', async ({ sent, status, error }) => {
    const received = await exchangeBytes(world.gateway.origin, sent);

    const [top, content] = received.split('\r\n\r\n');
    expect(top).toContain(`HTTP/1.1 ${status} `);
    expect(JSON.parse(content ?? '')).toMatchObject({ error: expect.stringContaining(error) });
  });

  it('does not break into the answer to the request before it', async () => {
    await world.revisions.serve('digits-v1', (_request, response) => response.write('begun'));
    const { hostname, port } = new URL(world.gateway.origin);
    const client = connect(Number(port), hostname);
    client.write(head('Content-Length: 0'));
    await once(client, 'readable');

    client.write('hello\r\n\r\n');

    const received = await text(client);
    expect(received.match(/HTTP\/1\.1 /g)).toHaveLength(1);
  });

  it('but what a client expects beyond going on is passed over', async () => {
    await serveMirror(world.revisions, 'digits-v1');

    const received = await exchangeBytes(
      world.gateway.origin,
      head('Expect: 200-ok', 'Connection: close', 'Content-Length: 0'),
    );

    expect(received).toContain('HTTP/1.1 200 ');
  });
});
