import { createServer } from 'node:http';
import type { DatabaseSync } from 'node:sqlite';
import { expose } from '#adapters/local/exposition.ts';
import { listen } from '#adapters/local/listen.ts';
import type { RevisionHost } from '#adapters/local/revisions/invocation.ts';
import { realTimers, type Timers } from '#adapters/local/timers.ts';
import type { Clock } from '#ports/clock.ts';
import type { Metrics } from '#ports/metrics.ts';
import type { Router } from '#ports/router.ts';
import { bodyRoom } from './body-room.ts';
import { gracefulClose } from './close.ts';
import { corsFor } from './cors.ts';
import { endedRequests } from './ended-request.ts';
import { gatewayHandler } from './handler.ts';
import { inFlight } from './in-flight.ts';
import { requestMeters } from './meters.ts';
import { gatewayMetrics } from './metrics.ts';
import type { RequestLog } from './request-log.ts';
import { gatewayRouter } from './router.ts';
import { upstreamPools } from './upstream-pools.ts';

export type GatewayOptions = {
  readonly host: string;
  /** The first port to try; 0 is any. */
  readonly port: number;
  readonly revisions: RevisionHost;
  readonly database: DatabaseSync;
  readonly clock: Clock;
  /** By which a request's time is over, and that of those in flight at the close. */
  readonly timers?: Timers;
  /** Where each request is written down, if it is. */
  readonly requestLog?: RequestLog | undefined;
  /** Whose pages may call models; none where it is empty. */
  readonly corsOrigins?: readonly string[];
};

export type Gateway = {
  /** Where clients call, `http://HOST:PORT`. */
  readonly origin: string;
  readonly router: Router;
  readonly metrics: Metrics;
  /** How many requests the revision is answering at this moment. */
  inFlight(revision: string): number;
  /** Takes no more requests, lets those in flight end for 5 s, and cuts the rest. */
  close(): Promise<void>;
};

const SERVER_OPTIONS = {
  maxHeaderSize: 16_384,
  headersTimeout: 10_000,
  requestTimeout: 120_000,
  // Above the 60 s for which common clients and load balancers keep an idle connection, so that they close it first.
  keepAliveTimeout: 75_000,
} as const;

/** The endpoint of every model on one machine: a reverse proxy that spreads requests by shares and never touches a client's connection when they change. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { host, port, revisions, database, clock, timers = realTimers } = options;
  const { requestLog: log, corsOrigins = [] } = options;
  const { router, table } = gatewayRouter({ database, revisions });
  const counts = gatewayMetrics(clock);
  const flights = inFlight();
  const upstreams = upstreamPools();
  const meters = requestMeters({ revisions, inFlight: flights, table });

  const handler = gatewayHandler({
    revisions,
    upstreams,
    inFlight: flights,
    ended: endedRequests({ counts, meters, log, clock, timers }),
    metrics: () => expose(meters.families()),
    cors: corsOrigins.length > 0 ? corsFor(corsOrigins) : undefined,
    timers,
    table,
    room: bodyRoom(timers),
  });
  const server = createServer(SERVER_OPTIONS, handler).on('checkContinue', handler);
  // Each request of a pipeline waits for the close of the one connection; that is no leak.
  server.on('connection', (socket) => socket.setMaxListeners(0));
  const closeServer = gracefulClose(server, timers);
  const boundPort = await listen(server, { host, port });

  return {
    origin: `http://${host}:${boundPort}`,
    router,
    metrics: counts.metrics,
    inFlight: flights.count,
    async close() {
      await closeServer();
      await upstreams.close();
      await log?.written();
    },
  };
}
