import { exchangeBytes, head, LAST, statuses } from '../../../support/gateway/raw-http.ts';
import { serveMirror } from '../../../support/gateway/real-revisions.ts';
import { type GatewayWorld, gatewayWorld } from '../../../support/gateway/world.ts';

let world: GatewayWorld;

beforeEach(async () => {
  world = await gatewayWorld();
  await world.route('digits', { 'digits-v1': 1 });
});

afterEach(() => world.close());

describe('of a client’s headers', () => {
  it('those of its own connection stay behind', async () => {
    const seen = await serveMirror(world.revisions, 'digits-v1');

    await exchangeBytes(
      world.gateway.origin,
      head(
        'Connection: close, X-Private, accept-language',
        'X-Private: a',
        'Accept-Language: b',
        'Keep-Alive: timeout=9',
        'Proxy-Connection: keep-alive',
        'Proxy-Authorization: Basic eA==',
        'TE: trailers',
        'Trailer: x-sum',
        'Upgrade: h2c',
        'HTTP2-Settings: AAMAAABk',
        'X-Public: c',
        'Content-Length: 2',
      ).concat('hi'),
    );

    expect(Object.keys(seen[0]!.headers).sort()).toEqual([
      'connection',
      'content-length',
      'host',
      'x-forwarded-for',
      'x-forwarded-host',
      'x-forwarded-proto',
      'x-public',
      'x-request-id',
    ]);
    expect(seen[0]!.headers.connection).toBe('keep-alive');
    expect(seen[0]!.body).toBe('hi');
  });

  it('keys stay behind, since a model may be anybody’s image, and so do cookies', async () => {
    const seen = await serveMirror(world.revisions, 'digits-v1');
    const headers = { authorization: 'Bearer secret', 'X-API-Key': 'secret', cookie: 'a=secret' };

    for (const path of ['/models/digits/', '/_candidate/digits-v1/']) {
      await (await world.call(path, { headers })).body.dump();
    }

    expect(seen).toHaveLength(2);
    expect(JSON.stringify(seen)).not.toContain('secret');
  });

  it('what a proxy in front says of its own address is passed on, and the prefix with the model’s', async () => {
    const seen = await serveMirror(world.revisions, 'digits-v1');
    const front = {
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'ml.example',
      'x-forwarded-prefix': '/ml/',
    };

    for (const path of ['/models/digits', '/models/digits/ping']) {
      await (await world.call(path, { headers: front })).body.dump();
    }

    const [own, other] = seen.map(({ headers }) => headers);
    expect(own).toMatchObject({ ...front, 'x-forwarded-prefix': '/ml/models/digits' });
    expect(other).not.toHaveProperty('x-forwarded-prefix');
  });

  it('what a proxy in front says by Forwarded is passed on as X-Forwarded', async () => {
    const seen = await serveMirror(world.revisions, 'digits-v1');

    const forwarded = 'for=192.0.2.60;proto=https;host="ml.example:8443"';
    await (await world.call('/models/digits', { headers: { forwarded } })).body.dump();

    expect(seen[0]!.headers).toMatchObject({
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'ml.example:8443',
    });
    expect(seen[0]!.headers).not.toHaveProperty('forwarded');
  });

  it.each(['ml', '//evil.example', '/a"b', '/<b>', '/../x', `/${'x'.repeat(101)}`])(
    'a prefix that can be none is passed over: %s',
    async (prefix) => {
      const seen = await serveMirror(world.revisions, 'digits-v1');

      const headers = { 'x-forwarded-prefix': prefix, 'x-forwarded-proto': 'javascript' };
      await (await world.call('/models/digits', { headers })).body.dump();

      expect(seen[0]!.headers['x-forwarded-prefix']).toBe('/models/digits');
      expect(seen[0]!.headers['x-forwarded-proto']).toBe('http');
    },
  );

  it('its word for who it is is replaced', async () => {
    const seen = await serveMirror(world.revisions, 'digits-v1');

    await exchangeBytes(
      world.gateway.origin,
      head(
        'Connection: close, x-forwarded-for, host',
        'X-Forwarded-For: 10.0.0.1',
        'X-Forwarded-Port: 443',
        'X-Forwarded-Prefix: /bank',
        'X-Slipway-Key-Id: k-1',
        'X-Slipway-Domain: bank.example',
        'X-Amzn-Request-Context: {}',
        'Forwarded: for=10.0.0.1',
        'Content-Length: 0',
      ),
    );

    expect(seen[0]!.headers).toMatchObject({
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-proto': 'http',
      'x-forwarded-host': 'front.example',
      host: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
    });
    expect(seen[0]!.headers).not.toHaveProperty('forwarded');
    expect(seen[0]!.headers).not.toHaveProperty('x-forwarded-port');
    expect(seen[0]!.headers).not.toHaveProperty('x-forwarded-prefix');
    expect(Object.keys(seen[0]!.headers).filter((name) => /slipway|amzn/.test(name))).toEqual([]);
  });

  it('cookies stay behind: a browser sends those of every program of this machine', async () => {
    const seen = await serveMirror(world.revisions, 'digits-v1');

    const headers = { cookie: 'jupyter-session=secret', 'x-public': 'c' };
    await (await world.call('/models/digits', { headers })).body.dump();

    expect(seen[0]!.headers).toHaveProperty('x-public', 'c');
    expect(seen[0]!.headers).not.toHaveProperty('cookie');
  });

  it('the length counts also when Connection names it', async () => {
    const seen = await serveMirror(world.revisions, 'digits-v1');

    const received = await exchangeBytes(
      world.gateway.origin,
      `${head('Connection: content-length', 'Content-Length: 5')}hello${LAST}`,
    );

    expect(statuses(received)).toEqual(['200', '200']);
    expect(seen.map(({ body }) => body)).toEqual(['hello', '']);
  });
});

