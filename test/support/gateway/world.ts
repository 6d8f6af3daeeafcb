import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { DatabaseSync } from 'node:sqlite';
import { Agent, request } from 'undici';
import { consoleFiles } from '#adapters/console-files.ts';
import {
  type Gateway,
  type GatewayOptions,
  startGateway,
} from '#adapters/local/gateway/gateway.ts';
import {
  type GenerationMeters,
  generationMeters,
} from '#adapters/local/gateway/generation-meters.ts';
import type { RevisionHost } from '#adapters/local/revisions/invocation.ts';
import { type FakeClock, fakeClock } from '../clock/fake-clock.ts';
import { type FakeTimers, fakeTimers } from '../clock/fake-timers.ts';
import { type RealReplicas, realReplicas } from './real-replicas.ts';
import { type RealRevisions, realRevisions } from './real-revisions.ts';

type Sent = Parameters<typeof request>[1];

/** A request in the gateway's own server. */
type Taken = { readonly request: IncomingMessage; readonly response: ServerResponse };

export type GatewayWorld = {
  readonly gateway: Gateway;
  /** The revisions on Lambda: all that are not in containers. */
  readonly revisions: RealRevisions;
  /** The revisions in containers. */
  readonly replicas: RealReplicas;
  /** Both. */
  readonly host: RevisionHost;
  readonly clock: FakeClock;
  /** The timers of requests, and of the gateway's close. */
  readonly timers: FakeTimers;
  readonly generations: GenerationMeters;
  /** The requests of clients so far, oldest first. */
  readonly taken: readonly Taken[];
  /** Gives the model its first shares. */
  route(model: string, shares: Readonly<Record<string, number>>): Promise<void>;
  /** Has the host no longer know a revision. */
  forget(revision: string): void;
  /** Calls the gateway as a client; the caller must read the body, unless it does not matter. */
  call(path: string, sent?: Sent): ReturnType<typeof request>;
  close(): Promise<void>;
};

// https://nodejs.org/docs/latest-v24.x/api/diagnostics_channel.html#event-httpserverrequeststart
const STARTS = 'http.server.request.start';

/** A gateway on a free port with real revisions, and a client with separate connections. */
export async function gatewayWorld(
  habits: Pick<
    GatewayOptions,
    'requestLog' | 'corsOrigins' | 'allowedHosts' | 'trustedProxies'
  > = {},
): Promise<GatewayWorld> {
  const revisions = realRevisions();
  const replicas = realReplicas();
  const host: RevisionHost = {
    limits: (name) => replicas.limits(name) ?? revisions.limits(name),
    occupancy: (name) => revisions.occupancy(name),
    placement: (name) =>
      forgotten.has(name) ? undefined : (replicas.placement(name) ?? { target: 'lambda' }),
    invoke: (name, signal, company) =>
      (replicas.placement(name) ? replicas : revisions).invoke(name, signal, company),
  };
  const clock = fakeClock(1_700_000_000_000);
  const timers = fakeTimers();
  const database = new DatabaseSync(':memory:');
  const forgotten = new Set<string>();
  const generations = generationMeters(clock);
  const options = {
    generations,
    host: '127.0.0.1',
    port: 0,
    revisions: host,
    database,
    clock,
    timers,
    pages: consoleFiles(),
    // The name of a reverse proxy before it.
    allowedHosts: ['front.example'],
    ...habits,
  };
  const gateway = await startGateway(options);
  const port = Number(new URL(gateway.origin).port);
  const taken: Taken[] = [];
  const note = (message: unknown) => {
    const { request: asked, response } = message as Taken;
    if (asked.socket.localPort === port) taken.push({ request: asked, response });
  };
  subscribe(STARTS, note);
  const dispatcher = new Agent();
  return {
    gateway,
    revisions,
    replicas,
    host,
    clock,
    timers,
    generations,
    taken,
    route: (model, shares) => gateway.router.setShares(model, shares, {}, 1),
    forget: (revision) => void forgotten.add(revision),
    call: (path, sent) => request(gateway.origin + path, { dispatcher, ...sent }),
    async close() {
      unsubscribe(STARTS, note);
      await dispatcher.destroy();
      await Promise.all([revisions.close(), replicas.close()]);
      await gateway.close();
      database.close();
    },
  };
}
