import type { LocalPlatform } from '#adapters/local/revisions/revision-platform.ts';
import { type ServerRoom, serverRoom } from '#adapters/local/servers/server-room.ts';
import { eventually } from '../../../support/clock/eventually.ts';
import {
  openPlatform,
  type PlatformFolder,
  platformFolder,
} from '../../../support/local/platform.ts';
import {
  type ScriptedModelServer,
  scriptedModelServer,
} from '../../../support/local/scripted-model-server.ts';

const EPOCH = 1;
const NOW = { waitMs: 0 };

describe('a candidate that waits for room on this machine', () => {
  let folder: PlatformFolder;
  let room: ServerRoom;
  let platform: LocalPlatform;
  let other: ScriptedModelServer;
  beforeEach(async () => {
    folder = platformFolder();
    room = serverRoom({ budgetMiB: 1_000, startsAtOnce: 1 });
    platform = openPlatform(folder, { room });
    other = scriptedModelServer(1);
    const about = { revision: 'other-v1', model: 'other', isUpgrade: false, expectedMiB: 900 };
    room.candidate(about, () => other.server);
    await platform.create(folder.spec('answers', { model: 'digits', version: 1 }), EPOCH);
  });
  afterEach(async () => {
    await platform.close();
    folder.delete();
  });

  it('is pending, and the platform says what it waits for', async () => {
    expect(await platform.describe('digits-v1', NOW)).toEqual({
      kind: 'pending',
      isWaiting: true,
      reason: expect.stringMatching(/^it waits for (its turn|memory): /),
    });
  });

  it('still counts as waiting in a look during which it starts, and no longer in the next', async () => {
    await platform.create(folder.spec('never-ready', { model: 'slow', version: 1 }), EPOCH);
    await platform.remove('digits-v1', EPOCH);
    const look = platform.describe('slow-v1', { waitMs: 100 });
    await other.crash();

    expect(await look).toMatchObject({ kind: 'pending', isWaiting: true });
    expect(room.waitsFor('slow-v1')).toBeUndefined();
    expect(await platform.describe('slow-v1', NOW)).toEqual({
      kind: 'pending',
      reason: 'its first server is starting',
    });
  });

  it('gives its place up when it is removed', async () => {
    await platform.remove('digits-v1', EPOCH);

    expect(room.use()).toMatchObject({ servers: 1, waiting: 0 });
    expect(await platform.describe('digits-v1', NOW)).toEqual({ kind: 'absent' });
  });

  it('gives its place up when Slipway stops, and is taken up by the next start', async () => {
    await platform.close();
    expect(room.use()).toMatchObject({ waiting: 0 });

    platform = openPlatform(folder);
    await eventually(
      async () => (await platform.describe('digits-v1', { waitMs: 1_000 })).kind === 'ready',
    );
  });
});
