import { DatabaseSync } from 'node:sqlite';
import { Agent, request } from 'undici';
import { type Gateway, startGateway } from '#adapters/local/gateway.ts';
import type { RevisionHost } from '#adapters/local/invocation.ts';
import { type FakeClock, fakeClock } from './fake-clock.ts';
import { type RealReplicas, realReplicas } from './real-replicas.ts';
import { type RealRevisions, realRevisions } from './real-revisions.ts';

type Sent = Parameters<typeof request>[1];

export type GatewayWorld = {
  readonly gateway: Gateway;
  /** Those on Lambda, which every revision is that is no container. */
  readonly revisions: RealRevisions;
  /** Those in containers. */
  readonly replicas: RealReplicas;
  /** Both. */
  readonly host: RevisionHost;
  readonly clock: FakeClock;
  /** Gives the model its first shares. */
  route(model: string, shares: Readonly<Record<string, number>>): Promise<void>;
  /** Calls the gateway as a client; the body is to be read, unless it is no matter. */
  call(path: string, sent?: Sent): ReturnType<typeof request>;
  close(): Promise<void>;
};

/** A gateway on a free port with real revisions, and a client with connections of its own. */
export async function gatewayWorld(): Promise<GatewayWorld> {
  const revisions = realRevisions();
  const replicas = realReplicas();
  const host: RevisionHost = {
    limits: (name) => replicas.limits(name) ?? revisions.limits(name),
    target: (name) => replicas.target(name) ?? 'lambda',
    invoke: (name, signal) => (replicas.target(name) ? replicas : revisions).invoke(name, signal),
  };
  const clock = fakeClock(1_700_000_000_000);
  const database = new DatabaseSync(':memory:');
  const options = { host: '127.0.0.1', port: 0, revisions: host, database, clock };
  const gateway = await startGateway(options);
  const dispatcher = new Agent();
  return {
    gateway,
    revisions,
    replicas,
    host,
    clock,
    route: (model, shares) => gateway.router.setShares(model, shares, {}, 1),
    call: (path, sent) => request(gateway.origin + path, { dispatcher, ...sent }),
    async close() {
      await dispatcher.destroy();
      await Promise.all([revisions.close(), replicas.close()]);
      await gateway.close();
      database.close();
    },
  };
}
