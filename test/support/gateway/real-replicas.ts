import { createServer, type RequestListener, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { listen } from '#adapters/local/http/listen.ts';
import type { InvocationLimits, RevisionHost } from '#adapters/local/revisions/invocation.ts';
import type { Placement } from '#domain/placement/target.ts';

type Replica = {
  readonly server: Server;
  readonly origin: string;
  readonly sockets: Set<Socket>;
  taken: number;
  diagnosis: string | undefined;
};

export type RealReplicas = RevisionHost & {
  placement(revision: string): Placement | undefined;
  /** Serves the revision with a real HTTP server for each listener, the first of which is replica 0. */
  serve(
    revision: string,
    listeners: readonly RequestListener[],
    limits?: Partial<InvocationLimits>,
  ): Promise<void>;
  /** Ends a replica as a killed process ends: its connections break, nothing listens, and the host learns of it `knownAfterMs` later. */
  kill(revision: string, replica: number, knownAfterMs?: number): void;
  /** How many requests a slot was given for, those given back included. */
  invocations(revision: string): number;
  close(): Promise<void>;
};

const LIMITS: InvocationLimits = {
  maxRequestBytes: 10_485_760,
  timeoutMs: 900_000,
};

/** Container revisions whose replicas are small real servers in this process; requests go to the least busy one that is not known to have ended. */
export function realReplicas(): RealReplicas {
  const revisions = new Map<string, { replicas: Replica[]; limits: InvocationLimits }>();
  const given = new Map<string, number>();
  const replicasOf = (revision: string) => revisions.get(revision)?.replicas ?? [];

  return {
    limits: (revision) => revisions.get(revision)?.limits,
    occupancy: () => ({ instances: 1, waiting: 0 }),
    placement: (revision) => (revisions.has(revision) ? { target: 'fargate' } : undefined),
    async invoke(revision) {
      given.set(revision, (given.get(revision) ?? 0) + 1);
      const living = replicasOf(revision).filter(({ diagnosis }) => diagnosis === undefined);
      const [replica] = living.sort((one, other) => one.taken - other.taken);
      if (!replica) return { kind: 'refused', status: 503, error: `${revision} has no replica` };
      replica.taken += 1;
      return {
        kind: 'slot',
        origin: replica.origin,
        release() {
          replica.taken -= 1;
        },
        diagnosis: () => replica.diagnosis,
        isRepeatable: () => true,
        onRecall: () => {},
      };
    },
    async serve(revision, listeners, limits = {}) {
      const replicas = await Promise.all(listeners.map(start));
      revisions.set(revision, { replicas, limits: { ...LIMITS, ...limits } });
    },
    kill(revision, index, knownAfterMs = 5) {
      const replica = replicasOf(revision)[index]!;
      end(replica);
      setTimeout(() => {
        replica.diagnosis = 'was killed';
      }, knownAfterMs);
    },
    invocations: (revision) => given.get(revision) ?? 0,
    async close() {
      for (const { replicas } of revisions.values()) replicas.forEach(end);
    },
  };
}

async function start(listener: RequestListener): Promise<Replica> {
  const server = createServer(listener);
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => {});
  });
  const port = await listen(server, { host: '127.0.0.1', port: 0 });
  return { server, origin: `http://127.0.0.1:${port}`, sockets, taken: 0, diagnosis: undefined };
}

function end({ server, sockets }: Replica): void {
  server.close();
  for (const socket of sockets) socket.resetAndDestroy();
}
