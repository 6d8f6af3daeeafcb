import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Failure } from '#domain/failure.ts';
import { folderFiles } from '#operations/models/folder-files.ts';
import { requireBeside } from '#operations/models/links.ts';
import { temporaryFolder } from '../../support/slipway/running.ts';

it('what is hidden is no part of a folder, but the file that says its Python', async () => {
  await using folder = await temporaryFolder();
  await mkdir(join(folder.path, '.git'));
  for (const name of ['predict.py', '.python-version', '.env', '.git/config']) {
    await writeFile(join(folder.path, name), '');
  }

  expect(await folderFiles(folder.path)).toEqual(['.python-version', 'predict.py']);
});

describe('a link in a folder', () => {
  /** A folder in a separate place, with a secret beside it; `links` are its links and their targets. */
  async function linked(links: Readonly<Record<string, string>>, within = 'model') {
    const place = await temporaryFolder();
    const path = join(place.path, within);
    await mkdir(join(path, 'deep'), { recursive: true });
    await mkdir(join(place.path, 'models--a--b/blobs'), { recursive: true });
    await writeFile(join(place.path, 'credentials'), 'secret');
    await writeFile(join(place.path, 'models--a--b/blobs/0a1b'), 'weights');
    await writeFile(join(path, 'predict.py'), '');
    for (const [name, target] of Object.entries(links)) await symlink(target, join(path, name));
    const leftOut: string[] = [];
    const told = { onLeftOut: (name: string) => leftOut.push(name) };
    const said = await folderFiles(path, told).catch((error: Failure) => error);
    await place[Symbol.asyncDispose]();
    return Array.isArray(said) && leftOut.length > 0 ? { found: said, leftOut } : said;
  }

  it.each([
    { of: 'to a file beside the folder', links: { 'data.txt': '../credentials' } },
    { of: 'in a folder of it', links: { 'deep/data.txt': '../../credentials' } },
    { of: 'by another link', links: { 'a.txt': 'b.txt', 'b.txt': '../credentials' } },
    { of: 'to a file of the system', links: { 'data.txt': '/etc/passwd' } },
    { of: 'that seems to lead back', links: { 'data.txt': '../model/../credentials' } },
    { of: 'to blobs that are not those of its cache', links: { a: '../models--a--b/blobs/0a1b' } },
  ])('$of is refused with its file', async ({ links }) => {
    expect(await linked(links)).toMatchObject({
      name: 'InputInvalid',
      message: expect.stringMatching(
        /model.*\/\w+(\.txt)? is a link to \S+\/(credentials|passwd|0a1b), which is not in model$/,
      ),
      fix: expect.stringContaining('cp -L'),
    });
  });

  it.each([
    {
      of: 'to a file of the folder',
      links: { 'a.py': 'predict.py', 'deep/b.py': '../predict.py' },
    },
  ])('$of is taken as before', async ({ links }) => {
    expect(await linked(links)).toEqual([...Object.keys(links), 'predict.py'].sort());
  });

  it.each([
    { of: 'to a folder elsewhere', links: { elsewhere: '..' } },
    { of: 'to a folder of it', links: { latest: 'deep' } },
    { of: 'to nothing', links: { gone: '../nothing' } },
  ])('$of is left out, and said to be', async ({ links }) => {
    expect(await linked(links)).toEqual({ found: ['predict.py'], leftOut: Object.keys(links) });
  });

  it('of a snapshot in the cache of Hugging Face is its blob, and no other file', async () => {
    const snapshot = 'models--a--b/snapshots/main';

    expect(await linked({ 'w.bin': '../../blobs/0a1b' }, snapshot)).toEqual([
      'predict.py',
      'w.bin',
    ]);
    expect(await linked({ 'w.bin': '../../../credentials' }, snapshot)).toMatchObject({
      name: 'InputInvalid',
    });
  });

  it('beside a file that is pushed has to lie beside it too', async () => {
    await using place = await temporaryFolder();
    await mkdir(join(place.path, 'store'));
    for (const name of ['secret', 'store/m.onnx', 'store/m.onnx.data']) {
      await writeFile(join(place.path, name), '');
    }
    await mkdir(join(place.path, 'here'));
    const named = join(place.path, 'here/m.onnx');
    await symlink('../store/m.onnx', named);
    await symlink('../store/m.onnx.data', `${named}.data`);
    await symlink('../secret', `${named}.yaml`);

    await expect(requireBeside(`${named}.data`, named)).resolves.toBeUndefined();
    await expect(requireBeside(`${named}.yaml`, named)).rejects.toMatchObject({
      message: expect.stringMatching(/m\.onnx\.yaml is a link to .*secret, which is not in here$/),
    });
  });
});
