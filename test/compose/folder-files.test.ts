import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { folderFiles } from '#compose/folder-files.ts';
import { temporaryFolder } from '../support/slipway/running.ts';

it('what is hidden is no part of a folder, but the file that says its Python', async () => {
  await using folder = await temporaryFolder();
  await mkdir(join(folder.path, '.git'));
  for (const name of ['predict.py', '.python-version', '.env', '.git/config']) {
    await writeFile(join(folder.path, name), '');
  }

  expect(await folderFiles(folder.path)).toEqual(['.python-version', 'predict.py']);
});
