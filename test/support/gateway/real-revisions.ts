import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http';
import { createServer as createRawServer, type Server, type Socket } from 'node:net';
import { listen } from '#adapters/local/http/listen.ts';
import type {
  InvocationLimits,
  InvocationRefusal,
  InvocationSlot,
  RevisionHost,
} from '#adapters/local/revisions/invocation.ts';
import type { Target } from '#domain/placement/target.ts';

type Process = {
  readonly server: Server;
  readonly origin: string;
  readonly limits: InvocationLimits;
  readonly target: Target;
  readonly sockets: Set<Socket>;
  readonly releases: string[];
  diagnosis: string | undefined;
};

type Connected = {
  readonly socket: Socket;
  readonly connectParams: { readonly port: string };
};

export type RealRevisions = RevisionHost & {
  /** Serves the revision with a separate real HTTP server. */
  serve(
    revision: string,
    listener: RequestListener,
    limits?: Partial<InvocationLimits>,
    target?: Target,
  ): Promise<void>;
  /** Serves it with raw bytes, for a server that breaks the rules of HTTP. */
  serveRaw(revision: string, onSocket: (socket: Socket) => void): Promise<void>;
  /** Makes the revision refuse to give a process from now on. */
  refuse(revision: string, refusal: Omit<InvocationRefusal, 'kind'>): void;
  /** Makes every request for a process of it wait in line from now on, until `serveLine`. */
  keepInLine(revision: string): { readonly waiting: () => number; readonly serveLine: () => void };
  /** Breaks the connections at once and knows the reason a moment later, like a process that died. */
  crash(revision: string, diagnosis: string): void;
  /** How each request's slot was released, oldest first. */
  releases(revision: string): readonly string[];
  /** How many connections its server and a gateway's pool hold open, each counted at both ends: under load one end closes before the other knows. */
  connections(revision: string): number;
  close(): Promise<void>;
};

const LIMITS: InvocationLimits = {
  maxRequestBytes: 10_485_760,
  timeoutMs: 10_000,
};

// https://undici.nodejs.org/#/docs/api/DiagnosticsChannel?id=undiciclientconnected
const CONNECTED = 'undici:client:connected';

/** Revisions that are small real servers in this process, for the tests of a gateway. */
export function realRevisions(): RealRevisions {
  const processes = new Map<string, Process>();
  const refusals = new Map<string, InvocationRefusal>();
  const lines = new Map<string, Promise<void>>();
  const inLine = new Map<string, number>();
  const callers = new Map<Socket, string>();
  const note = (message: unknown) => {
    const { socket, connectParams } = message as Connected;
    callers.set(socket, connectParams.port);
    socket.once('close', () => callers.delete(socket));
  };
  subscribe(CONNECTED, note);

  const start = async (
    revision: string,
    server: Server,
    limits: Partial<InvocationLimits> = {},
    target: Target = 'lambda',
  ) => {
    const sockets = new Set<Socket>();
    server.on('connection', (socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket)).on('error', () => {});
    });
    const port = await listen(server, { host: '127.0.0.1', port: 0 });
    const origin = `http://127.0.0.1:${port}`;
    processes.set(revision, {
      server,
      origin,
      sockets,
      limits: { ...LIMITS, ...limits },
      target,
      releases: [],
      diagnosis: undefined,
    });
  };

  const slotOf = (process: Process): InvocationSlot => ({
    kind: 'slot',
    origin: process.origin,
    release: (outcome) => void process.releases.push(outcome),
    diagnosis: () => process.diagnosis,
    isRepeatable: () => process.target !== 'lambda',
    onRecall: () => {},
  });

  return {
    serve: (revision, listener, limits, target) =>
      start(revision, createServer(listener), limits, target),
    serveRaw: (revision, onSocket) => start(revision, createRawServer(onSocket)),
    refuse: (revision, refusal) => void refusals.set(revision, { kind: 'refused', ...refusal }),
    keepInLine(revision) {
      const { promise, resolve } = Promise.withResolvers<void>();
      inLine.set(revision, 0);
      lines.set(revision, promise);
      return { waiting: () => inLine.get(revision) ?? 0, serveLine: resolve };
    },
    crash(revision, diagnosis) {
      const process = processes.get(revision)!;
      for (const socket of process.sockets) socket.resetAndDestroy();
      setTimeout(() => {
        process.diagnosis = diagnosis;
      }, 20);
    },
    releases: (revision) => processes.get(revision)!.releases,
    connections(revision) {
      const { sockets, origin } = processes.get(revision)!;
      const { port } = new URL(origin);
      return sockets.size + [...callers.values()].filter((called) => called === port).length;
    },
    async close() {
      unsubscribe(CONNECTED, note);
      for (const { server, sockets } of processes.values()) {
        server.close();
        for (const socket of sockets) socket.destroy();
      }
    },
    placement(revision) {
      const target = processes.get(revision)?.target;
      return target && { target };
    },
    limits: (revision) => processes.get(revision)?.limits,
    occupancy: () => ({ instances: 1, waiting: 0 }),
    async invoke(revision) {
      inLine.set(revision, (inLine.get(revision) ?? 0) + 1);
      await lines.get(revision);
      return refusals.get(revision) ?? slotOf(processes.get(revision)!);
    },
  };
}

/** One request as a mirror saw it. */
export type Seen = {
  readonly url: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
};

/** Serves the revision with a server that remembers each whole request. */
export async function serveMirror(revisions: RealRevisions, revision: string): Promise<Seen[]> {
  const seen: Seen[] = [];
  await revisions.serve(revision, (request, response) => {
    const chunks: Buffer[] = [];
    request
      .on('error', () => {})
      .on('data', (chunk) => chunks.push(chunk))
      .on('end', () => {
        const { url, headers } = request;
        seen.push({ url, headers, body: Buffer.concat(chunks).toString() });
        response.end('seen');
      });
  });
  return seen;
}