describe('an upgrade', () => {
  it.each([
    ['to HTTP/2', 'Connection: Upgrade, HTTP2-Settings, close', 'Upgrade: h2c'],
    ['to a WebSocket', 'Connection: Upgrade, close', 'Upgrade: websocket'],
  ])('%s is passed over, and the request is answered', async (_, connection, upgrade) => {
    const seen = await serveMirror(world.revisions, 'digits-v1');

    const received = await exchangeBytes(
      world.gateway.origin,
      head(connection, upgrade, 'HTTP2-Settings: AAMAAABk', 'Content-Length: 0'),
    );

    expect(statuses(received)).toEqual(['200']);
    expect(seen[0]?.headers).not.toHaveProperty('upgrade');
  });
});

describe('of a model’s headers', () => {
  it('those of its own connection stay behind, the others pass', async () => {
    await world.revisions.serveRaw('digits-v1', (socket) =>
      socket.once('data', () =>
        socket.end(
          'HTTP/1.1 200 Fine\r\nConnection: close, X-Private\r\nX-Private: a\r\nKeep-Alive: timeout=1\r\n' +
            'Proxy-Authenticate: Basic\r\nUpgrade: h2c\r\nTrailer: x-sum\r\nVia: a\r\n' +
            'Via: b\r\nX-Latin: \xe9\r\nContent-Length: 2\r\n\r\nhi',
          'latin1',
        ),
      ),
    );

    const received = await exchangeBytes(world.gateway.origin, LAST);

    const [lines] = received.split('\r\n\r\n');
    expect(lines!.split('\r\n').filter((line) => !/^(date|connection): /i.test(line))).toEqual([
      'HTTP/1.1 200 OK',
      'via: a',
      'via: b',
      'x-latin: \xe9',
      'content-length: 2',
      'x-content-type-options: nosniff',
      'x-slipway-revision: digits-v1',
      expect.stringMatching(/^x-request-id: [0-9a-f]{8}-[0-9a-z]+$/),
      'vary: origin',
    ]);
  });

  it('those that act on every model stay behind: all have one origin', async () => {
    const others = [
      'Service-Worker-Allowed: /',
      'Clear-Site-Data: "*"',
      'Set-Cookie: a=1; Path=/',
      'Set-Cookie2: a=1; Path=/',
      'Set-Login: logged-in',
      'Origin-Agent-Cluster: ?1',
      'Use-As-Dictionary: match="/*"',
      'Access-Control-Allow-Origin: *',
      'Access-Control-Allow-Credentials: true',
      'Alt-Svc: h2="evil.example:443"',
      'Strict-Transport-Security: max-age=9; includeSubDomains',
      'Public-Key-Pins: max-age=9',
      'Public-Key-Pins-Report-Only: max-age=9',
      'Expect-CT: max-age=9, enforce',
      'Accept-CH: Sec-CH-UA-Model',
      'Critical-CH: Sec-CH-UA-Model',
      'Report-To: {}',
      'Reporting-Endpoints: a="https://evil.example"',
      'NEL: {}',
      'X-Accel-Redirect: /internal/',
      'X-Sendfile: /etc/passwd',
      'X-Lighttpd-Send-File: /etc/passwd',
      'X-Lighttpd-Send-Tempfile: /etc/passwd',
      'X-LiteSpeed-Location: /internal/',
      'X-Reproxy-URL: http://127.0.0.1:8081/',
      'X-Reproxy-File: /etc/passwd',
      'X-Content-Type-Options: sniff',
    ];
    await world.revisions.serveRaw('digits-v1', (socket) =>
      socket.once('data', () =>
        socket.end(
          `HTTP/1.1 200 Fine\r\n${others.join('\r\n')}\r\nX-Own: a\r\nContent-Length: 0\r\n\r\n`,
        ),
      ),
    );

    const received = await exchangeBytes(world.gateway.origin, LAST);

    const names = received
      .split('\r\n\r\n')[0]!
      .split('\r\n')
      .map((line) => line.split(':')[0]);
    expect(names.slice(1).sort()).toEqual([
      'Connection',
      'Date',
      'content-length',
      'vary',
      'x-content-type-options',
      'x-own',
      'x-request-id',
      'x-slipway-revision',
    ]);
    expect(received).toContain('x-content-type-options: nosniff');
  });
});
