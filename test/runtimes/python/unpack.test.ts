import { execFile } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import type { ArchiveMember, Unpacking } from '#domain/artifact/facts.ts';
import { openArchive, unpackingOf } from '#formats/archives/open.ts';
import { MAX_BYTES, memoryFile } from '../../support/bytes/archive-files.ts';
import { tarOf, tarPart } from '../../support/bytes/tar.ts';
import { zipOf } from '../../support/bytes/zip.ts';
import { modelFolder, stopServers } from '../model-server.ts';
import { onPython } from '../python-runtime.ts';
import type { Runtime } from '../runtime.ts';

const run = promisify(execFile);

const PARTS = [
  { name: './code/a.py', content: 'x'.repeat(100_000) },
  { name: 'b', content: 'y' },
  { name: 'empty', content: '' },
];
const TAR = tarOf(...PARTS);
const HARM = zipOf([{ name: 'b', content: 'harm' }]);
const MEMBER: ArchiveMember = {
  name: 'b',
  offset: 0,
  sizeBytes: 1,
  storedBytes: 1,
  isDeflated: false,
  crc: null,
};

await onPython(describeUnpack);

function describeUnpack(runtime: Runtime): void {
  const [python] = runtime.command;
  afterAll(stopServers);

  async function unpacked(bytes: Uint8Array, { isGzipped, members }: Omit<Unpacking, 'archive'>) {
    const folder = await modelFolder({ 'list.json': JSON.stringify({ isGzipped, members }) });
    await writeFile(join(folder, 'a.archive'), bytes);
    const command = ['-m', 'slipway_server.unpack', 'a.archive', 'out', 'list.json'];
    await run(python, command, { cwd: folder, env: runtime.env });
    expect((await readdir(folder)).sort()).toEqual(['a.archive', 'list.json', 'out']);
    return join(folder, 'out');
  }

  /** Takes out of an archive the files that inspection finds in it. */
  async function found(name: string, bytes: Uint8Array): Promise<Unpacking> {
    const file = memoryFile(name, bytes);
    return unpackingOf(file, await openArchive(file, MAX_BYTES));
  }

  it.each([
    ['a.tar', TAR],
    ['a.tar.gz', gzipSync(TAR)],
    ['a.tar.gz', Buffer.concat([gzipSync(TAR.subarray(0, 700)), gzipSync(TAR.subarray(700))])],
    ['a.zip', zipOf(PARTS)],
    ['a.zip', zipOf(PARTS.map((part) => ({ ...part, method: 8 })))],
  ])('%s becomes the files that inspection found in it', async (name, bytes) => {
    const folder = await unpacked(bytes, await found(name, bytes));

    expect(await readFile(join(folder, 'code/a.py'), 'utf8')).toBe(PARTS[0]?.content);
    expect(await readFile(join(folder, 'b'), 'utf8')).toBe('y');
    expect((await readdir(folder)).sort()).toEqual(['b', 'code', 'empty']);
  });

  it('a zip at the end of a tar stays a file of the tar', async () => {
    const bytes = Buffer.concat([
      tarPart({ name: 'b', content: 'y' }),
      tarOf({ name: 'z', content: HARM }),
    ]);

    const folder = await unpacked(bytes, await found('a.tar', bytes));

    expect(await readFile(join(folder, 'b'), 'utf8')).toBe('y');
    expect(await readFile(join(folder, 'z'))).toEqual(HARM);
  });

  it.each<[string, Partial<ArchiveMember>]>([
    ['goes up', { name: '../b' }],
    ['is absolute', { name: '/tmp/slipway-b' }],
    ['goes up by a backslash', { name: '..\\b' }],
    ['is longer than the archive', { sizeBytes: 10, storedBytes: 10 }],
    ['is shorter than was found', { sizeBytes: 2 }],
    ['has another checksum', { crc: 1 }],
    ['is no deflated content', { isDeflated: true }],
  ])('a member that %s ends it with one line', async (_, wrong) => {
    const members = [{ ...MEMBER, ...wrong }];

    await expect(unpacked(Buffer.from('y'), { isGzipped: false, members })).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^a\.archive: .*\n$/),
    });
  });

  it.each([
    ['comes twice', { offset: 1 }],
    ['comes twice by another spelling', { name: './b', offset: 1 }],
    ['shares its bytes with another', { name: 'c' }],
  ])('a member that %s ends it with one line', async (_, wrong) => {
    const members = [MEMBER, { ...MEMBER, ...wrong }];

    await expect(unpacked(Buffer.from('yy'), { isGzipped: false, members })).rejects.toMatchObject({
      code: 1,
    });
  });
}
