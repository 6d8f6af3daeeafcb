import { createServer, type RequestListener, type Server } from 'node:http';
import { listen } from '#adapters/local/http/listen.ts';
import { answersInTime } from '#adapters/local/servers/health-watch.ts';

describe('a look at a server', () => {
  let server: Server;
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  async function serve(listener: RequestListener): Promise<string> {
    server = createServer(listener);
    return `http://127.0.0.1:${await listen(server, { host: '127.0.0.1', port: 0 })}`;
  }

  it.each([
    { says: 'that it is ready', status: 200, isHealthy: true },
    { says: 'nothing', status: 204, isHealthy: false },
    { says: 'that it is loading', status: 503, isHealthy: false },
  ])('at its /ping that says $says finds $isHealthy', async ({ status, isHealthy }) => {
    const origin = await serve(({ url }, response) => {
      response.writeHead(url === '/ping' ? status : 404).end();
    });

    expect(await answersInTime(`${origin}/ping`)).toBe(isHealthy);
  });

  it('that does not answer in time finds it ill', async () => {
    const origin = await serve(() => undefined);

    expect(await answersInTime(`${origin}/ping`, 50)).toBe(false);
  });

  it('that nobody listens to finds it ill', async () => {
    const origin = await serve(() => undefined);
    server.close();

    expect(await answersInTime(`${origin}/ping`)).toBe(false);
  });

  it('leaves no connection to it behind', async () => {
    const origin = await serve((_request, response) => response.end('{}'));

    await answersInTime(`${origin}/ping`);

    const open = await new Promise((resolve) =>
      server.getConnections((_error, count) => resolve(count)),
    );
    expect(open).toBe(0);
  });
});
