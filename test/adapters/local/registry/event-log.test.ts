import { appendFile, mkdir, mkdtemp, readFile, rm, rmdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventLog } from '#adapters/local/registry/event-log.ts';
import { describeEventBus, numberedEvent as event } from '../../../contracts/event-bus.ts';

describeEventBus('eventLog', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'slipway-log-'));
  const path = join(folder, 'events.ndjson');
  return {
    bus: await eventLog(path),
    async seen() {
      const lines = (await readFile(path, 'utf8')).split('\n').filter(Boolean);
      return lines.map((line): string => JSON.parse(line).detail.eventId);
    },
    close: () => rm(folder, { recursive: true }),
  };
});

describe('the event log', () => {
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'slipway-log-'));
    path = join(folder, 'events.ndjson');
  });
  afterEach(() => rm(folder, { recursive: true }));

  const ids = async () =>
    (await readFile(path, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => {
        try {
          return JSON.parse(line).detail.eventId;
        } catch {
          return 'torn';
        }
      });

  it('has each event on a line, also when it is published again', async () => {
    const log = await eventLog(path);
    await log.publish([event(1), event(2)]);

    await log.publish([event(2), event(3)]);

    expect(await ids()).toEqual(['d1-1', 'd1-2', 'd1-3']);
  });

  it('knows after a restart what it has written', async () => {
    await (await eventLog(path)).publish([event(1), event(2)]);

    await (await eventLog(path)).publish([event(1), event(2), event(3)]);

    expect(await ids()).toEqual(['d1-1', 'd1-2', 'd1-3']);
  });

  it('goes on behind a line that a crash cut short', async () => {
    await (await eventLog(path)).publish([event(1)]);
    await appendFile(path, '{"source":"slip');

    await (await eventLog(path)).publish([event(2)]);

    expect(await ids()).toEqual(['d1-1', 'torn', 'd1-2']);
  });

  it('says when the file cannot be written, and goes on behind what was written of a batch', async () => {
    const log = await eventLog(path);
    await rm(path);
    await mkdir(path);

    await expect(log.publish([event(1), event(2)])).rejects.toMatchObject({
      name: 'PlatformUnavailable',
      message: expect.stringMatching(/events\.ndjson cannot be written: .*EISDIR/),
    });
    await rmdir(path);
    await writeFile(path, `${JSON.stringify(event(1))}\n{"source":"slip`);
    await log.publish([event(1), event(2)]);

    expect(await ids()).toEqual(['d1-1', 'torn', 'd1-2']);
  });
});
