import { createServer, type Server } from 'node:http';
import { listen, requirePort } from '#adapters/local/http/listen.ts';

const HOST = '127.0.0.1';
const open: Server[] = [];

const server = () => {
  const next = createServer();
  open.push(next);
  return next;
};

afterEach(() => {
  for (const each of open.splice(0)) each.close();
});

it('any free port is taken for 0', async () => {
  expect(await listen(server(), { host: HOST, port: 0 })).toBeGreaterThan(0);
});

it('the port that is asked for is taken when it is free', async () => {
  const closing = server();
  const port = await listen(closing, { host: HOST, port: 0 });
  await new Promise((resolve) => closing.close(resolve));

  expect(await listen(server(), { host: HOST, port })).toBe(port);
});

it('a busy port moves to the next that is free', async () => {
  const first = await listen(server(), { host: HOST, port: 0 });
  const second = await listen(server(), { host: HOST, port: first });

  const third = await listen(server(), { host: HOST, port: first });

  expect(first < second && second < third).toBe(true);
});

it('a busy port that was asked for is an error, with what to do', async () => {
  const port = await listen(server(), { host: HOST, port: 0 });

  const next = server();
  const listening = listen(next, { host: HOST, port, askedBy: '--control-port' });

  await expect(listening).rejects.toMatchObject({
    name: 'PlatformUnavailable',
    message: `another program has the port ${port} of 127.0.0.1`,
    fix: expect.stringMatching(/^Name another by --control-port, or leave --control-port out/),
  });
  expect(next.listening).toBe(false);
});

it('a port that was asked for is tried before anything needs it, and left free', async () => {
  const wanted = { host: HOST, askedBy: '--control-port' };
  const taken = server();
  const port = await listen(taken, { host: HOST, port: 0 });

  await expect(requirePort({ ...wanted, port })).rejects.toMatchObject({
    message: `another program has the port ${port} of 127.0.0.1`,
  });
  await new Promise((resolve) => taken.close(resolve));
  await requirePort({ ...wanted, port });
  expect(await listen(server(), { host: HOST, port })).toBe(port);
});

it('a port that another is to have is passed over', async () => {
  const first = await listen(server(), { host: HOST, port: 0 });

  const second = await listen(server(), { host: HOST, port: first, except: first + 1 });

  expect(second).toBeGreaterThan(first + 1);
});

it('fifty busy ports are enough', async () => {
  const first = 42_000;
  for (let port = first; port < first + 50; port += 1) {
    await listen(server(), { host: HOST, port }).catch(() => undefined);
  }

  const next = server();
  const listening = listen(next, { host: HOST, port: first });

  await expect(listening).rejects.toMatchObject({
    name: 'PlatformUnavailable',
    message: 'other programs have all the ports from 42000 to 42049 of 127.0.0.1',
    fix: expect.stringContaining('--port'),
  });
  expect(next.listening).toBe(false);
});

it('no port is tried after the last there is', async () => {
  await listen(server(), { host: HOST, port: 65_535 }).catch(() => undefined);

  const listening = listen(server(), { host: HOST, port: 65_535 });

  await expect(listening).rejects.toMatchObject({
    message: 'other programs have all the ports from 65535 to 65535 of 127.0.0.1',
  });
});

it('another reason is told at once', async () => {
  const listening = listen(server(), { host: '203.0.113.1', port: 42_100 });

  await expect(listening).rejects.toMatchObject({ code: 'EADDRNOTAVAIL', port: 42_100 });
});
