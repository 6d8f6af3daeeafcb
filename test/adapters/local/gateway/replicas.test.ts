import { DatabaseSync } from 'node:sqlite';
import { Agent, request } from 'undici';
import { systemClock } from '#adapters/clocks.ts';
import { type Gateway, startGateway } from '#adapters/local/gateway/gateway.ts';
import type { LocalPlatforms } from '#adapters/local/revisions/local-platforms.ts';
import { eventually } from '../../../support/clock/eventually.ts';
import {
  livePids,
  openPlatforms,
  type PlatformFolder,
  platformFolder,
} from '../../../support/local/platform.ts';

const REVISION = 'digits-v1';
const CLIENTS = 32;

let folder: PlatformFolder;
let local: LocalPlatforms;
let gateway: Gateway;
let agent: Agent;

beforeEach(async () => {
  folder = platformFolder();
  local = openPlatforms(folder);
  gateway = await startGateway({
    host: '127.0.0.1',
    port: 0,
    revisions: local.host,
    database: new DatabaseSync(':memory:'),
    clock: systemClock,
  });
  agent = new Agent();
});

afterEach(async () => {
  await agent.destroy();
  await gateway.close();
  await local.close();
  folder.delete();
});

it('killing one process after the other under load refuses no request while one is healthy', async () => {
  const scaling = { min: 2, requestsPerMinute: 600, schedules: [] };
  await local.platforms.fargate.create(folder.spec('answers', { scaling }), 1);
  const state = await local.platforms.fargate.describe(REVISION, { waitMs: 3_600_000 });
  expect(state).toEqual({ kind: 'ready' });
  await gateway.router.setShares('digits', { [REVISION]: 1 }, {}, 1);
  const faults: string[] = [];
  const answered = new Set<number>();
  let isCalling = true;
  const client = async () => {
    while (isCalling) {
      const { statusCode, body } = await request(`${gateway.origin}/models/digits/invocations`, {
        method: 'POST',
        body: 'x'.repeat(500),
        dispatcher: agent,
      });
      const text = await body.text();
      if (statusCode === 200) answered.add(JSON.parse(text).pid);
      else faults.push(`${statusCode}: ${text}`);
    }
  };

  const clients = Array.from({ length: CLIENTS }, client);
  const victims = await eventually(() => answered.size === 2 && [...answered]);
  for (const [index, victim] of victims.entries()) {
    process.kill(victim, 'SIGKILL');
    await eventually(() => answered.size === 3 + index);
  }
  isCalling = false;
  await Promise.all(clients);

  expect(faults).toEqual([]);
  expect(livePids(folder, REVISION)).toHaveLength(2);
});
