import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lockFolder } from '#adapters/local/registry/lock-folder.ts';
import { asRoot, needing } from '../../../support/needs.ts';

const IN_ANOTHER_PROCESS = `
  import { lockFolder } from '#adapters/local/registry/lock-folder.ts';
  try { lockFolder(process.env.DATA); console.log('taken'); }
  catch ({ name, message, fix }) { console.log(name, message, fix); }`;

const NOBODY = 65_534;
// Only a call that never ends takes so long.
const TWO_MINUTES_MS = 120_000;

function lockElsewhere(dataDir: string): string {
  const args = ['--input-type=module', '--eval', IN_ANOTHER_PROCESS];
  return execFileSync(process.execPath, args, {
    env: { ...process.env, DATA: dataDir },
    encoding: 'utf8',
    timeout: TWO_MINUTES_MS,
    killSignal: 'SIGKILL',
  });
}

describe('a data folder', () => {
  const base = mkdtempSync(join(tmpdir(), 'slipway-lock-'));
  const newFolder = () => join(mkdtempSync(join(base, 'one-')), 'data');

  afterAll(() => rmSync(base, { recursive: true }));

  it('is made when it is missing and held for one process', () => {
    const folder = newFolder();
    const unlock = lockFolder(folder);

    const other = lockElsewhere(folder);
    unlock();

    expect(other).toMatch(
      /^InputInvalid another Slipway is running with the data folder .*data Stop it first, or .*--data DIR/,
    );
  });

  it('is free again when it was given back, and when its holder has died', () => {
    const folder = newFolder();
    lockFolder(folder)();

    expect(lockElsewhere(folder)).toBe('taken\n');
    expect(lockElsewhere(folder)).toBe('taken\n');
  });

  it.each([
    { of: 'a new one', isThere: false },
    { of: 'one of an earlier version', isThere: true },
  ])('is closed to other users: $of', ({ isThere }) => {
    const folder = newFolder();
    if (isThere) {
      mkdirSync(folder);
      chmodSync(folder, 0o2775);
    }

    lockFolder(folder)();

    expect((statSync(folder).mode & 0o777).toString(8)).toBe('700');
  });

  it('is refused where it is another user’s', () => {
    // Root alone can give a folder away, and others have a folder of root's at hand.
    const folder = process.getuid?.() === 0 ? mkdtempSync(join(base, 'theirs-')) : '/usr';
    if (folder !== '/usr') chownSync(folder, NOBODY, NOBODY);
    const { uid } = statSync(folder);

    expect(lockElsewhere(folder)).toBe(
      `PlatformDenied ${folder} belongs to the user ${uid}, who could read and change all that is in it; Slipway runs as the user ${process.getuid?.()} Run Slipway as the user ${uid}, or give this user the folder (chown -R ${process.getuid?.()}), or name another one.\n`,
    );
  });

  it('is made with the folders that it is to lie in', () => {
    expect(lockElsewhere(join(newFolder(), 'deep', 'down'))).toBe('taken\n');
  });

  // Tried in another process, since a fault here may never end. Linux alone has a folder in which nobody can make another.
  it('is refused at once, and what to do is said, where none can be made', () => {
    expect(lockElsewhere('/proc/slipway/data')).toMatch(
      /^InputInvalid \/proc\/slipway\/data cannot hold Slipway's data: \w+: .* Name another folder: --data DIR\.\n$/,
    );
  });

  needing(asRoot, () => {
    it('is refused by the name of the file where another user has started in it', () => {
      const folder = newFolder();
      lockFolder(folder)();
      chmodSync(join(folder, 'lock'), 0);

      expect(lockElsewhere(folder)).toBe(
        `PlatformDenied ${folder}/lock: access is denied Give the user that runs Slipway access to it. Or name another folder: --data DIR.\n`,
      );
    });
  });

  it('is refused with the reason where it cannot be one', () => {
    const file = newFolder();
    writeFileSync(file, 'not a folder');

    expect(() => lockFolder(file)).toThrow(/cannot hold Slipway's data: EEXIST/);
    expect(() => lockFolder(join(file, 'within'))).toThrow(/cannot hold Slipway's data: ENOTDIR/);
  });
});
