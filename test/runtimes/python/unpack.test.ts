import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { modelFolder, stopServers } from '../model-server.ts';
import { onPython } from '../python-runtime.ts';
import type { Runtime } from '../runtime.ts';

const run = promisify(execFile);

const TAR = 'import io, sys, tarfile\ntar = tarfile.open("a.archive", "w:gz")\n';
const ZIP = 'import sys, zipfile\nzip = zipfile.ZipFile("a.archive", "w")\n';

await onPython(describeUnpack);

function tarMember(name: string, more = ''): string {
  return `m = tarfile.TarInfo(${JSON.stringify(name)}); m.size = 1; ${more}\ntar.addfile(m, io.BytesIO(b"x"))\n`;
}

function describeUnpack(runtime: Runtime): void {
  const [python] = runtime.command;
  afterAll(stopServers);

  /** Makes the archive by a script of Python, and unpacks it; the files that came of it. */
  async function unpacked(script: string) {
    const folder = await modelFolder({});
    await run(python, ['-c', `${script}\n`], { cwd: folder });
    const command = ['-m', 'slipway_server.unpack', 'a.archive', 'out'];
    await run(python, command, { cwd: folder, env: runtime.env });
    expect(await readdir(folder)).toEqual(['a.archive', 'out']);
    return join(folder, 'out');
  }

  it.each([
    { says: 'a tar', script: `${TAR}${tarMember('./code/a.py')}${tarMember('b')}tar.close()` },
    {
      says: 'a zip',
      script: `${ZIP}zip.mkdir("code") if sys.version_info >= (3, 11) else None\nzip.writestr("code/a.py", "x"); zip.writestr("b", "x"); zip.close()`,
    },
  ])('$says becomes its files', async ({ script }) => {
    const folder = await unpacked(script);

    expect(await readFile(join(folder, 'code/a.py'), 'utf8')).toBe('x');
    expect((await readdir(folder)).sort()).toEqual(['b', 'code']);
  });

  it.each([
    { says: 'goes up', script: `${TAR}${tarMember('../b')}` },
    { says: 'is absolute', script: `${TAR}${tarMember('/tmp/slipway-b')}` },
    {
      says: 'is a link',
      script: `${TAR}${tarMember('b', 'm.type = tarfile.SYMTYPE; m.size = 0')}`,
    },
    {
      says: 'is a device',
      script: `${TAR}${tarMember('b', 'm.type = tarfile.CHRTYPE; m.size = 0')}`,
    },
    { says: 'comes twice', script: `${TAR}${tarMember('b')}${tarMember('./b')}` },
    { says: 'goes up in a zip', script: `${ZIP}zip.writestr("../b", "x")` },
    {
      says: 'is a link in a zip',
      script: `${ZIP}i = zipfile.ZipInfo("b"); i.create_system = 3; i.external_attr = 0o120777 << 16; zip.writestr(i, "/etc")`,
    },
  ])('an entry that $says ends it with one line', async ({ script }) => {
    const closed = `${script}\n${script.startsWith(TAR) ? 'tar' : 'zip'}.close()`;

    await expect(unpacked(closed)).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^a\.archive: .*b.*\n$/),
    });
  });
}
