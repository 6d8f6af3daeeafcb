import { once } from 'node:events';
import type { Socket } from 'node:net';
import { eventually } from '../../../support/clock/eventually.ts';
import { serveMirror } from '../../../support/gateway/real-revisions.ts';
import { type GatewayWorld, gatewayWorld } from '../../../support/gateway/world.ts';

const LIMIT_MS = 10_000;
const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi';
const LARGE = Buffer.alloc(5_000_000);

let world: GatewayWorld;
let sockets: Socket[];

beforeEach(async () => {
  world = await gatewayWorld();
  sockets = [];
  await world.route('digits', { 'digits-v1': 1 });
});

afterEach(() => world.close());

const serve = (onSocket: (socket: Socket) => void) =>
  world.revisions.serveRaw('digits-v1', (socket) => {
    sockets.push(socket.on('error', () => undefined));
    onSocket(socket);
  });

/** Asks the model for an answer, as text. */
async function ask(sent: Parameters<GatewayWorld['call']>[1] = {}) {
  const { statusCode: status, body } = await world.call('/models/digits/', {
    method: 'POST',
    body: 'x',
    ...sent,
  });
  return { status, text: await body.text() };
}

describe('a server that hangs costs its own request alone, whose process is given back as overdue', () => {
  it.each<[string, (socket: Socket) => void, Buffer | string]>([
    ['reads its request and says nothing', (socket) => socket.resume(), 'x'],
    ['never reads a large body', (socket) => socket.pause(), LARGE],
    [
      'begins its head and does not end it',
      (socket) => socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\nx-a: ')),
      'x',
    ],
    [
      'sends interim answers alone',
      (socket) =>
        socket.once('data', () => socket.write('HTTP/1.1 103 Early\r\n\r\n'.repeat(10_000))),
      'x',
    ],
  ])('one that %s', async (_, behaves, body) => {
    await serve(behaves);
    await serveMirror(world.revisions, 'other-v1');
    await world.route('other', { 'other-v1': 1 });
    const asking = ask({ body });
    await eventually(() => sockets.length > 0);

    const other = await world.call('/models/other/');
    await other.body.dump();
    await eventually(() => world.gateway.inFlight('digits-v1') === 1);
    world.timers.advance(LIMIT_MS);

    expect(other.statusCode).toBe(200);
    expect(await asking).toMatchObject({ status: 504 });
    expect(world.revisions.releases('digits-v1')).toEqual(['timeout']);
    expect(world.gateway.inFlight('digits-v1')).toBe(0);
  });
});

describe('an answer that is not whole is cut', () => {
  it.each([
    ['ends before its length', 'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhi'],
    ['ends within a chunk', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n9\r\nhi'],
    ['ends between chunks', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n'],
    ['has no size of a chunk', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\nx'],
  ])('one that %s', async (_, bytes) => {
    await serve((socket) => socket.once('data', () => socket.end(bytes)));

    await expect(ask()).rejects.toThrow();

    expect(world.revisions.releases('digits-v1')).toEqual(['aborted']);
  });
});

describe('the bytes of one answer reach nobody else', () => {
  it('when it is longer than it says', async () => {
    await serve((socket) => socket.on('data', () => socket.write(`${OK} and what nobody asked`)));

    const answers = [await ask(), await ask()];

    expect(answers).toEqual(Array(2).fill({ status: 200, text: 'hi' }));
    expect(sockets).toHaveLength(2);
  });

  it('when a second one comes while nobody asks', async () => {
    const poison = 'HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\npoison';
    await serve((socket) => socket.on('data', () => socket.write(OK)));
    const first = await ask();
    const [kept] = sockets as [Socket];
    kept.write(poison);
    await once(kept, 'close');

    const second = await ask();

    expect([first, second]).toEqual(Array(2).fill({ status: 200, text: 'hi' }));
    expect(sockets).toHaveLength(2);
  });

  it('and it ends when its client has left', async () => {
    const { promise: begun, resolve } = Promise.withResolvers<Socket>();
    await serve((socket) =>
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhi');
        resolve(socket);
      }),
    );
    const leaving = new AbortController();
    const asking = ask({ signal: leaving.signal });
    const socket = await begun;
    const closed = once(socket, 'close');
    leaving.abort();

    await expect(asking).rejects.toThrow();
    await closed;

    expect(world.revisions.releases('digits-v1')).toEqual(['aborted']);
  });
});

it('a server that answers before it has read a large body is heard', async () => {
  await serve((socket) => socket.once('readable', () => socket.write(OK.replace('200', '413'))));

  expect(await ask({ body: LARGE })).toEqual({ status: 413, text: 'hi' });
});
