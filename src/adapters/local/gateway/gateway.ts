import { randomUUID } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import type { ConsoleFiles } from '#adapters/console-files.ts';
import { realTimers, type Timers } from '#adapters/local/concurrency/timers.ts';
import { bodyRoom } from '#adapters/local/http/body-room.ts';
import { answerHalfClosed } from '#adapters/local/http/half-closed.ts';
import { httpServer, socketEvent } from '#adapters/local/http/http-server.ts';
import { listen, type Wanted } from '#adapters/local/http/listen.ts';
import { openAnswers } from '#adapters/local/http/open-answers.ts';
import type { TlsFiles } from '#adapters/local/http/tls-files.ts';
import { expose, type Family } from '#adapters/local/metrics/exposition.ts';
import type { RevisionHost } from '#adapters/local/revisions/invocation.ts';
import type { ServerMeters } from '#adapters/local/revisions/server-meters.ts';
import type { Clock } from '#ports/clock.ts';
import type { Metrics } from '#ports/metrics.ts';
import type { Router } from '#ports/router.ts';
import { strangers } from './callers.ts';
import { answerClientErrors } from './client-error.ts';
import { gracefulClose } from './close.ts';
import { corsFor } from './cors.ts';
import { endedRequests } from './ended-request.ts';
import { frontFor } from './forwarded.ts';
import { type GenerationMeters, generationMeters } from './generation-meters.ts';
import { type GatewayParts, gatewayHandler } from './handler.ts';
import { inFlight } from './in-flight.ts';
import { type Lull, lull } from './lull.ts';
import { requestMeters } from './meters.ts';
import { gatewayMetrics } from './metrics.ts';
import type { OuterCallers } from './outer-callers.ts';
import type { RequestLog } from './request-log.ts';
import { gatewayRouter } from './router.ts';
import { upstreamPools } from './upstream-pools.ts';

export type GatewayOptions = Wanted & {
  readonly revisions: RevisionHost;
  /** The generations of language models, for the metrics. */
  readonly generations?: GenerationMeters;
  /** The metrics of the servers behind it. */
  readonly servers?: Pick<ServerMeters, 'families'>;
  readonly database: DatabaseSync;
  readonly clock: Clock;
  /** The timers of request limits and of the grace period at the close. */
  readonly timers?: Timers;
  /** The request log, if it is on. */
  readonly requestLog?: RequestLog | undefined;
  /** Origins whose pages may call models; empty for none. */
  readonly corsOrigins?: readonly string[];
  /** The files of the page that a browser gets of a model; it gets the page of the model's server where there are none. */
  readonly pages?: ConsoleFiles;
  /** Origins of Slipway's own console, which starts later. */
  readonly consoleOrigins?: () => readonly string[];
  /** Names of this machine, beside its own, that requests may have in their Host header. */
  readonly allowedHosts?: readonly string[];
  /** Addresses and networks of proxies, beside this machine's own, whose word for the address that clients see is believed. */
  readonly trustedProxies?: readonly string[];
};

/** An address at which the gateway answers, until it is closed. */
export type Served = { readonly origin: string; close(): Promise<void> };

/** An address for callers on other machines, who need a key; by TLS where there is a certificate. */
export type Outer = Wanted & {
  readonly callers: OuterCallers;
  readonly tls?: TlsFiles | undefined;
};

export type Gateway = {
  /** The address for clients, `http://HOST:PORT`. */
  readonly origin: string;
  /** Answers callers on other machines too. Fails as `listen` does. */
  open(outer: Outer): Promise<Served>;
  /** The value of PROBE_HEADER in probes of its own Slipway. */
  readonly probeMark: string;
  readonly router: Router;
  readonly metrics: Metrics;
  /** The same counts without Slipway's own probes. */
  readonly clients: Pick<Metrics, 'traffic'>;
  /** The metrics as they stand, for Prometheus. */
  families(): readonly Family[];
  /** The number of requests that the revision has in flight. */
  inFlight(revision: string): number;
  /** Resolves once no client has had a request under way for a moment, and at the latest after `atMostMs`. */
  lull(atMostMs: number): Promise<void>;
  /** The counts of clients' requests by which another thread knows such a moment too. */
  readonly clientCounts: Lull['counts'];
  /** Stops accepting requests, gives those in flight 5 s, and cuts the rest. */
  close(): Promise<void>;
};

