import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { packagedFolder } from './packaged.ts';
import { plain, readTemplate } from './template.ts';

const ROOT = join(import.meta.dirname, '../..');
const zip = await readFile(join(await packagedFolder(), 'image-source.zip'));
const files = readZip(zip);

describe('the source of image builds', () => {
  it.each(['ImageProject', 'OwnImageProject', 'EnvironmentProject'])(
    'is stored under the name that the %s reads it by',
    async (id) => {
      const { Location } = (await readTemplate()).Resources[id]!.Properties.Source;
      const hash = createHash('sha256').update(zip).digest('hex').slice(0, 32);

      expect(plain(Location)).toMatch(new RegExp(`/${hash}\\.zip$`));
    },
  );

  it('holds the buildspecs, their commands and the runtimes, as they are', async () => {
    const names = files.map(({ name }) => name);

    expect(names).toEqual(names.toSorted());
    expect(names).toEqual(
      expect.arrayContaining([
        'buildspecs/environment.yml',
        'buildspecs/image.yml',
        'runtimes/onnx/Dockerfile',
        'runtimes/onnx/main.ts',
        'runtimes/onnx/package-lock.json',
        'runtimes/python/Dockerfile',
        'runtimes/python/requirements.txt',
        'runtimes/python/slipway_server/__main__.py',
      ]),
    );
    expect(names.filter((name) => /__pycache__|node_modules/.test(name))).toEqual([]);
    for (const { name, content, sum } of files) {
      expect(content.equals(await readFile(join(ROOT, name)))).toBe(true);
      expect(sum).toBe(crc32(content));
    }
  });
});

type ZipFile = {
  readonly name: string;
  readonly sum: number;
  readonly content: Buffer;
};

/** The files of a zip that compresses nothing, by its central directory. PKWARE's APPNOTE.TXT 6.3, §4.3.12 and §4.3.16. */
function readZip(bytes: Buffer): readonly ZipFile[] {
  const end = bytes.lastIndexOf(Buffer.from('PK\x05\x06'));
  const found: ZipFile[] = [];
  for (let at = bytes.readUInt32LE(end + 16); at < end; ) {
    const nameLength = bytes.readUInt16LE(at + 28);
    const start = bytes.readUInt32LE(at + 42) + 30 + nameLength;
    found.push({
      name: bytes.toString('utf8', at + 46, at + 46 + nameLength),
      sum: bytes.readUInt32LE(at + 16),
      content: bytes.subarray(start, start + bytes.readUInt32LE(at + 24)),
    });
    at += 46 + nameLength;
  }
  return found;
}
