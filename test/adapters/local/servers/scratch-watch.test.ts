import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startModelProcess } from '#adapters/local/servers/model-process.ts';
import { watchScratch } from '#adapters/local/servers/scratch-watch.ts';
import { fakeTimers } from '../../../support/clock/fake-timers.ts';
import { needing } from '../../../support/needs.ts';
import { temporaryFolder } from '../../../support/slipway/running.ts';

const MEBIBYTE = 1024 * 1024;
const LIMITS = { mostMiB: 2, mostFiles: 20 };

/** The reports of two looks at a server that has done this to its scratch folder; `write` returns its process, where that matters. */
async function said(write: (folder: string) => Promise<unknown>, limits = LIMITS) {
  await using folder = await temporaryFolder();
  const over: string[] = [];
  const pid = Number(await write(folder.path)) || process.pid;
  const watch = watchScratch({ pid, folder: folder.path }, (what) => over.push(what), limits);
  await watch.look();
  await watch.look();
  watch.stop();
  return over;
}

const file = (folder: string, name: string, mebibytes: number) =>
  writeFile(join(folder, name), new Uint8Array(mebibytes * MEBIBYTE));

// Stands for a server: writes to the given folder, and waits until it is ended.
const UNNAMED = `
  const fs = require('node:fs');
  const path = process.argv[1] + '/gone';
  const fd = fs.openSync(path, 'w');
  fs.unlinkSync(path);
  fs.writeSync(fd, Buffer.alloc(3 * 2 ** 20));
  console.log('written');
  process.stdin.resume();
`;
const BY_A_CHILD = `
  const code = ${JSON.stringify(UNNAMED)};
  require('node:child_process').spawn(process.execPath, ['-e', code, process.argv[1]], { stdio: 'inherit' });
`;

describe('a server’s scratch folder', () => {
  it('may hold what is allowed, and no file of it is looked for by its length alone', async () => {
    const sparse = async (folder: string) => {
      await file(folder, 'a', 1);
      await using hole = await open(join(folder, 'hole'), 'w');
      await hole.truncate(100 * MEBIBYTE);
    };

    expect(await said(sparse)).toEqual([]);
  });

  it('is over its limit by many files of which each is below it, and says so once', async () => {
    const over = await said(async (folder) => {
      await mkdir(join(folder, 'below'));
      for (const name of ['a', 'b', 'below/c']) await file(folder, name, 1);
    });

    expect(over).toEqual(['wrote more than 2 MiB to its scratch folder, its limit in all']);
  });

  it('is over its limit by empty files that are too many', async () => {
    const over = await said(async (folder) => {
      for (let i = 0; i < 30; i += 1) await file(folder, String(i), 0);
    });

    expect(over).toEqual(['made more than 20 files in its scratch folder, its limit']);
  });

  it('is over its limit where it is too deep to be counted', async () => {
    const over = await said(
      async (folder) => {
        await mkdir(join(folder, ...Array<string>(80).fill('d')), { recursive: true });
      },
      { ...LIMITS, mostFiles: 1_000 },
    );

    expect(over).toEqual(['made folders 64 deep in its scratch folder, its limit']);
  });

  needing(process.getuid?.() === 0 ? 'a root reads a closed folder too' : undefined, () => {
    it('is over its limit where it is closed to who counts', async () => {
      const over = await said(async (folder) => {
        await mkdir(join(folder, 'closed'));
        await chmod(join(folder, 'closed'), 0);
      });

      expect(over).toEqual(['closed a folder of its scratch folder, which is then not counted']);
    });
  });

  needing(process.platform === 'linux' ? undefined : 'only Linux tells of open files', () => {
    it.each([
      ['the server', UNNAMED],
      ['a process that it has started', BY_A_CHILD],
    ])('is over its limit by a file without a name that %s has open', async (_, code) => {
      const begun: number[] = [];
      const over = await said(async (folder) => {
        const child = spawn(process.execPath, ['-e', code, folder], {
          stdio: ['pipe', 'pipe', 'inherit'],
          detached: true,
        });
        begun.push(Number(child.pid));
        await once(child.stdout, 'data');
        return child.pid;
      });
      for (const pid of begun) process.kill(-pid, 'SIGKILL');

      expect(over).toEqual(['wrote more than 2 MiB to its scratch folder, its limit in all']);
    });
  });
});

const MANY = `
  const fs = require('node:fs');
  for (let i = 0; i <= 10_000; i += 1) fs.writeFileSync(String(i), '');
  process.stdin.resume();
  setInterval(() => {}, 1_000);
`;

describe('a model server', () => {
  it('is ended when it writes more than it may, and its reason says what and how much', async () => {
    await using folder = await temporaryFolder();
    const scratch = folder.path;
    const server = startModelProcess(
      { command: [process.execPath, '-e', MANY], directory: scratch, scratch, environment: {} },
      {
        memoryMiB: 512,
        startupTimeoutSeconds: 60,
        timers: fakeTimers(),
        log: { append: async () => {}, tail: async () => [] },
        guard: { watch: () => () => {}, close: async () => {} },
        shortage: () => undefined,
      },
    );

    const start = await server.started;

    expect(start).toEqual({
      kind: 'died',
      reason: 'made more than 10000 files in its scratch folder, its limit',
    });
  });
});