const SERVER_OPTIONS = {
  maxHeaderSize: 16_384,
  headersTimeout: 10_000,
  requestTimeout: 120_000,
  // Common clients and load balancers close an idle connection after 60 s; a longer timeout lets them close first.
  keepAliveTimeout: 75_000,
  // Node itself refuses such a request without a word.
  requireHostHeader: false,
} as const;

const NO_PAGES: ConsoleFiles = { file: () => undefined, modules: () => [] };

/** The endpoint of every model on one machine: a reverse proxy that distributes requests by shares, and keeps clients' connections when the shares change. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { revisions, database, clock, timers = realTimers } = options;
  const { requestLog: log, corsOrigins = [], allowedHosts = [], trustedProxies = [] } = options;
  const { generations = generationMeters(clock), consoleOrigins = () => [] } = options;
  const { router, table } = gatewayRouter({ database, revisions });
  const counts = gatewayMetrics(clock);
  const flights = inFlight();
  const clients = lull(timers);
  const upstreams = upstreamPools();
  const meters = requestMeters({ revisions, inFlight: flights, table });
  const probeMark = randomUUID();
  const origins = () => [...corsOrigins, ...consoleOrigins()];

  const families = () => [
    ...meters.families(),
    ...generations.families(revisions),
    ...(options.servers?.families(revisions) ?? []),
  ];
  const parts: GatewayParts = {
    revisions,
    upstreams,
    inFlight: flights,
    underWay: clients,
    ended: endedRequests({ counts, meters, log, clock, timers, probeMark }),
    metrics: () => expose(families()),
    cors: corsFor(origins),
    pages: options.pages ?? NO_PAGES,
    console: () => consoleOrigins()[0],
    frontOf: frontFor(trustedProxies),
    stranger: strangers({ hosts: allowedHosts, origins }),
    timers,
    table,
    room: bodyRoom(timers),
    probeMark,
  };
  const inner = await serving(gatewayHandler(parts), options, timers);

  return {
    origin: inner.origin,
    async open({ callers, tls, ...wanted }) {
      const handler = gatewayHandler({ ...parts, callers });
      return serving(handler, wanted, timers, tls);
    },
    probeMark,
    router,
    metrics: {
      ...counts.metrics,
      pace: async ({ revision }, sinceMs) => generations.pace(revision, sinceMs),
    },
    clients: counts.clients,
    families,
    inFlight: flights.count,
    lull: clients.within,
    clientCounts: clients.counts,
    async close() {
      await inner.close();
      await upstreams.close();
      await log?.written();
    },
  };
}

/** Listens with a server of its own. */
async function serving(
  handler: ReturnType<typeof gatewayHandler>,
  wanted: Wanted,
  timers: Timers,
  tls?: TlsFiles,
): Promise<Served> {
  const server = httpServer(SERVER_OPTIONS, handler, tls)
    .on('checkContinue', handler)
    // Any other expectation may be passed over: RFC 9110 §10.1.1.
    .on('checkExpectation', handler);
  // Each pipelined request listens for the close of its connection; that is not a leak.
  server.on(socketEvent(server), (socket) => socket.setMaxListeners(0));
  const answers = openAnswers(server);
  answerClientErrors(server, answers, SERVER_OPTIONS);
  answerHalfClosed(server, answers);
  const close = gracefulClose(server, answers, timers);
  const { host } = wanted;
  const port = await listen(server, wanted);
  return {
    origin: `${tls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}`,
    close,
  };
}
