import type { Clock } from '#ports/clock.ts';
import type { InvocationSlot } from './invocation.ts';
import type { ModelServer, Start } from './model-server.ts';

/** A model server that answers one request at a time. Taken, it belongs to one request; leaving, it ends with that one. */
export type Instance = {
  readonly started: Promise<Start>;
  readonly ended: Promise<void>;
  readonly diagnosis: ModelServer['diagnosis'];
  isServing(): boolean;
  isTaken(): boolean;
  isReady(): boolean;
  /** Since when it has had nothing to do, epoch ms; undefined while it starts, works or leaves. */
  idleSinceMs(): number | undefined;
  take(): void;
  giveBack(outcome: Parameters<InvocationSlot['release']>[0]): void;
  /** Resolves when it has ended, which a request in flight may delay up to its own time limit. */
  leave(): Promise<void>;
  stop(): Promise<void>;
};

export function instanceOf(
  process: ModelServer,
  { clock, requestTimeoutMs }: { readonly clock: Clock; readonly requestTimeoutMs: number },
): Instance {
  let freeSinceMs = clock.now();
  let isReady = false;
  let isTaken = false;
  let isLeaving = false;

  const isServing = () => !isLeaving && process.diagnosis() === undefined;

  void process.started.then(({ kind }) => {
    isReady = kind === 'ready';
    freeSinceMs = clock.now();
  });

  return {
    started: process.started,
    ended: process.ended,
    diagnosis: process.diagnosis,
    stop: process.stop,
    isServing,
    isTaken: () => isTaken,
    isReady: () => isReady,
    idleSinceMs: () => (isServing() && isReady && !isTaken ? freeSinceMs : undefined),
    take() {
      isTaken = true;
    },
    giveBack(outcome) {
      isTaken = false;
      freeSinceMs = clock.now();
      if (outcome === 'timeout') void process.kill(`did not answer in ${requestTimeoutMs} ms`);
      else if (isLeaving) void process.stop();
    },
    async leave() {
      isLeaving = true;
      if (!isTaken) return process.stop();
      const overdue = () =>
        void process.kill(`was busy ${requestTimeoutMs} ms after its retirement`);
      const deadline = setTimeout(overdue, requestTimeoutMs);
      await process.ended;
      clearTimeout(deadline);
    },
  };
}
