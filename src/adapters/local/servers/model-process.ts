import { type ChildProcess, spawn } from 'node:child_process';
import { getSystemErrorName } from 'node:util';
import * as z from 'zod/mini';
import type { RevisionLog } from '#adapters/local/revisions/revision-log.ts';
import type { Timers } from '#adapters/local/timers.ts';
import { watchMemory } from './memory-watch.ts';
import { type ModelServer, type ServerKind, stillborn, supervise } from './model-server.ts';
import type { OrphanGuard } from './orphan-guard.ts';

export type Launch = {
  /** A program and its arguments. */
  readonly command: readonly [string, ...string[]];
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
};

export type ModelProcessPlan = {
  readonly memoryMiB: number;
  readonly startupTimeoutSeconds: number;
  readonly timers: Timers;
  readonly log: RevisionLog;
  readonly guard: OrphanGuard;
};

const message = z.union([
  z.object({ listening: z.int().check(z.positive(), z.maximum(65_535)) }),
  z.object({ ready: z.literal(true) }),
]);

/**
 * Starts a model server: a program that reads MODEL_PATH and similar variables, and reports `{listening: port}` and `{ready: true}` over Node's IPC: a JSON line each, on the descriptor NODE_CHANNEL_FD.
 * It leads its own process group, so that its children end with it, and a Ctrl-C in the terminal only reaches Slipway.
 */
export function startModelProcess(launch: Launch, plan: ModelProcessPlan): ModelServer {
  try {
    return servedBy(launched(launch), plan);
  } catch (error) {
    return stillborn(`could not be started: ${error}`);
  }
}

/** The process alone. Throws when the system does not give it. */
export function launched({ command, directory, environment }: Launch): ChildProcess {
  const [program, ...given] = command;
  return spawn(program, given, {
    cwd: directory,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    detached: true,
  });
}

/** A model server whose process runs already, and has told nothing yet. */
export function servedBy(child: ChildProcess, plan: ModelProcessPlan): ModelServer {
  return supervise((kill) => processKind(child, plan, kill));
}

function processKind(
  child: ChildProcess,
  plan: ModelProcessPlan,
  kill: (reason: string) => void,
): ServerKind {
  const { startupTimeoutSeconds, timers, log } = plan;
  const restraint = restrain(child, plan, kill);
  return {
    child,
    isOwnProcess: true,
    startupTimeoutSeconds,
    timers,
    log,
    ready: readyPort(child).then((port) => `http://127.0.0.1:${port}`),
    look: restraint.look,
    signal: (name) => signal(child, name),
    release() {
      // Ends whatever is left of its process group.
      signal(child, 'SIGKILL');
      restraint.stop();
    },
    howItEnded: () => howItEnded(child),
  };
}

/** Resolves with the port once the server listens and its model is loaded. */
function readyPort(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    let port: number | undefined;
    let isLoaded = false;
    child.on('message', (value) => {
      const told = message.safeParse(value).data;
      if (told === undefined) return;
      if ('listening' in told) port = told.listening;
      else isLoaded = true;
      if (port !== undefined && isLoaded) resolve(port);
    });
  });
}

/** Applies the memory limit and the orphan guard to the process, until it is stopped. */
function restrain(
  { pid }: ChildProcess,
  { memoryMiB, guard }: ModelProcessPlan,
  onOver: (reason: string) => void,
) {
  if (pid === undefined) return { look() {}, stop() {} };
  const memory = watchMemory(pid, memoryMiB, (usedMiB) =>
    onOver(`used ${usedMiB} MiB; the limit is ${memoryMiB} MiB`),
  );
  const forget = guard.watch(pid);
  return {
    look: memory.look,
    stop() {
      memory.stop();
      forget();
    },
  };
}

/** Signals the whole process group. */
function signal({ pid }: ChildProcess, name: 'SIGTERM' | 'SIGKILL'): void {
  try {
    if (pid !== undefined) process.kill(-pid, name);
  } catch {}
}

function howItEnded({ exitCode, signalCode }: ChildProcess): string | undefined {
  if (signalCode !== null) return `was terminated by ${signalCode}`;
  if (exitCode === null) return undefined;
  return exitCode < 0
    ? `could not be started: ${getSystemErrorName(exitCode)}`
    : `exited with code ${exitCode}`;
}
