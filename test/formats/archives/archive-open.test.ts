import { execFile, execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { deflateRawSync, gzipSync } from 'node:zlib';
import { isArchive, openArchive } from '#formats/archives/open.ts';
import { contentOf, memoryFile, unpacked } from '../../support/bytes/archive-files.ts';
import { bytesSource, fileSource } from '../../support/bytes/sources.ts';
import { longName, paxPart, tarOf } from '../../support/bytes/tar.ts';
import { numbers, wideEnd, zipOf } from '../../support/bytes/zip.ts';
import { missingPrograms, missingPython, needing } from '../../support/needs.ts';

const ENDLESS_CHILD = join(import.meta.dirname, '../../support/bytes/large-archive-child.ts');
const LONG = `${'folder/'.repeat(20)}${'n'.repeat(90)}.txt`;
const LARGE = randomBytes(1.5 * 2 ** 20);
const CONTENTS: Readonly<Record<string, Buffer>> = {
  'model/MLmodel': Buffer.from('flavors:\n'),
  'model/empty': Buffer.alloc(0),
  'model/large.bin': LARGE,
  'model/zeros.bin': Buffer.alloc(500_000),
  [`model/${LONG}`]: Buffer.from('far down'),
};

const PYTHON_TAR = `
import sys, tarfile
for name in ('USTAR', 'GNU', 'PAX'):
    for mode in ('w', 'w:gz'):
        kind = 'tar' if mode == 'w' else 'tgz'
        with tarfile.open(f'python-{name}.{kind}', mode, format=getattr(tarfile, f'{name}_FORMAT')) as tar:
            tar.add('model')
`;

const PYTHON_ZIP = `
import os, shutil, sys, zipfile
class Unseekable:
    def __init__(self, file): self.file = file
    def write(self, data): return self.file.write(data)
    def flush(self): self.file.flush()
def walk():
    for folder, _, names in os.walk('model'):
        for name in names: yield os.path.join(folder, name)
for kind in ('STORED', 'DEFLATED'):
    method = getattr(zipfile, f'ZIP_{kind}')
    with zipfile.ZipFile(f'python-{kind}.zip', 'w', method) as z:
        for path in walk(): z.write(path)
    with open(f'python-streamed-{kind}.zip', 'wb') as file, zipfile.ZipFile(Unseekable(file), 'w', method) as z:
        for path in walk(): z.write(path)
    with zipfile.ZipFile(f'python-wide-{kind}.zip', 'w', method) as z:
        for path in walk():
            with z.open(zipfile.ZipInfo(path), 'w', force_zip64=True) as member, open(path, 'rb') as file:
                shutil.copyfileobj(file, member)
shutil.make_archive('python-made', 'zip', '.', 'model')
`;

describe('what real tools pack is opened, and reads as the files that went in', () => {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-archives-'));
  for (const [name, content] of Object.entries(CONTENTS)) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  afterAll(() => rmSync(folder, { recursive: true }));

  const run = (tool: string, ...args: string[]) => execFileSync(tool, args, { cwd: folder });

  async function expectAll(archive: string): Promise<void> {
    const source = await fileSource(join(folder, archive));
    const file = { name: archive, sizeBytes: source.sizeBytes, open: async () => source };
    const files = await openArchive(file, 64 * 2 ** 20);
    const found = await Promise.all(
      files.map(async (each) => [each.name, (await contentOf(each)).equals(CONTENTS[each.name]!)]),
    );

    expect(Object.fromEntries(found)).toEqual(
      Object.fromEntries(Object.keys(CONTENTS).map((name) => [name, true])),
    );
  }

  needing(missingPrograms('tar'), () => {
    it.each([
      ['gnu', 'cf', 'a.tar'],
      ['posix', 'cf', 'b.tar'],
      ['ustar', 'cf', 'c.tar'],
      ['gnu', 'czf', 'a.tar.gz'],
      ['posix', 'czf', 'b.tgz'],
    ])('by tar as %s with %s', async (format, flags, archive) => {
      run('tar', `--format=${format}`, `-${flags}`, archive, 'model');
      await expectAll(archive);
    });

    it('by tar of the folder it stands in', async () => {
      run('tar', '-czf', '../dot.tar.gz', '-C', 'model', '.');
      const source = readFileSync(join(folder, '..', 'dot.tar.gz'));
      rmSync(join(folder, '..', 'dot.tar.gz'));

      expect(Object.keys(await unpacked(source, 'dot.tar.gz'))).toContain('MLmodel');
    });

    it('but not a link, of which it has the place it points to', async () => {
      symlinkSync('/etc/passwd', join(folder, 'link'));
      run('tar', '-cf', 'link.tar', 'link');

      await expect(expectAll('link.tar')).rejects.toThrow('which is a symbolic link');
    });
  });

  needing(missingPrograms('zip'), () => {
    it.each([
      ['-qr', 'a.zip'],
      ['-qr0', 'b.zip'],
      ['-qr9', 'c.zip'],
      ['-qrD', 'd.zip'],
      ['-qrfz', 'e.zip'],
    ])('by zip %s', async (flags, archive) => {
      run('zip', flags, archive, 'model');
      await expectAll(archive);
    });

    it('by zip into a pipe', async () => {
      const bytes = execFileSync('zip', ['-qr', '-', 'model'], { cwd: folder, maxBuffer: 2 ** 24 });
      writeFileSync(join(folder, 'piped.zip'), bytes);

      await expectAll('piped.zip');
    });
  });

  needing(missingPython, () => {
    describe('by Python', () => {
      beforeAll(() => {
        run('python3', '-c', PYTHON_TAR);
        run('python3', '-c', PYTHON_ZIP);
      });

      it.each(
        ['USTAR', 'GNU', 'PAX'].flatMap((name) => [`python-${name}.tar`, `python-${name}.tgz`]),
      )('%s', expectAll);

      it.each([
        'python-STORED.zip',
        'python-DEFLATED.zip',
        'python-streamed-STORED.zip',
        'python-streamed-DEFLATED.zip',
        'python-wide-STORED.zip',
        'python-wide-DEFLATED.zip',
        'python-made.zip',
      ])('%s', expectAll);
    });
  });
});

describe('an archive of odd but honest make is opened:', () => {
  const content = 'tree';
  const name = 'model.txt';
  const packed = { name, content: 'tree '.repeat(50), method: 8 };
  const sizes = numbers([2, 1], [2, 16], [8, 4], [8, 4]);
  const later = { crc: 0, size: 0, stored: 0 };
  const deflatedBytes = deflateRawSync(Buffer.from(packed.content)).length;

  it.each<[string, Buffer, string, string]>([
    ['a tar with a long name', tarOf(longName(LONG), { name: 'x', content }), 'a.tar', LONG],
    [
      'a tar with a pax path',
      tarOf(paxPart({ path: LONG }), { name: 'x', content }),
      'a.tar',
      LONG,
    ],
    [
      'a tar with a comment',
      tarOf(paxPart({ comment: 'x' }, 'g'), { name, content }),
      'a.tar',
      name,
    ],
    ['a tar with files of the old type', tarOf({ name, content, type: '\0' }), 'a.tar', name],
    ['a tar with GNU sizes', tarOf({ name, content, size: gnuSize(4) }), 'a.tar', name],
    [
      'a tar with a folder first',
      tarOf({ name: 'a/', type: '5' }, { name: './a/b' }),
      'a.tar',
      'a/b',
    ],
    ['a gzip in two members', Buffer.concat(halves(tarOf({ name, content }))), 'a.tgz', name],
    [
      'a zip with its sizes in 64 bits too',
      zipOf([{ name, content, local: { extra: sizes } }]),
      'a.zip',
      name,
    ],
    ['a zip with a comment', zipOf([{ name, content }], { comment: 'made today' }), 'a.zip', name],
    ['a zip with a UTF-8 name', zipOf([{ name: 'é', content, flags: 0x800 }]), 'a.zip', 'é'],
    [
      'a zip with a 64-bit end',
      zipOf([{ name, content }], { wide: (d) => wideEnd(d) }),
      'a.zip',
      name,
    ],
    [
      'a zip with an unsigned descriptor',
      zipOf([{ ...packed, flags: 8, local: later, descriptor: descriptor(4) }]),
      'a.zip',
      name,
    ],
    [
      'a zip with a 64-bit descriptor',
      zipOf([{ ...packed, flags: 8, local: later, descriptor: descriptor(8) }]),
      'a.zip',
      name,
    ],
  ])('%s', async (_, bytes, archive, found) => {
    expect(Object.keys(await unpacked(bytes, archive))).toEqual([found]);
  });

  function descriptor(width: number): Buffer {
    const crc = zipOf([packed]).readUInt32LE(14);
    return numbers([4, crc], [width, deflatedBytes], [width, packed.content.length]);
  }

  function gnuSize(bytes: number): Buffer {
    const size = Buffer.alloc(12);
    size.writeUInt8(0x80);
    size.writeUInt8(bytes, 11);
    return size;
  }

  function halves(bytes: Buffer): Buffer[] {
    return [gzipSync(bytes.subarray(0, 700)), gzipSync(bytes.subarray(700))];
  }
});

describe('the files in an archive', () => {
  it('are read forwards, backwards and beyond their end', async () => {
    const bytes = gzipSync(tarOf({ name: 'a', content: LARGE }, { name: 'b', content: 'end' }));
    const [large, small] = await openArchive(memoryFile('a.tar.gz', bytes), 2 ** 24);
    const source = await large!.open();

    expect(await source.read(1_400_000, 10)).toEqual(LARGE.subarray(1_400_000, 1_400_010));
    expect(await source.read(5, 10)).toEqual(LARGE.subarray(5, 15));
    expect(await source.read(LARGE.length - 4, 10)).toEqual(LARGE.subarray(-4));
    expect(Buffer.from(await (await small!.open()).read(1, 10)).toString()).toBe('nd');
  });

  it('are read at once as they are one by one', async () => {
    const bytes = gzipSync(tarOf({ name: 'a', content: LARGE }, { name: 'b', content: LARGE }));
    const files = await openArchive(memoryFile('a.tar.gz', bytes), 2 ** 24);
    const [a, b] = await Promise.all(files.map((file) => file.open()));
    const places = [900_000, 5, 1_200_000, 30, 1_499_999];

    const parts = await Promise.all(
      places.flatMap((place) => [a!.read(place, 50), b!.read(place, 50)]),
    );

    expect(parts).toEqual(
      places.flatMap((place) => [LARGE, LARGE].map((all) => all.subarray(place, place + 50))),
    );
  });

  it('in a tar in gzip pass through once, one after the other', async () => {
    const contents = Array.from({ length: 20 }, (_, index) => ({
      name: `${index}`,
      content: randomBytes(100_000),
    }));
    const bytes = gzipSync(tarOf(...contents));
    const source = bytesSource(bytes);
    const file = { name: 'a.tar.gz', sizeBytes: bytes.length, open: async () => source };

    for (const member of await openArchive(file, 2 ** 24)) await contentOf(member);

    expect(source.readBytes).toBeLessThan(2.2 * bytes.length);
  });

  it('are not read to be listed, where they are stored', async () => {
    // Smaller ones of a zip are read for their checksums.
    const content = Buffer.alloc(17 * 2 ** 20, 'x');
    for (const [name, bytes] of [
      ['a.tar', tarOf({ name: 'a', content }, { name: 'b', content })],
      [
        'a.zip',
        zipOf([
          { name: 'a', content },
          { name: 'b', content },
        ]),
      ],
    ] as const) {
      const source = bytesSource(bytes);

      await openArchive({ name, sizeBytes: bytes.length, open: async () => source }, 2 ** 30);

      expect(source.readBytes).toBeLessThan(2 ** 21);
    }
  });

  it('pass through in pieces: 100 MB take under 64 MiB of memory', async () => {
    const child = [ENDLESS_CHILD, '100'];

    const { stdout } = await promisify(execFile)(process.execPath, child);

    const { files, grownBytes } = JSON.parse(stdout);
    expect(files).toEqual([{ name: 'a', sizeBytes: 100_000_000 }]);
    expect(grownBytes).toBeLessThan(64 * 2 ** 20);
  });

  it('that reads badly fails with the error of the store', async () => {
    const bytes = gzipSync(tarOf({ name: 'a', content: LARGE }));
    const lost = { ...bytesSource(bytes), read: () => Promise.reject(new Error('gone')) };

    const file = { name: 'a.tgz', sizeBytes: bytes.length, open: async () => lost };

    await expect(openArchive(file, 2 ** 30)).rejects.toThrow('gone');
  });
});

it.each([
  ['model.tar.gz', true],
  ['MODEL.ZIP', true],
  ['a.tgz', true],
  ['model.pt', false],
  ['model.joblib.gz', false],
])('by its name %s is an archive: %s', (name, isOne) => {
  expect(isArchive(name)).toBe(isOne);
});

describe('a file in an archive says how many bytes are decompressed up to its end', () => {
  const PARTS = [
    { name: 'a', content: 'x'.repeat(3000) },
    { name: 'b', content: 'y'.repeat(700) },
  ];

  it.each<[string, string, Buffer, readonly (number | undefined)[]]>([
    ['a gzipped tar', 'm.tgz', gzipSync(tarOf(...PARTS)), [512 + 3000, 512 + 3072 + 512 + 700]],
    ['a tar, in which nothing is', 'm.tar', tarOf(...PARTS), [undefined, undefined]],
  ])('of %s', async (_, name, bytes, expected) => {
    const files = await openArchive(memoryFile(name, bytes), 2 ** 20);
    const sources = await Promise.all(files.map(({ open }) => open()));

    expect(sources.map(({ streamedBytes }) => streamedBytes)).toEqual(expected);
  });

  it('of a stored zip in a gzipped tar', async () => {
    const zip = zipOf([{ name: 'w', content: randomBytes(5000) }]);
    const [file] = await openArchive(
      memoryFile('m.tgz', gzipSync(tarOf({ name: 'm.zip', content: zip }))),
      2 ** 20,
    );
    if (!file) throw new Error('the archive holds a file');
    const [inner] = await openArchive(file, 2 ** 20);

    const end = (await inner?.open())?.streamedBytes ?? 0;

    expect(end).toBeGreaterThan(5000);
    expect(end).toBeLessThan(5000 + 1024);
  });
});
