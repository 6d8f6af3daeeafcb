import type { ChildProcess } from 'node:child_process';
import { realTimers, type Timers } from '#adapters/local/concurrency/timers.ts';
import { copyOutput } from '#adapters/local/files/copy-output.ts';
import type { RevisionLog } from '#adapters/local/files/revision-log.ts';
import type { ContainerUsage } from '#adapters/local/processes/container-usage.ts';
import type { RevisionSpec } from '#ports/platform.ts';

// The time that Lambda gives a function with an external extension (such as the web adapter) to shut down.
// https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html#runtimes-lifecycle-shutdown
const STOP_GRACE_MS = 2_000;

/** How model servers run: as processes of this machine, or as containers. */
export type ModelServers = {
  /** Prepares what a revision's servers start from. Fails as `Platform.create` does. */
  prepare(spec: RevisionSpec): Promise<void>;
  start(spec: RevisionSpec, log: RevisionLog): ModelServer;
  /** Deletes what was prepared for a revision, except what other revisions use; `specs` are those of all revisions. Idempotent. */
  discard(revision: string, specs: readonly RevisionSpec[]): Promise<void>;
  close(): Promise<void>;
};

/** A server's container in an engine. */
export type ServerContainer = ContainerUsage & {
  /** Lets it run only when what serves leaves time, or as what serves does. Never fails. */
  weigh(weight: 'low' | 'full'): void;
};

/** `fromSpare`: it was a spare server, which had been started before anybody asked for it. `late`: it was not ready in time and has been ended. */
export type Start =
  | { readonly kind: 'ready'; readonly origin: string; readonly fromSpare?: true }
  | { readonly kind: 'died' | 'late'; readonly reason: string };

/** One model server. Its reasons are predicates: "exited with code 1", "used 530 MiB; the limit is 512 MiB". */
export type ModelServer = {
  readonly started: Promise<Start>;
  /** Resolves when the server has ended and its output is in the log. */
  readonly ended: Promise<void>;
  /** Resolves when its process runs, or never will. */
  readonly launched: Promise<void>;
  /** Its process on this machine; undefined for a container, and before it was started. */
  pid(): number | undefined;
  /** Its container; undefined for a process, and before it was started. */
  container(): ServerContainer | undefined;
  /** Why it has ended, or is being ended; undefined while it may serve. */
  diagnosis(): string | undefined;
  /** Whether it has ended, or is being ended, for more memory than its limit. */
  isOutOfMemory(): boolean;
  /** Asks it to end, and kills it if it does not. */
  stop(): Promise<void>;
  kill(reason: string): Promise<void>;
};

/** How one kind of server is started, signalled and explained. */
export type ServerKind = {
  readonly child: ChildProcess;
  /** Whether `child` is the server itself, and not a client of what runs it. */
  readonly isOwnProcess: boolean;
  readonly fromSpare?: true;
  readonly container?: ServerContainer;
  readonly startupTimeoutSeconds: number;
  /** The timers of its start limit. */
  readonly timers?: Timers;
  readonly log: RevisionLog;
  /** Resolves with its origin once it listens and its model is loaded. */
  readonly ready: Promise<string>;
  /** Checks its memory now, without waiting for the next interval. */
  look?(): void;
  signal(name: 'SIGTERM' | 'SIGKILL'): void;
  /** Cleans up once it has exited, before it counts as ended. */
  release(): void | Promise<void>;
  /** Undefined while it runs. */
  howItEnded(): string | undefined;
  /** Whether it held more memory than its limit. */
  isOutOfMemory(): boolean;
};

/** Why one ended that was asked to. */
export const STOPPED = 'was stopped';

/** Represents a server that could not be started, for example for lack of memory. */
export function stillborn(reason: string): ModelServer {
  const ended = Promise.resolve();
  const started = Promise.resolve({ kind: 'died', reason } as const);
  return {
    started,
    ended,
    launched: ended,
    pid: () => undefined,
    container: () => undefined,
    diagnosis: () => reason,
    isOutOfMemory: () => false,
    stop: () => ended,
    kill: () => ended,
  };
}

/** A server that starts only after a check, which decides how to start it or returns a predicate why not. If stopped first, it never starts; nor if the check or the start fails. */
export function serverAfter(decided: Promise<(() => ModelServer) | string>): ModelServer {
  let reason: string | undefined;
  let server: ModelServer | undefined;
  const launched = decided
    .then((launch) => {
      if (reason !== undefined) return stillborn(reason);
      return typeof launch === 'string' ? stillborn(launch) : launch();
    })
    // Nobody awaits all of its promises, so a rejected one would end Slipway.
    .catch((error: unknown) => stillborn(`could not be started: ${error}`))
    .then((begun) => {
      server = begun;
      return begun;
    });
  return {
    started: launched.then(({ started }) => started),
    ended: launched.then(({ ended }) => ended),
    launched: launched.then(({ launched }) => launched),
    pid: () => server?.pid(),
    container: () => server?.container(),
    diagnosis: () => (server ? server.diagnosis() : reason),
    isOutOfMemory: () => server?.isOutOfMemory() ?? false,
    async stop() {
      reason ??= STOPPED;
      await (await launched).stop();
    },
    async kill(why) {
      reason ??= why;
      await (await launched).kill(why);
    },
  };
}

/** Watches a server from its start to its end. `kindOf` receives the function that kills it, for causes that it detects itself. */
export function supervise(kindOf: (kill: (reason: string) => void) => ServerKind): ModelServer {
  let reason: string | undefined;
  let isLate = false;
  const kind = kindOf((why) => void kill(why));
  const ended = end(kind);

  const diagnosis = () => reason ?? kind.howItEnded();

  function kill(why: string): Promise<void> {
    if (diagnosis() === undefined) {
      reason = why;
      kind.signal('SIGKILL');
    }
    return ended;
  }

  async function stop(): Promise<void> {
    if (diagnosis() === undefined) {
      reason = STOPPED;
      kind.signal('SIGTERM');
      const grace = setTimeout(() => kind.signal('SIGKILL'), STOP_GRACE_MS);
      void ended.then(() => clearTimeout(grace));
    }
    await ended;
  }

  async function start(): Promise<Start> {
    const { startupTimeoutSeconds, timers = realTimers } = kind;
    const callOff = timers.after(startupTimeoutSeconds * 1000, () => {
      isLate = true;
      void kill(`was not ready in ${startupTimeoutSeconds} s`);
    });
    const origin = await Promise.race([kind.ready, ended]);
    callOff();
    kind.look?.();
    if (origin && diagnosis() === undefined) {
      return { kind: 'ready', origin, ...(kind.fromSpare && { fromSpare: true }) };
    }
    await ended;
    return { kind: isLate ? 'late' : 'died', reason: diagnosis() ?? 'ended' };
  }

  const pid = () => (kind.isOwnProcess ? kind.child.pid : undefined);

  return {
    started: start(),
    ended,
    launched: Promise.resolve(),
    pid,
    container: () => kind.container,
    diagnosis,
    isOutOfMemory: kind.isOutOfMemory,
    stop,
    kill,
  };
}

async function end({ child, log, release }: ServerKind): Promise<void> {
  const lastOutput = copyOutput(child, log);
  await new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.on('error', () => child.pid ?? resolve());
  });
  await release();
  await lastOutput();
}
