import { readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { removeOldLogs } from '#adapters/local/files/old-logs.ts';
import { temporaryFolder } from '../../../support/slipway/running.ts';

describe('the logs of a folder', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  beforeEach(async () => {
    folder = await temporaryFolder();
  });
  afterEach(() => folder[Symbol.asyncDispose]());

  /** Writes a file of so many bytes, so many seconds after the others began. */
  function written(name: string, atSeconds: number, bytes = 1): void {
    const path = join(folder.path, name);
    writeFileSync(path, 'x'.repeat(bytes));
    utimesSync(path, atSeconds, atSeconds);
  }
  const left = () => readdirSync(folder.path).toSorted();
  const removed = (
    bounds: Parameters<typeof removeOldLogs>[2],
    isNeeded: (name: string) => boolean = () => false,
  ) => removeOldLogs(folder.path, isNeeded, bounds);

  it('are the newest ones, as many as there may be, each with its older file', async () => {
    written('a.log', 1);
    written('b.log', 2);
    written('b.log.1', 1);
    written('c.log', 4);
    // It is as old as what was written last of it.
    written('d.log', 3);
    written('d.log.1', 1);

    await removed({ logs: 2, bytes: 1_000 });

    expect(left()).toEqual(['c.log', 'd.log', 'd.log.1']);
  });

  it('are the newest ones, as much as they may hold', async () => {
    written('a.log', 1, 10);
    written('b.log', 2, 40);
    written('b.log.1', 1, 40);
    written('c.log', 3, 10);

    await removed({ logs: 9, bytes: 89 });

    expect(left()).toEqual(['c.log']);
  });

  it('stay where they are needed', async () => {
    written('a.log', 1);
    written('b.log', 2);
    written('c.log', 3);

    await removed({ logs: 1, bytes: 1_000 }, (name) => name === 'a');

    expect(left()).toEqual(['a.log', 'c.log']);
  });

  it('may be a thousand without being asked, and other files stay', async () => {
    for (let each = 0; each < 1_001; each += 1) written(`${each}.log`, each + 1);
    written('took.json', 0);

    await removeOldLogs(folder.path, () => false);

    expect(left()).toHaveLength(1_001);
    expect(left()).not.toContain('0.log');
    expect(left()).toContain('took.json');
  });

  it('are not looked for in a folder that does not exist', async () => {
    await removeOldLogs(join(folder.path, 'gone'), () => false);

    expect(left()).toEqual([]);
  });
});
