import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { folderCaptureKeys } from '#adapters/local/capture/folder-capture-keys.ts';
import { folderKeptLines } from '#adapters/local/capture/folder-kept-lines.ts';
import { describeCaptureKeys } from '../../../contracts/capture-keys.ts';
import { countLine, describeKeptLines } from '../../../contracts/kept-lines.ts';

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-capture-'));
  folders.push(folder);
  return folder;
}

const BUDGET = { megabytes: 1, days: 3 };

describeCaptureKeys('folderCaptureKeys', async () => {
  const folder = newFolder();
  return {
    keys: folderCaptureKeys(folder),
    stored: async () => readFileSync(join(folder, 'iris', 'keys.json'), 'utf8'),
  };
});

describeKeptLines('folderKeptLines', async () => {
  const lines = folderKeptLines(newFolder());
  const today = '2026-02-03';
  return {
    lines,
    today,
    removes: true,
    write: (model, line) => lines.keep(model, today, line, BUDGET),
  };
});

describe('the folder of kept requests', () => {
  it('is open to its owner alone', async () => {
    const folder = newFolder();
    await folderCaptureKeys(folder).publish('iris', 'iris-v1');
    await folderKeptLines(folder).keep('iris', '2026-02-03', 'line', BUDGET);

    const modes = readdirSync(join(folder, 'iris')).map(
      (name) => statSync(join(folder, 'iris', name)).mode & 0o077,
    );

    expect(modes).toEqual([0, 0]);
    expect(statSync(join(folder, 'iris')).mode & 0o077).toBe(0);
  });

  it('keeps as many days as the budget says, and drops the oldest for its bytes', async () => {
    const lines = folderKeptLines(newFolder());
    const line = countLine('iris-v1', '2026-02-01').padEnd(400_000);
    for (const day of ['2026-01-30', '2026-02-01', '2026-02-02']) {
      await lines.keep('iris', day, 'short', BUDGET);
    }
    expect(await lines.days('iris')).toEqual(['2026-02-02', '2026-02-01']);

    await lines.keep('iris', '2026-02-02', line, BUDGET);
    await lines.keep('iris', '2026-02-03', line, BUDGET);
    expect(await lines.days('iris')).toEqual(['2026-02-03', '2026-02-02', '2026-02-01']);

    await lines.keep('iris', '2026-02-03', line, BUDGET);
    expect(await lines.days('iris')).toEqual(['2026-02-03']);
    await lines.keep('iris', '2026-02-03', line, BUDGET);
    const kept: string[] = [];
    for await (const each of lines.of('iris', '2026-02-03')) kept.push(each);
    expect(kept).toHaveLength(2);
  });

  it('expires what no manifest can ask for any longer', async () => {
    const lines = folderKeptLines(newFolder());
    await lines.add('iris', '2026-02-03', 'line');
    await lines.add('iris', '2026-02-04', 'line');

    await lines.expire('2026-03-03');

    expect(await lines.days('iris')).toEqual(['2026-02-04']);
  });
});
