import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../proxies.ts';

/** The command of a server: `given` has PORT in place of its port, which is in its environment too. */
export type Command = {
  readonly program: string;
  readonly given: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly cwd?: string;
};

/** A server that has been started, and may not listen yet. */
export type Server = {
  readonly pid: number;
  readonly origin: string;
  /** Throws once it has ended by itself. */
  requireAlive(): void;
  /** Ends it and its workers; nothing is in flight. */
  stop(): Promise<void>;
};

const ENDED_MS = 10_000;

/** Starts a server in a separate process group, on a free port. Its output goes to a file that its end names. */
export async function startServer({ program, given, environment, cwd }: Command): Promise<Server> {
  const port = String(await freePort());
  const log = join(tmpdir(), `slipway-bench-${port}.log`);
  const into = openSync(log, 'w');
  const child = spawn(
    program,
    given.map((part) => (part === 'PORT' ? port : part)),
    {
      cwd,
      env: {
        PATH: process.env['PATH'],
        HOST: '127.0.0.1',
        PORT: port,
        HOME: tmpdir(),
        ...environment,
      },
      stdio: ['ignore', into, into],
      detached: true,
    },
  );
  await once(child, 'spawn');
  return {
    pid: child.pid ?? 0,
    origin: `http://127.0.0.1:${port}`,
    requireAlive() {
      if (hasEnded(child)) throw new Error(`${program} ${given.join(' ')} has ended: ${log}`);
    },
    stop: () => ended(child),
  };
}

/** BentoML's workers are in separate process groups, and end only with a server that ends by itself. */
async function ended(child: ChildProcess): Promise<void> {
  const { pid } = child;
  if (pid === undefined || hasEnded(child)) return;
  const exit = once(child, 'exit');
  process.kill(-pid, 'SIGTERM');
  await Promise.race([exit, sleep(ENDED_MS, undefined, { ref: false })]);
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // All of them have ended.
  }
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}
