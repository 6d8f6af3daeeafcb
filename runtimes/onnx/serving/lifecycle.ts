import { once } from 'node:events';
import type { Server } from 'node:http';

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/** Ends this process at once when its parent has ended, even by kill -9: its IPC channel or, with `END_WITH_STDIN` in the environment, its standard input has closed. */
export function endWithParent(env: Readonly<Record<string, string | undefined>>): void {
  process.once('disconnect', killSelf);
  if (env['END_WITH_STDIN']) process.stdin.once('close', killSelf).resume();
}

/** What a server that was started before there was a model for it is told of one: the rest of its environment, as the first message of its IPC channel. */
export async function modelToServe(): Promise<Readonly<Record<string, string>>> {
  const [{ environment }] = await once(process, 'message');
  return environment;
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
