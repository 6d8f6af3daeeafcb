import type { RevisionLog } from '#adapters/local/files/revision-log.ts';
import { type HealthLook, healthWatch } from '#adapters/local/servers/health-watch.ts';
import type { ModelServer, Start } from '#adapters/local/servers/model-server.ts';
import type { Clock } from '#ports/clock.ts';
import type { InvocationSlot } from './invocation.ts';
import { blame, type ServerEnd } from './revision.ts';

/** Keeps one model server running: a server that ends is replaced, and one that hangs is ended. When leaving, it ends after its last request. */
export type Replica = {
  /** The result of its first start. */
  readonly started: Promise<Start>;
  isReady(): boolean;
  inFlight(): number;
  /** Only call it when ready. */
  take(): InvocationSlot;
  /** Why its server ended or, while the next one starts, why the previous one did; undefined when none has ended. */
  diagnosis(): string | undefined;
  /** Checks its server's health, or restarts it, when that is due. */
  tend(): void;
  leave(): Promise<void>;
  stop(): Promise<void>;
};

export type ReplicaDeps = {
  readonly launch: () => ModelServer;
  readonly look: HealthLook;
  readonly clock: Clock;
  /** Receives the reason when a server ends that nobody stopped. */
  readonly log: Pick<RevisionLog, 'append'>;
  readonly onEnd: (end: ServerEnd) => void;
  /** The time limit of a request, which may delay a replica's leaving. */
  readonly requestTimeoutMs: number;
};

/** One server and its requests; `before` is why the previous server ended. */
type Run = {
  readonly server: ModelServer;
  readonly before: string | undefined;
  origin: string;
  readyAtMs: number;
  inFlight: number;
  hangs: boolean;
  watch(): void;
};

const FIRST_DELAY_MS = 1_000;
const LONGEST_DELAY_MS = 60_000;
// A server that ran this long did not crash for the same reason as the one before.
const STEADY_MS = 60_000;

export function startReplica(revision: string, deps: ReplicaDeps): Replica {
  const { launch, look, clock, log, onEnd, requestTimeoutMs } = deps;
  let crashes = 0;
  let dueAtMs = Number.POSITIVE_INFINITY;
  let isLeaving = false;
  let run = begin(undefined);

  function begin(before: string | undefined): Run {
    const server = launch();
    const fresh: Run = {
      server,
      before,
      origin: '',
      readyAtMs: Number.POSITIVE_INFINITY,
      inFlight: 0,
      hangs: false,
      watch: () => undefined,
    };
    void server.started.then((start) => {
      if (start.kind !== 'ready') return;
      const { origin } = start;
      fresh.origin = origin;
      fresh.readyAtMs = clock.monotonicMs();
      fresh.watch = healthWatch({
        origin,
        look,
        clock,
        onUnhealthy(reason) {
          fresh.hangs = true;
          void server.kill(reason);
        },
      });
    });
    void server.ended.then(() => {
      if (isLeaving) return;
      note(fresh);
      planRestart(fresh);
    });
    return fresh;
  }

  function planRestart({ readyAtMs }: Run): void {
    if (clock.monotonicMs() - readyAtMs >= STEADY_MS) crashes = 0;
    dueAtMs = clock.monotonicMs() + Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** crashes);
    crashes += 1;
  }

  function note({ server, before, origin, hangs }: Run): void {
    // A failed first start is reported with the revision's state.
    if (origin === '' && before === undefined) return;
    const reason = blame(revision, server.diagnosis() ?? 'ended');
    void log.append(Buffer.from(`slipway: ${reason}\n`));
    const other = hangs ? 'hang' : 'crash';
    onEnd({ cause: server.isOutOfMemory() ? 'memory' : other, reason });
  }

  function giveBack(taken: Run): void {
    taken.inFlight -= 1;
    if (isLeaving && taken.inFlight === 0) void taken.server.stop();
  }

  return {
    started: run.server.started,
    isReady: () => !isLeaving && run.origin !== '' && run.server.diagnosis() === undefined,
    inFlight: () => run.inFlight,
    diagnosis: () => run.server.diagnosis() ?? run.before,
    take() {
      const taken = run;
      taken.inFlight += 1;
      return {
        kind: 'slot',
        origin: taken.origin,
        release: () => giveBack(taken),
        diagnosis() {
          const reason = taken.server.diagnosis();
          return reason && blame(revision, reason);
        },
        isRepeatable: () => true,
        // A load balancer does not recall requests.
        onRecall: () => undefined,
      };
    },
    tend() {
      if (run.server.diagnosis() === undefined) run.watch();
      if (isLeaving || clock.monotonicMs() < dueAtMs) return;
      dueAtMs = Number.POSITIVE_INFINITY;
      run = begin(run.server.diagnosis());
    },
    async leave() {
      isLeaving = true;
      const { server, inFlight } = run;
      if (inFlight === 0) return server.stop();
      const overdue = () =>
        void server.kill(`was still busy ${requestTimeoutMs} ms after it was told to stop`);
      const deadline = setTimeout(overdue, requestTimeoutMs);
      await server.ended;
      clearTimeout(deadline);
    },
    async stop() {
      isLeaving = true;
      await run.server.stop();
    },
  };
}
