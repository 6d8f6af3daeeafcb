import { exchangeBytes, statuses } from '../../../support/gateway/raw-http.ts';
import { serveMirror } from '../../../support/gateway/real-revisions.ts';
import { type GatewayWorld, gatewayWorld } from '../../../support/gateway/world.ts';

let world: GatewayWorld;
let seen: Awaited<ReturnType<typeof serveMirror>>;

beforeEach(async () => {
  world = await gatewayWorld({
    allowedHosts: ['models.example'],
    corsOrigins: ['https://app.example'],
  });
  await world.route('digits', { 'digits-v1': 1 });
  seen = await serveMirror(world.revisions, 'digits-v1');
});

afterEach(() => world.close());

/** Sends the request unchanged, and returns the answer's status, head and body. */
async function asked(first: string, ...headers: readonly string[]) {
  const received = await exchangeBytes(
    world.gateway.origin,
    `${[first, ...headers, 'Connection: close', 'Content-Length: 0'].join('\r\n')}\r\n\r\n`,
  );
  const [head = '', body = ''] = received.split('\r\n\r\n');
  return { status: statuses(received)?.[0], head, body };
}

const POST = 'POST /models/digits/invocations HTTP/1.1';

describe('a request', () => {
  it.each([
    '127.0.0.1',
    '127.0.0.1:8080',
    'localhost:8080',
    'LocalHost',
    'models.localhost:8080',
    '[::1]:8080',
    '192.168.1.7:9000',
    'models.example',
    'Models.Example:8443',
  ])('to %s is answered', async (host) => {
    expect((await asked(POST, `Host: ${host}`)).status).toBe('200');
  });

  it.each([
    'evil.example',
    'evil.example:8080',
    '127.0.0.1.evil.example',
    'a.models.example',
    'localhost.evil.example',
    'evil.example@127.0.0.1',
    '[::1].evil.example',
    '',
  ])('to "%s", a name that is not this machine’s, reaches no model', async (host) => {
    const { status, head, body } = await asked(POST, `Host: ${host}`);

    expect(status).toBe('403');
    expect(head).toMatch(/^x-content-type-options: nosniff/m);
    expect(JSON.parse(body)).toEqual({
      error: `the Host header names ${host}, which is not a name of this machine`,
      fix: expect.stringContaining('--allowed-host NAME'),
    });
    expect(seen).toEqual([]);
  });

  it.each(['/', '/models', '/metrics', '/models/digits', '/_page/page.js'])(
    'for %s by a name that is not this machine’s tells nothing',
    async (path) => {
      const { status } = await asked(`GET ${path} HTTP/1.1`, 'Host: evil.example');

      expect(status).toBe('403');
    },
  );

  it('of HTTP/1.0, which has no host, is answered', async () => {
    expect((await asked('POST /models/digits/invocations HTTP/1.0')).status).toBe('200');
  });
});

describe('a page', () => {
  const HOST = 'Host: 127.0.0.1:8080';

  it.each([
    { of: 'the gateway itself', host: HOST, origin: 'http://127.0.0.1:8080' },
    { of: 'an allowed origin', host: HOST, origin: 'https://app.example' },
    { of: 'the gateway behind a proxy', host: HOST, origin: 'https://models.example' },
    {
      of: 'the proxy that hands on its host',
      host: 'Host: models.example',
      origin: 'https://models.example:8443',
    },
  ])('of $of may call a model', async ({ host, origin }) => {
    expect((await asked(POST, host, `Origin: ${origin}`)).status).toBe('200');
  });

  it.each(['https://evil.example', 'http://127.0.0.1:9999', 'http://localhost:8080', 'null', 'x'])(
    'of %s may not, whatever it sends',
    async (origin) => {
      for (const type of ['text/plain', 'application/json']) {
        const { status, body } = await asked(
          POST,
          HOST,
          `Origin: ${origin}`,
          `Content-Type: ${type}`,
        );

        expect(status).toBe('403');
        expect(JSON.parse(body)).toEqual({
          error: `pages of ${origin} may not call models here`,
          fix: expect.stringContaining('--cors-origin ORIGIN'),
        });
      }
      expect(seen).toEqual([]);
    },
  );

  it('of an origin that is not allowed is not told by its preflight that it is', async () => {
    const { status, head } = await asked(
      'OPTIONS /models/digits/invocations HTTP/1.1',
      HOST,
      'Origin: https://evil.example',
      'Access-Control-Request-Method: POST',
    );

    expect(status).toBe('403');
    expect(head).not.toMatch(/access-control/i);
  });
});
