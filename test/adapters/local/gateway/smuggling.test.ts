import { exchangeBytes, head, LAST, statuses } from '../../../support/gateway/raw-http.ts';
import { serveMirror } from '../../../support/gateway/real-revisions.ts';
import { type GatewayWorld, gatewayWorld } from '../../../support/gateway/world.ts';

let world: GatewayWorld;

beforeEach(async () => {
  world = await gatewayWorld();
  await world.route('digits', { 'digits-v1': 1 });
});

afterEach(() => world.close());

describe('a request that two servers may read differently is refused, and no request of it reaches the model', () => {
  const SMUGGLED =
    'POST /models/digits/smuggled HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 0\r\n\r\n';

  it.each([
    { name: 'a length and chunks', lines: ['Content-Length: 4', 'Transfer-Encoding: chunked'] },
    { name: 'chunks and a length', lines: ['Transfer-Encoding: chunked', 'Content-Length: 4'] },
    { name: 'two lengths', lines: ['Content-Length: 0', 'Content-Length: 4'] },
    { name: 'the same length twice', lines: ['Content-Length: 0', 'Content-Length: 0'] },
    { name: 'two lengths in one line', lines: ['Content-Length: 0, 4'] },
    { name: 'a signed length', lines: ['Content-Length: +0'] },
    { name: 'a hexadecimal length', lines: ['Content-Length: 0x0'] },
    { name: 'a negative length', lines: ['Content-Length: -1'] },
    { name: 'a space before the colon', lines: ['Transfer-Encoding : chunked'] },
    { name: 'a tab before the colon', lines: ['Content-Length\t: 0'] },
    { name: 'a folded header', lines: ['Transfer-Encoding:', ' chunked'] },
    { name: 'chunked not at the end', lines: ['Transfer-Encoding: chunked, identity'] },
    { name: 'chunked twice', lines: ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'] },
    { name: 'a lone line feed', lines: ['X: y\nContent-Length: 0'] },
    { name: 'a lone carriage return', lines: ['X: y\rContent-Length: 0'] },
    { name: 'a null byte', lines: ['X: \0', 'Content-Length: 0'] },
    { name: 'no name', lines: [': x'] },
    {
      name: 'a chunk size that is none',
      lines: ['Transfer-Encoding: chunked'],
      body: '0x0\r\n\r\n',
    },
    { name: 'a chunk size with a sign', lines: ['Transfer-Encoding: chunked'], body: '+0\r\n\r\n' },
    {
      name: 'a chunk longer than its size',
      lines: ['Transfer-Encoding: chunked'],
      body: '1\r\nabc\r\n0\r\n\r\n',
    },
    {
      name: 'a line feed in a chunk extension',
      lines: ['Transfer-Encoding: chunked'],
      body: '0;a\nb\r\n\r\n',
    },
  ])('$name', async ({ lines, body = '0\r\n\r\n' }) => {
    const seen = await serveMirror(world.revisions, 'digits-v1');

    const received = await exchangeBytes(world.gateway.origin, head(...lines) + body + SMUGGLED);

    expect(statuses(received)).toEqual(['400']);
    expect(seen).toEqual([]);
  });

  it.each(['gzip, chunked', 'gzip', 'identity', 'identity, chunked', 'xchunked', '"chunked"'])(
    'the transfer coding %s',
    async (coding) => {
      const seen = await serveMirror(world.revisions, 'digits-v1');

      const received = await exchangeBytes(
        world.gateway.origin,
        `${head(`Transfer-Encoding: ${coding}`, 'Connection: close')}0\r\n\r\n`,
      );

      expect(received).toMatch(/^HTTP\/1.1 501 /);
      expect(received).toContain('"error":"the only transfer coding served here is chunked"');
      expect(seen).toEqual([]);
    },
  );

  it.each([
    { name: 'no host', bytes: 'GET /models/digits/ HTTP/1.1\r\nConnection: close\r\n\r\n' },
    { name: 'a head over 16 KiB', bytes: head(`X: ${'y'.repeat(17_000)}`, 'Connection: close') },
    { name: 'no HTTP', bytes: 'hello\r\n\r\n' },
  ])('$name', async ({ bytes }) => {
    const seen = await serveMirror(world.revisions, 'digits-v1');

    const received = await exchangeBytes(world.gateway.origin, bytes);

    expect(received).toMatch(/^HTTP\/1\.1 4\d\d /);
    expect(received).not.toContain('x-slipway-revision');
    expect(seen).toEqual([]);
  });

  it('but a body that looks like a request is a body', async () => {
    const seen = await serveMirror(world.revisions, 'digits-v1');

    const received = await exchangeBytes(
      world.gateway.origin,
      head(`Content-Length: ${SMUGGLED.length}`) +
        SMUGGLED +
        head('Transfer-Encoding: chunked') +
        `${SMUGGLED.length.toString(16)};name=value\r\n${SMUGGLED}\r\n0\r\n\r\n` +
        LAST,
    );

    expect(statuses(received)).toEqual(['200', '200', '200']);
    expect(seen.map(({ url, body }) => [url, body])).toEqual([
      ['/infer', SMUGGLED],
      ['/infer', SMUGGLED],
      ['/infer', ''],
    ]);
  });
});

describe('a model whose server breaks HTTP cannot speak to clients on its own', () => {
  const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n';

  it.each([
    {
      name: 'a length and chunks',
      bytes: `${OK}Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n`,
    },
    { name: 'two lengths', bytes: `${OK}Content-Length: 3\r\n\r\nhi!` },
    { name: 'a folded header', bytes: `${OK}X: a\r\n b\r\n\r\nhi` },
    {
      name: 'an upgrade nobody asked for',
      bytes: 'HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n',
    },
    { name: 'no HTTP', bytes: 'hello' },
    { name: 'a head over 16 KiB', bytes: `${OK}X: ${'y'.repeat(17_000)}\r\n\r\nhi` },
  ])('$name is answered 502', async ({ bytes }) => {
    await world.revisions.serveRaw('digits-v1', (socket) =>
      socket.once('data', () => socket.end(bytes)),
    );

    const received = await exchangeBytes(world.gateway.origin, LAST);

    expect(statuses(received)).toEqual(['502']);
  });

  it('an early hint is passed over', async () => {
    await world.revisions.serveRaw('digits-v1', (socket) =>
      socket.once('data', () =>
        socket.end(`HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n${OK}\r\nhi`),
      ),
    );

    const received = await exchangeBytes(world.gateway.origin, LAST);

    expect(statuses(received)).toEqual(['200']);
  });

  it('a second answer to one request reaches nobody', async () => {
    const poison = 'HTTP/1.1 200 OK\r\nX-Poison: yes\r\nContent-Length: 6\r\n\r\npoison';
    await world.revisions.serveRaw('digits-v1', (socket) =>
      socket.on('data', () => socket.write(`${OK}\r\nhi${poison}`)),
    );

    const first = await exchangeBytes(world.gateway.origin, LAST);
    const second = await exchangeBytes(world.gateway.origin, LAST);

    expect(first + second).not.toContain('poison');
    expect(statuses(first + second)).toEqual(['200', '200']);
  });
});

it('a request that is followed at once by the end of its client’s side is answered by the model', async () => {
  await serveMirror(world.revisions, 'digits-v1');

  const received = await exchangeBytes(world.gateway.origin, LAST, { ends: true });

  expect(statuses(received)).toEqual(['200']);
});
