import { DatabaseSync } from 'node:sqlite';
import { Agent, request } from 'undici';
import { type Gateway, startGateway } from '#adapters/local/gateway.ts';
import { type FakeClock, fakeClock } from './fake-clock.ts';
import { type RealRevisions, realRevisions } from './real-revisions.ts';

type Sent = Parameters<typeof request>[1];

export type GatewayWorld = {
  readonly gateway: Gateway;
  readonly revisions: RealRevisions;
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
  const clock = fakeClock(1_700_000_000_000);
  const database = new DatabaseSync(':memory:');
  const gateway = await startGateway({ host: '127.0.0.1', port: 0, revisions, database, clock });
  const dispatcher = new Agent();
  return {
    gateway,
    revisions,
    clock,
    route: (model, shares) => gateway.router.setShares(model, shares, {}),
    call: (path, sent) => request(gateway.origin + path, { dispatcher, ...sent }),
    async close() {
      await dispatcher.destroy();
      await revisions.close();
      await gateway.close();
      database.close();
    },
  };
}
