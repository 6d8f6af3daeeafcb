import { once } from 'node:events';
import { request as ask, createServer, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { answerHalfClosed } from '#adapters/local/http/half-closed.ts';
import { openAnswers } from '#adapters/local/http/open-answers.ts';

describe('a server that answers clients which have ended their side', () => {
  let server: Server;
  let asked: Promise<ServerResponse>;
  beforeEach(async () => {
    const { promise, resolve } = Promise.withResolvers<ServerResponse>();
    asked = promise;
    server = createServer((_, response) => resolve(response));
    answerHalfClosed(server, openAnswers(server));
    await once(server.listen(0, '127.0.0.1'), 'listening');
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  /** Sends a request, and at once the end of the client's side. */
  function request(version = '1.1') {
    const { port } = server.address() as AddressInfo;
    const client = connect({ port, allowHalfOpen: true });
    client.end(`GET / HTTP/${version}\r\nhost: here\r\n\r\n`);
    return client;
  }

  it('answers a request that was followed by the end at once', async () => {
    const client = request();
    (await asked).end('right');

    expect(await text(client)).toMatch(/^HTTP\/1.1 200 OK\r\n.*\r\n\r\nright$/s);
  });

  it('asks a client that waits for long whether it is still there, and answers it', async () => {
    const client = request();
    const [first] = await once(client, 'data');
    (await asked).end('right');

    expect(String(first)).toBe('HTTP/1.1 100 Continue\r\n\r\n');
    expect(await text(client)).toMatch(/right$/);
  });

  it('notices that a client has left altogether', async () => {
    const client = request();
    const response = await asked;
    client.destroy();

    await once(response, 'close');

    expect(response.writableFinished).toBe(false);
  });

  it('lets a client that asks whether it may send its body send it', async () => {
    const { port } = server.address() as AddressInfo;
    const client = ask({ port, method: 'PUT', headers: { expect: '100-continue' } });
    client.flushHeaders();
    await once(client, 'continue');
    client.end('body');
    (await asked).end('right');
    const [answer] = await once(client, 'response');

    expect(await text(answer)).toBe('right');
  });

  it('closes the connection of a client that has ended its side between two requests', async () => {
    const { port } = server.address() as AddressInfo;
    const client = connect({ port, allowHalfOpen: true });
    client.end();

    expect(await text(client)).toBe('');
  });
});
