import type { ChildProcess } from 'node:child_process';
import { getSystemErrorName } from 'node:util';
import type { Timers } from '#adapters/local/concurrency/timers.ts';
import type { RevisionLog } from '#adapters/local/files/revision-log.ts';
import { watchMemory } from '#adapters/local/processes/memory-watch.ts';
import type { OrphanGuard } from '#adapters/local/processes/orphan-guard.ts';
import { type Launch, type Launched, launched } from './launch.ts';
import { type ModelServer, type ServerKind, serverAfter, supervise } from './model-server.ts';
import { watchScratch } from './scratch-watch.ts';

export type ModelProcessPlan = {
  readonly memoryMiB: number;
  readonly startupTimeoutSeconds: number;
  readonly timers: Timers;
  readonly log: RevisionLog;
  readonly guard: OrphanGuard;
  /** Why there is no room for one more process, as a clause; undefined while there is. */
  readonly shortage: () => string | undefined;
  readonly fromSpare?: true;
};

/**
 * Starts a model server: a program that reads MODEL_PATH and similar variables, answers on the socket LISTENING_FD,
 * and reports `{listening: port}` and `{ready: true}` over its channel, CHANNEL_FD.
 */
export function startModelProcess(launch: Launch, plan: ModelProcessPlan): ModelServer {
  return serverAfter(
    launched(launch).then(
      (running) => () => servedBy(running, plan),
      (error) => withShortage(`could not be started: ${error}`, plan),
    ),
  );
}

/** A model server whose process runs already, and has reported nothing yet. */
export function servedBy(running: Launched, plan: ModelProcessPlan): ModelServer {
  return supervise((kill) => processKind(running, plan, kill));
}

function processKind(
  running: Launched,
  plan: ModelProcessPlan,
  kill: (reason: string) => void,
): ServerKind {
  const { startupTimeoutSeconds, timers, log } = plan;
  const { child, port } = running;
  const restraint = restrain(running, plan, kill);
  let isReady = false;
  let ended: string | undefined;
  const ready = readiness(running, kill).then(() => {
    isReady = true;
    return `http://127.0.0.1:${port}`;
  });
  return {
    child,
    isOwnProcess: true,
    ...(plan.fromSpare && { fromSpare: true }),
    startupTimeoutSeconds,
    timers,
    log,
    ready,
    look: restraint.look,
    signal: (name) => signal(child, name),
    release() {
      // Ends whatever is left of its process group.
      signal(child, 'SIGKILL');
      restraint.stop();
    },
    howItEnded() {
      const how = howItEnded(child);
      if (how !== undefined) ended ??= isReady ? how : withShortage(how, plan);
      return ended;
    },
    isOutOfMemory: restraint.isOver,
  };
}

/** Resolves once the server's model is loaded. A server that breaks the rules of its channel is killed. */
function readiness({ channel, port }: Launched, kill: (reason: string) => void): Promise<void> {
  channel.onBreach(kill);
  return new Promise((resolve) => {
    channel.onMessage((told) => {
      if ('ready' in told) resolve();
      else if (told.listening !== port)
        kill(`reported that it listens on port ${told.listening}, but was given port ${port}`);
    });
  });
}

/** Applies the limits of memory and of what it may write, and the orphan guard, to the process, until it is stopped. */
function restrain(
  { child: { pid }, scratch: folder }: Launched,
  { memoryMiB, guard }: ModelProcessPlan,
  onOver: (reason: string) => void,
) {
  if (pid === undefined) return { look() {}, stop() {}, isOver: () => false };
  let isOver = false;
  const memory = watchMemory(pid, memoryMiB, (usedMiB) => {
    isOver = true;
    onOver(`used ${usedMiB} MiB; the limit is ${memoryMiB} MiB`);
  });
  const scratch = watchScratch({ pid, folder }, onOver);
  const forget = guard.watch(pid);
  return {
    look: memory.look,
    isOver: () => isOver,
    stop() {
      memory.stop();
      scratch.stop();
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

/** A system that gives no more threads lets a program fail in ways which do not name that. */
function withShortage(how: string, { shortage }: ModelProcessPlan): string {
  const why = shortage();
  return why ? `${how}, ${why}` : how;
}

function howItEnded({ exitCode, signalCode }: ChildProcess): string | undefined {
  if (signalCode !== null) return `was terminated by ${signalCode}`;
  if (exitCode === null) return undefined;
  return exitCode < 0
    ? `could not be started: ${getSystemErrorName(exitCode)}`
    : `exited with code ${exitCode}`;
}
