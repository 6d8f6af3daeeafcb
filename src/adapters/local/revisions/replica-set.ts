import type { Start } from '#adapters/local/servers/model-server.ts';
import { type InvocationRefusal, type InvocationSlot, refuse } from './invocation.ts';
import { type Replica, type ReplicaDeps, startReplica } from './replica.ts';

/** The replicas of one revision, each of which answers many requests at once. */
export type ReplicaSet = {
  /** Scales to `count` and returns the first starts of the replicas added. When scaling in, the least busy replicas leave. */
  resize(count: number): readonly Promise<Start>[];
  /** The ready replica with the fewest requests, round robin among equals; refused when none is ready, like a load balancer without a healthy target. */
  take(): InvocationSlot | InvocationRefusal;
  inFlight(): number;
  /** The desired count, including replicas that are still starting. */
  count(): number;
  tend(): void;
  /** Resolves when all have ended; their requests may delay that. */
  leave(): Promise<void>;
  stop(): Promise<void>;
};

export function replicaSet(revision: string, deps: ReplicaDeps): ReplicaSet {
  // The replica taken last is at the end.
  let serving: readonly Replica[] = [];
  const leaving = new Map<Replica, Promise<void>>();

  function dismiss(replica: Replica, ended: Promise<void>): void {
    leaving.set(
      replica,
      ended.then(() => void leaving.delete(replica)),
    );
  }

  function resize(count: number): readonly Promise<Start>[] {
    const surplus = serving.toSorted(idlestFirst).slice(0, Math.max(0, serving.length - count));
    for (const replica of surplus) dismiss(replica, replica.leave());
    const missing = Math.max(0, count - serving.length);
    const added = Array.from({ length: missing }, () => startReplica(revision, deps));
    serving = [...serving.filter((replica) => !surplus.includes(replica)), ...added];
    return added.map(({ started }) => started);
  }

  return {
    resize,
    take() {
      const [chosen] = serving.filter((replica) => replica.isReady()).toSorted(idlestFirst);
      if (!chosen) return refuse(503, noneReady(revision, serving));
      serving = [...serving.filter((replica) => replica !== chosen), chosen];
      return chosen.take();
    },
    inFlight: () =>
      [...serving, ...leaving.keys()].reduce((sum, replica) => sum + replica.inFlight(), 0),
    count: () => serving.length,
    tend() {
      for (const replica of [...serving, ...leaving.keys()]) replica.tend();
    },
    async leave() {
      resize(0);
      await Promise.all(leaving.values());
    },
    async stop() {
      const all = [...serving, ...leaving.keys()];
      serving = [];
      for (const replica of all) dismiss(replica, replica.stop());
      await Promise.all(leaving.values());
    },
  };
}

function idlestFirst(a: Replica, b: Replica): number {
  return Number(a.isReady()) - Number(b.isReady()) || a.inFlight() - b.inFlight();
}

function noneReady(revision: string, replicas: readonly Replica[]): string {
  const reason = replicas.map((replica) => replica.diagnosis()).find((it) => it !== undefined);
  return `${revision} has no ready replica${reason ? `: its model server ${reason}` : ''}`;
}
