import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { installedHash } from '#compose/local-engine.ts';
import { temporaryFolder } from '../../support/slipway/running.ts';

it('a server that changes in any of its files, below its folder too, is another one', async () => {
  await using folder = await temporaryFolder();
  const inner = join(folder.path, 'serving/routes.ts');
  await mkdir(join(inner, '..'));
  await writeFile(join(folder.path, 'main.ts'), 'await import("./serving/routes.ts");');
  await writeFile(inner, 'one');

  const before = installedHash(folder.path);
  const again = installedHash(folder.path);
  await writeFile(inner, 'another');
  const after = installedHash(folder.path);

  expect(again).toBe(before);
  expect(after).not.toBe(before);
});
