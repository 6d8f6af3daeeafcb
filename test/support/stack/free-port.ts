import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { listen } from '#adapters/local/http/listen.ts';

// Linux gives ports from 32768 on to any program that asks for a free one: somebody else could take such a port before its program, which takes seconds to start.
// https://docs.kernel.org/networking/ip-sysctl.html, `ip_local_port_range`
const [FIRST, END] = [15_000, 32_000];

/** A port for a program that must be given one, free now and given only to programs that ask for it by number. */
export async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listen(server, { host: '127.0.0.1', port: randomInt(FIRST, END) });
  await new Promise((resolve) => server.close(resolve));
  return port;
}
