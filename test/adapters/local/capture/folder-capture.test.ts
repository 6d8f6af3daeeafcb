import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
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

/** The open files of this process, where the system lists them. */
const FDS = '/proc/self/fd';
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
    const folder = newFolder();
    const lines = folderKeptLines(folder);
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
    const kept = readFileSync(join(folder, 'iris', '2026-02-03.ndjson'), 'utf8');
    expect(kept.trimEnd().split('\n')).toHaveLength(2);
  });

  it('leaves no file open where a reader has enough before its end', async () => {
    const folder = newFolder();
    const lines = folderKeptLines(folder);
    const first = countLine('iris-v1', '2026-02-03');
    for (const line of [first, 'x'.repeat(300_000), first]) {
      await lines.add('iris', '2026-02-03', line);
    }

    for await (const { text } of lines.of('iris', '2026-02-03')) {
      expect(text).toBe(first);
      break;
    }

    const open = (existsSync(FDS) ? readdirSync(FDS) : []).flatMap((fd) => {
      try {
        return readlinkSync(join(FDS, fd));
      } catch {
        return [];
      }
    });
    expect(open.filter((path) => path.startsWith(folder))).toEqual([]);
  });

  it('fails where it cannot be read, and does not look empty', async () => {
    const folder = newFolder();
    writeFileSync(join(folder, 'iris'), 'no folder');
    const lines = folderKeptLines(folder);

    await expect(lines.days('iris')).rejects.toMatchObject({ name: 'PlatformUnavailable' });
    expect(await lines.days('wine')).toEqual([]);
    await lines.keep('iris', '2026-02-03', 'line', BUDGET);
    await lines.expire('2026-02-03');
  });

  it('expires what no manifest can ask for any longer', async () => {
    const lines = folderKeptLines(newFolder());
    await lines.add('iris', '2026-02-03', 'line');
    await lines.add('iris', '2026-02-04', 'line');

    await lines.expire('2026-03-03');

    expect(await lines.days('iris')).toEqual(['2026-02-04']);
  });
});
