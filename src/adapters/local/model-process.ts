import { type ChildProcess, fork } from 'node:child_process';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { getSystemErrorName } from 'node:util';
import * as z from 'zod/mini';
import { type MemoryWatch, watchMemory } from './memory-watch.ts';
import type { OrphanGuard } from './orphan-guard.ts';
import type { RevisionLog } from './revision-log.ts';

// What Lambda leaves a function with an external extension (the web adapter is one) to shut down.
// https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html#runtimes-lifecycle-shutdown
const STOP_GRACE_MS = 2_000;

// A grandchild can hold the output open after the server is gone; its last lines are not waited for longer.
const LAST_OUTPUT_MS = 1_000;

export type ModelProcessPlan = {
  readonly entry: string;
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly memoryMiB: number;
  readonly startupTimeoutSeconds: number;
  readonly log: RevisionLog;
  readonly guard: OrphanGuard;
};

/** `late`: it was not ready in time and has been ended. */
export type Start =
  | { readonly kind: 'ready'; readonly origin: string }
  | { readonly kind: 'died' | 'late'; readonly reason: string };

/** One model server. Its reasons are predicates: "exited with code 1", "used 530 MiB; the limit is 512 MiB". */
export type ModelProcess = {
  readonly started: Promise<Start>;
  /** Resolves when the process is gone and what it wrote is in the log. */
  readonly ended: Promise<void>;
  /** Why it has ended, or is being ended; undefined while it may serve. */
  diagnosis(): string | undefined;
  /** Asks it to end, and ends it when it does not. */
  stop(): Promise<void>;
  kill(reason: string): Promise<void>;
};

const message = z.union([
  z.object({ listening: z.int().check(z.positive(), z.maximum(65_535)) }),
  z.object({ ready: z.literal(true) }),
]);

/**
 * Starts a model server: a Node script that reads MODEL_PATH and its like, and tells `{listening: port}` and `{ready: true}` over IPC.
 * It leads a process group of its own, so that what it may have started ends with it, and a Ctrl-C in the terminal is Slipway's alone.
 */
export function startModelProcess(plan: ModelProcessPlan): ModelProcess {
  try {
    const child = fork(plan.entry, {
      cwd: plan.directory,
      env: plan.environment,
      execArgv: [],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      detached: true,
    });
    return supervise(child, plan);
  } catch (error) {
    return stillborn(`could not be started: ${error}`);
  }
}

/** What stands for a process that the system did not give, as when its memory is used up. */
function stillborn(reason: string): ModelProcess {
  const ended = Promise.resolve();
  const started = Promise.resolve({ kind: 'died', reason } as const);
  return { started, ended, diagnosis: () => reason, stop: () => ended, kill: () => ended };
}

function supervise(child: ChildProcess, plan: ModelProcessPlan): ModelProcess {
  const memory = restrain(child, plan, (reason) => void kill(reason));
  const ended = end(child, plan.log, memory.stop);
  let reason: string | undefined;
  let isLate = false;

  const diagnosis = () => reason ?? howItEnded(child);

  function kill(why: string): Promise<void> {
    if (diagnosis() === undefined) {
      reason = why;
      signal(child, 'SIGKILL');
    }
    return ended;
  }

  async function stop(): Promise<void> {
    if (diagnosis() === undefined) {
      reason = 'was stopped';
      signal(child, 'SIGTERM');
      const grace = setTimeout(() => signal(child, 'SIGKILL'), STOP_GRACE_MS);
      void ended.then(() => clearTimeout(grace));
    }
    await ended;
  }

  async function start(): Promise<Start> {
    const deadline = setTimeout(() => {
      isLate = true;
      void kill(`was not ready in ${plan.startupTimeoutSeconds} s`);
    }, plan.startupTimeoutSeconds * 1000);
    const port = await Promise.race([readyPort(child), ended]);
    clearTimeout(deadline);
    memory.look();
    if (port && diagnosis() === undefined) {
      return { kind: 'ready', origin: `http://127.0.0.1:${port}` };
    }
    await ended;
    return { kind: isLate ? 'late' : 'died', reason: diagnosis() ?? 'ended' };
  }

  return { started: start(), ended, diagnosis, stop, kill };
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

/** Puts the process under the memory limit and the guard, until it is stopped. */
function restrain(
  { pid }: ChildProcess,
  { memoryMiB, guard }: ModelProcessPlan,
  onOver: (reason: string) => void,
): MemoryWatch {
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

async function end(child: ChildProcess, log: RevisionLog, release: () => void): Promise<void> {
  const output = [child.stdout, child.stderr].filter((stream) => stream !== null);
  const copied = Promise.allSettled(output.map((stream) => copy(stream, log)));
  await new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.on('error', () => child.pid ?? resolve());
  });
  signal(child, 'SIGKILL');
  release();
  await Promise.race([copied, sleep(LAST_OUTPUT_MS, undefined, { ref: false })]);
  for (const stream of output) stream.destroy();
}

async function copy(stream: Readable, log: RevisionLog): Promise<void> {
  for await (const chunk of stream) await log.append(chunk);
}

/** To the whole process group, of which nobody may be left. */
function signal({ pid }: ChildProcess, name: 'SIGTERM' | 'SIGKILL'): void {
  try {
    if (pid !== undefined) process.kill(-pid, name);
  } catch {}
}

function howItEnded({ exitCode, signalCode }: ChildProcess): string | undefined {
  if (signalCode !== null) return `was ended by ${signalCode}`;
  if (exitCode === null) return undefined;
  return exitCode < 0
    ? `could not be started: ${getSystemErrorName(exitCode)}`
    : `exited with code ${exitCode}`;
}
