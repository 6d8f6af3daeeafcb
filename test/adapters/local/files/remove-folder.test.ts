import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { removeFolder, removeFolderSync } from '#adapters/local/files/remove-folder.ts';
import { needing } from '../../../support/needs.ts';
import { temporaryFolder } from '../../../support/slipway/running.ts';

// Deeper than a path may be long, and closed at the end.
const NESTED = `
cd "$1"
name=$(printf 'd%.0s' {1..240})
for i in {1..20}; do mkdir "$name" && cd "$name"; done
mkdir closed && touch closed/file && chmod 0 closed
`;
const isRoot = process.getuid?.() === 0;

const ways = {
  removeFolder,
  removeFolderSync: async (path: string) => removeFolderSync(path),
};

describe.each(Object.entries(ways))('%s', (_, remove) => {
  it('removes what is there, and finds nothing wrong with what is not', async () => {
    await using folder = await temporaryFolder();
    mkdirSync(join(folder.path, 'a/b'), { recursive: true });
    writeFileSync(join(folder.path, 'a/b/c'), '');

    await remove(join(folder.path, 'a'));
    await remove(join(folder.path, 'a'));

    expect(await readdir(folder.path)).toEqual([]);
  });

  it('removes what is nested deeper than a path is long', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'a');
    mkdirSync(path);
    execFileSync('bash', ['-c', NESTED, 'nested', path]);

    await remove(path);

    expect(existsSync(path)).toBe(false);
  });

  needing(isRoot ? 'a root looks into a closed folder too' : undefined, () => {
    it('removes a folder that a model has closed, and changes the mode of no file that has another name', async () => {
      await using folder = await temporaryFolder();
      const [path, kept] = [join(folder.path, 'a'), join(folder.path, 'kept')];
      mkdirSync(join(path, 'closed'), { recursive: true });
      writeFileSync(kept, '');
      chmodSync(kept, 0o444);
      linkSync(kept, join(path, 'closed/link'));
      symlinkSync(folder.path, join(path, 'closed/out'));
      execFileSync('chmod', ['0', join(path, 'closed')]);

      await remove(path);

      expect(await readdir(folder.path)).toEqual(['kept']);
      expect(statSync(kept).mode & 0o777).toBe(0o444);
    });
  });
});
