import { execFileSync } from 'node:child_process';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import packageJson from '../../package.json' with { type: 'json' };
import { temporaryFolder } from '../support/slipway/running.ts';
import { PACKAGED } from './packaged.ts';

const ROOT = join(import.meta.dirname, '../..');

describe('the packed command', () => {
  it('brings all of which the stack is made, and what installs that', async () => {
    await using folder = await temporaryFolder();
    for (const name of [...PACKAGED, 'install.js']) {
      const path = join(folder.path, name);
      await (/\./.test(name) ? writeFile(path, '') : mkdir(path));
    }

    execFileSync(process.execPath, [join(ROOT, 'pack.js')], { cwd: folder.path });

    const brought = await readdir(join(folder.path, 'dist/stack'));
    const beside = packageJson.files.filter((name) => PACKAGED.includes(name));
    expect(beside).toEqual(['buildspecs', 'runtimes']);
    expect([...brought, ...beside].sort()).toEqual([...PACKAGED, 'install.js'].sort());
    // A clone that has only served models lacks the bundler.
    expect(packageJson.scripts.prepack).toMatch(/^node install\.js && .*&& node pack\.js$/);
  });
});
