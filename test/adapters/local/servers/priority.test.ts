import { mkdtemp, rm } from 'node:fs/promises';
import { getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { startModelProcess } from '#adapters/local/servers/model-process.ts';
import type { ModelServer } from '#adapters/local/servers/model-server.ts';
import { mayRaisePriority } from '#adapters/local/servers/priority.ts';
import { serverRoom } from '#adapters/local/servers/server-room.ts';
import { fakeTimers } from '../../../support/clock/fake-timers.ts';
import { needing } from '../../../support/needs.ts';

const GUARD = { watch: () => () => {}, close: async () => {} };
const LOG = { append: async () => {}, tail: async () => [] };
const NICEST = 19;

const missing = mayRaisePriority()
  ? undefined
  : 'this user may not raise a priority that it has lowered: run it as root';

needing(missing, () => {
  let directory: string;
  let server: ModelServer | undefined;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'slipway-priority-'));
  });
  afterEach(async () => {
    await server?.kill('is not needed any more');
    await rm(directory, { recursive: true });
  });

  const room = () =>
    serverRoom({ budgetMiB: 1_000, startsAtOnce: 1, timers: fakeTimers(), measure: () => null });

  function start(): ModelServer {
    return startModelProcess(
      {
        command: [process.execPath, '-e', 'setInterval(() => {}, 1000)'],
        directory,
        environment: {},
      },
      { memoryMiB: 512, startupTimeoutSeconds: 60, timers: fakeTimers(), log: LOG, guard: GUARD },
    );
  }

  const priorityOf = async ({ spawned }: ModelServer) => getPriority((await spawned) ?? Number.NaN);

  it('a candidate starts below what serves', async () => {
    const about = { revision: 'a-v1', model: 'a', isUpgrade: false, expectedMiB: 100 };
    server = room().candidate(about, start);

    expect(await priorityOf(server)).toBe(Math.min(NICEST, getPriority() + 3));
  });

  it('a server of a live version starts as Slipway itself', async () => {
    server = room().live(100, start);

    expect(await priorityOf(server)).toBe(getPriority());
  });
});
