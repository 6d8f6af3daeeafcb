import type { Server } from 'node:http';
import { Socket } from 'node:net';

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

type Env = Readonly<Record<string, string | undefined>>;

/** The channel to Slipway: a JSON object a line each way. */
export type Channel = {
  tell(message: { readonly listening: number } | { readonly ready: true }): void;
  /** The rest of the environment, for a server that was started before there was a model for it. */
  environment(): Promise<Readonly<Record<string, string>>>;
};

/**
 * Opens the channel on the descriptor CHANNEL_FD; without that variable nobody listens.
 * Ends this process at once when its parent has ended, even by kill -9: the channel or, with `END_WITH_STDIN` in the environment, its standard input has closed.
 */
export function openChannel(env: Env): Channel {
  if (env['END_WITH_STDIN']) process.stdin.once('close', killSelf).resume();
  const fd = env['CHANNEL_FD'];
  if (!fd) return { tell: () => undefined, environment: () => Promise.resolve({}) };
  const socket = new Socket({ fd: Number(fd), readable: true, writable: true });
  socket.once('close', killSelf).on('error', () => undefined);
  const environment = lineOf(socket).then((line) => JSON.parse(line).environment);
  return {
    tell: (message) => void socket.write(`${JSON.stringify(message)}\n`),
    environment: () => environment,
  };
}

/** The first line, which is the only one. Reads on, since a socket that nobody reads does not see its other end close. */
function lineOf(socket: Socket): Promise<string> {
  let heard = '';
  return new Promise((resolve) => {
    socket.setEncoding('utf8').on('data', (text: string) => {
      heard += text;
      if (heard.endsWith('\n')) resolve(heard);
    });
  });
}

/**
 * On SIGTERM or SIGINT: stops accepting connections, finishes its requests, waits for `idle`, exits 0.
 * After `longestSeconds` it is killed with whatever still runs.
 */
export function drainOnSignal(
  server: Server,
  idle: () => Promise<unknown>,
  longestSeconds: number,
): void {
  const drain = (): void => {
    for (const signal of SIGNALS) process.off(signal, drain);
    setTimeout(killSelf, longestSeconds * 1000).unref();
    server.close(async () => {
      await idle();
      process.exit(0);
    });
  };
  for (const signal of SIGNALS) process.on(signal, drain);
}

// process.exit would wait for a thread that is in native code.
function killSelf(): void {
  process.kill(process.pid, 'SIGKILL');
}
