import { deflateRawSync, gzipSync } from 'node:zlib';
import { unpacked } from '../../support/bytes/archive-files.ts';
import {
  longName,
  paxPart,
  paxRecord,
  TAR_END,
  type TarPart,
  tarOf,
  tarPart,
} from '../../support/bytes/tar.ts';
import { numbers, wideEnd, type ZipPart, type ZipShape, zipOf } from '../../support/bytes/zip.ts';

const ZEROS = Buffer.alloc(2 * 2 ** 20);
const FINE: TarPart = { name: 'model.txt', content: 'tree' };
const GZIPPED = gzipSync(tarOf(FINE));
const ENTRY: ZipPart = { name: 'model.txt', content: 'tree' };
const PACKED: ZipPart = { name: 'model.txt', content: 'tree '.repeat(50), method: 8 };

async function refusal(bytes: Uint8Array, name: string, maxBytes?: number) {
  const outcome = await unpacked(bytes, name, maxBytes).catch((error: unknown) => error);
  if (outcome instanceof Error) return outcome;
  throw new Error(`${name} was opened: ${Object.keys(outcome as object).join(', ')}`);
}

describe('a tar is refused', () => {
  it.each<[string, string, ...(TarPart | Buffer)[]]>([
    ['which climbs out of its folder', 'with `..`', { name: '../model.txt' }],
    ['which climbs out later', 'with `..`', { name: 'a/b/../../../model.txt' }],
    ['which climbs behind ./', 'with `..`', { name: './../model.txt' }],
    ['which climbs by its prefix', 'with `..`', { name: 'model.txt', prefix: '..' }],
    [
      'of GNU with a folder where POSIX has one',
      'where POSIX has a folder',
      { name: 'model.txt', magic: 'ustar  \0', prefix: 'other' },
    ],
    ['which climbs by a long name', 'with `..`', longName('../model.txt'), FINE],
    ['which climbs by a pax path', 'with `..`', paxPart({ path: '../model.txt' }), FINE],
    ['which climbs by a folder', 'with `..`', { name: '..', type: '5' }],
    ['with an absolute path', 'absolute path', { name: '/etc/passwd' }],
    ['with an absolute prefix', 'absolute path', { name: 'passwd', prefix: '/etc' }],
    ['with an absolute pax path', 'absolute path', paxPart({ path: '/etc/passwd' }), FINE],
    ['with a drive letter', 'drive letter', { name: 'C:/model.txt' }],
    ['with a backslash', 'backslash', { name: '..\\model.txt' }],
    ['with a NUL in a pax path', 'NUL character', paxPart({ path: 'a\0b' }), FINE],
    ['with a name after a NUL', 'after a NUL', { name: 'model.txt\0.exe' }],
    ['with a line break in a name', 'control character', { name: 'model\n.txt' }],
    ['with a name which is not UTF-8', 'not UTF-8', { name: Buffer.from([0x6d, 0xff]) }],
    ['with an empty name', 'is not a name', { name: '' }],
    ['with an empty folder', 'empty or `.` folder', { name: 'a//b' }],
    ['with a name of 2,000 letters', 'longer than 1024', longName('a'.repeat(2000)), FINE],
    [
      'with a name that no file system takes',
      'a name of more than 255 bytes',
      longName(`a/${'é'.repeat(128)}/b`),
      FINE,
    ],
    ['with a symbolic link', 'a symbolic link', { name: 'a', type: '2', link: '/etc' }],
    ['with a hard link', 'a hard link', FINE, { name: 'a', type: '1', link: 'model.txt' }],
    ['with a long link', 'a link with a long', tarPart({ name: 'a', type: 'K' }), FINE],
    ['with a character device', 'a character device', { name: 'null', type: '3' }],
    ['with a block device', 'a block device', { name: 'sda', type: '4' }],
    ['with a named pipe', 'a named pipe', { name: 'pipe', type: '6' }],
    ['with a sparse file', 'a sparse file', { name: 'a', type: 'S' }],
    ['with a file of an unknown type', 'unknown type', { name: 'a', type: 'V' }],
    ['with a sparse file in pax', 'GNU.sparse.', paxPart({ 'GNU.sparse.major': '1' }), FINE],
    ['with a link path in pax', 'linkpath', paxPart({ linkpath: '/etc' }), FINE],
    ['with names in another code', 'hdrcharset', paxPart({ hdrcharset: 'BINARY' }), FINE],
    ['with a file twice', '`model.txt` and `model.txt`', FINE, FINE],
    ['with a file in two cases', '`model.txt` and `MODEL.txt`', FINE, { name: 'MODEL.txt' }],
    ['with a folder in two cases', '`A` and `a`', { name: 'A/b' }, { name: 'a/c' }],
    ['with a file composed twice', 'as the same file', { name: 'é' }, { name: 'e\u0301' }],
    ['with ß and SS', 'as the same file', { name: 'ß' }, { name: 'SS' }],
    ['with a file in a file', 'as the same file', { name: 'a' }, { name: 'a/b' }],
    ['with a folder over a file', 'as the same file', { name: 'a' }, { name: 'a/', type: '5' }],
    ['with a file over a folder', 'as the same file', { name: 'a/b' }, { name: 'a' }],
    ['with a folder that has content', 'with content', { name: 'a', type: '5', content: 'x' }],
    ['with two long names', 'two extended headers', longName('a'), longName('b'), FINE],
    ['with pax before a long name', 'two extended', paxPart({ size: '0' }), longName('a'), FINE],
    ['with a global name', 'a global header', paxPart({ path: 'a' }, 'g'), FINE],
    ['with a global size', 'a global header', paxPart({ size: '1' }, 'g'), FINE],
    ['whose pax size lies', 'has 4 bytes, but also 512', paxPart({ size: '512' }), FINE],
    ['whose pax size is none', 'has no size', paxPart({ size: '-1' }), FINE],
    ['whose size is none', 'size is not a number', { ...FINE, size: '0000000000z\0' }],
    ['whose size is negative', 'size is not a number', { ...FINE, size: Buffer.alloc(12, 0xff) }],
    ['whose size is beyond counting', 'not a number', { ...FINE, size: Buffer.alloc(12, 0x80) }],
    ['whose size goes beyond its end', 'truncated', { ...FINE, size: '00000007777\0' }],
    ['whose size is beyond the limit', 'the limit is', { ...FINE, size: '77777777777\0' }],
    ['with a wrong checksum', 'checksum does not match', { ...FINE, checksum: '000001\0 ' }],
    ['of an unknown kind', 'unknown kind', { ...FINE, magic: 'ustarX00' }],
    ['which holds nothing', 'holds no file', { name: 'a', type: '5' }],
    ['which goes on after its end', 'continues after', FINE, TAR_END, FINE],
    ['with more than 1,000 entries', 'more than 1000', ...many(1001)],
  ])('%s', async (_, message, ...parts) => {
    const bytes = tarOf(...parts);

    for (const [name, each] of [
      ['a.tar', bytes],
      ['a.tar.gz', gzipSync(bytes)],
    ] as const) {
      expect(await refusal(each, name)).toMatchObject({
        name: 'ArtifactRejected',
        message: expect.stringContaining(message),
        fix: expect.stringMatching(/\.$/),
      });
    }
  });

  it.each<[string, string, Buffer]>([
    ['without an end', 'is truncated', tarPart(FINE)],
    ['with half an end', 'is truncated', Buffer.concat([tarPart(FINE), Buffer.alloc(512)])],
    ['cut within a file', 'is truncated', tarOf({ ...FINE, content: ZEROS }).subarray(0, 9000)],
    ['cut within a header', 'is truncated', tarOf(FINE, FINE).subarray(0, 1500)],
    ['with a name announced and no file', 'is truncated', tarOf(longName('a'))],
    ['with an extended header of 1 MiB', 'the limit is 65536', tarOf(paxPart({ a: mebibyte() }))],
    ['with a pax record cut short', 'is damaged', pax('99 path=a\n')],
    ['with a pax record without a line end', 'is damaged', pax('9 path=abc')],
    [
      'with a pax record given twice',
      'twice',
      pax(paxRecord('path', 'a') + paxRecord('path', 'b')),
    ],
    [
      'with 2 MiB of zeros behind it',
      'continues for more than',
      Buffer.concat([tarOf(FINE), ZEROS]),
    ],
  ])('%s', async (_, message, bytes) => {
    expect(await refusal(bytes, 'a.tar')).toMatchObject({
      name: 'ArtifactRejected',
      message: expect.stringContaining(message),
    });
  });

  it.each<[string, string, Buffer]>([
    ['a bomb', 'the limit is 100 times', gzipSync(tarOf({ name: 'a', content: ZEROS }))],
    ['a bomb behind its end', 'the limit is 100', gzipSync(Buffer.concat([tarOf(FINE), ZEROS]))],
    ['cut short', 'is truncated', GZIPPED.subarray(0, -9)],
    ['followed by something', 'is damaged', Buffer.concat([GZIPPED, Buffer.from('more')])],
    ['followed by zeros', 'other data follows', Buffer.concat([GZIPPED, Buffer.alloc(8)])],
    ['with a wrong length', 'is damaged', GZIPPED.with(-1, 1) as Buffer],
    ['with a wrong checksum', 'is damaged', Buffer.from(GZIPPED.with(-5, 1 ^ GZIPPED.at(-5)!))],
    ['with no tar in it', 'is damaged', gzipSync('x'.repeat(600))],
    ['empty', 'is truncated', gzipSync('')],
  ])('when its gzip is %s', async (_, message, bytes) => {
    expect(await refusal(bytes, 'a.tar.gz')).toMatchObject({
      name: 'ArtifactRejected',
      message: expect.stringContaining(message),
    });
  });
});

describe('a zip is refused', () => {
  const LIE = { size: 4_000_000 };
  it.each<[string, string, readonly ZipPart[], ZipShape]>(
    rows([
      ['which climbs out of its folder', 'with `..`', [{ ...ENTRY, name: 'a/../../b' }]],
      ['with an absolute path', 'absolute path', [{ ...ENTRY, name: '/etc/passwd' }]],
      ['with a drive letter', 'drive letter', [{ ...ENTRY, name: 'c:b' }]],
      ['with a backslash', 'backslash', [{ ...ENTRY, name: '..\\b' }]],
      ['with a NUL in a name', 'NUL character', [{ ...ENTRY, name: 'b\0.txt' }]],
      ['with a name which is not UTF-8', 'not UTF-8', [{ ...ENTRY, name: Buffer.from([0xff]) }]],
      ['with a name in who knows what', 'not marked', [{ ...ENTRY, name: 'é' }]],
      ['with an entry without a name', 'is not a name', [{ ...ENTRY, name: '' }]],
      [
        'with a second name',
        'a second name',
        [{ ...ENTRY, central: { extra: field(0x7075, 'b') } }],
      ],
      ['with an extra field cut short', 'longer', [{ ...ENTRY, central: { extra: cutField() } }]],
      ['with a symbolic link', 'a symbolic link', [{ ...ENTRY, mode: 0o120777 }]],
      ['with a device', 'a device', [{ ...ENTRY, mode: 0o020666 }]],
      ['with a named pipe', 'a named pipe', [{ ...ENTRY, mode: 0o010666 }]],
      ['with a folder that has content', 'with content', [{ ...ENTRY, name: 'a/' }]],
      ['with a folder named as a file', 'not by both', [{ ...ENTRY, mode: 0o040755 }]],
      ['with a file twice', 'as the same file', [ENTRY, ENTRY]],
      ['with a file in two cases', 'as the same file', [ENTRY, { ...ENTRY, name: 'Model.txt' }]],
      ['with an encrypted entry', 'is encrypted', [{ ...ENTRY, flags: 1 }]],
      ['with an encrypted directory', 'unknown flags', [{ ...ENTRY, flags: 0x2000 }]],
      ['with another compression', 'by method 14', [{ ...ENTRY, method: 14 }]],
      ['with a bomb', 'the limit is 100 times', [{ ...PACKED, content: ZEROS }]],
      ['with a bomb that lies', 'or more; its entry says 10', [bomb({ size: 10 })]],
      [
        'with a size beyond the limit',
        'the limit is',
        [{ ...ENTRY, ...said({ size: 2 ** 31, stored: 2 ** 31 }) }],
      ],
      [
        'whose content is longer than said',
        'its entry says 249',
        [{ ...PACKED, ...said({ size: 249 }) }],
      ],
      [
        'whose content is shorter than said',
        'its entry says 251',
        [{ ...PACKED, ...said({ size: 251 }) }],
      ],
      [
        'whose stored sizes differ',
        'has 4 bytes, but says 5',
        [{ ...ENTRY, ...said({ size: 5 }) }],
      ],
      [
        'with a wrong checksum of what is stored',
        'the checksum',
        [{ ...ENTRY, ...said({ crc: 1 }) }],
      ],
      ['with a wrong checksum', 'the checksum', [{ ...PACKED, ...said({ crc: 1 }) }]],
      ['with more behind a content', 'other data follows', [{ ...PACKED, data: longer() }]],
      [
        'with a content cut short',
        'is truncated',
        [{ ...PACKED, data: deflated().subarray(0, -2) }],
      ],
      ['with a damaged content', 'is damaged', [{ ...PACKED, data: Buffer.alloc(9, 7) }]],
      [
        'with another name inside',
        'with differences',
        [{ ...ENTRY, local: { name: 'other.txt' } }],
      ],
      ['with another method inside', 'with differences', [{ ...ENTRY, local: { method: 8 } }]],
      ['with other flags inside', 'with differences', [{ ...ENTRY, local: { flags: 0x800 } }]],
      ['with another size inside', 'with differences', [{ ...ENTRY, local: { size: 5 } }]],
      ['with another checksum inside', 'with differences', [{ ...ENTRY, local: { crc: 5 } }]],
      [
        'with another size in its directory',
        'has 4 bytes, but says 4000000',
        [{ ...ENTRY, central: LIE }],
      ],
      ['with a descriptor that differs', 'contradicts itself', [described(5)]],
      ['with overlapping entries', 'overlaps', [ENTRY, { ...ENTRY, name: 'b', offset: 0 }]],
      ['with an entry inside another', 'overlaps', [ENTRY, { ...ENTRY, name: 'b', offset: 10 }]],
      [
        'with a gap',
        'leaves a gap',
        [ENTRY, { ...ENTRY, name: 'b' }],
        { between: Buffer.alloc(9) },
      ],
      ['with something before it', 'first bytes', [ENTRY], { before: Buffer.alloc(9) }],
      ['with something behind it', 'continues after', [ENTRY], { after: Buffer.from('more') }],
      [
        'with a second end in its comment',
        'continues',
        [ENTRY],
        { comment: 'PK\x05\x06'.padEnd(40) },
      ],
      ['with fewer entries than said', 'its end record says 2', [ENTRY], { end: { entries: 2 } }],
      ['with more entries than said', 'its end record says 0', [ENTRY], { end: { entries: 0 } }],
      ['with a directory elsewhere', 'but it ends at', [ENTRY], { end: { offset: 0 } }],
      ['with a longer directory', 'but it ends at', [ENTRY], { end: { size: 999 } }],
      ['in several parts', 'one part of several', [ENTRY], { end: { disk: 1 } }],
      ['with an entry on another disk', 'one part of several', [{ ...ENTRY, disk: 3 }]],
      [
        'with no 64-bit end',
        'says that it has a 64-bit directory',
        [ENTRY],
        { end: { offset: 0xffffffff } },
      ],
      [
        'with a 64-bit end that differs',
        'with differences',
        [ENTRY],
        { wide: (d) => wideEnd({ ...d, entries: 9 }) },
      ],
      ['with a 64-bit end elsewhere', 'not followed by', [ENTRY], { wide: (d) => wideEnd(d, 3) }],
      [
        'with a damaged 64-bit end',
        'damaged 64-bit',
        [ENTRY],
        { wide: (d) => wideEnd(d).with(0, 0) },
      ],
      [
        'with 64-bit sizes where none belong',
        'bytes of 64-bit',
        [{ ...ENTRY, central: { extra: field(1, 'x'.repeat(8)) } }],
      ],
      [
        'with 64-bit sizes that are not its whole 32-bit ones',
        'bytes of 64-bit',
        [{ ...ENTRY, central: { extra: field(1, '\x00'.repeat(16)) } }],
      ],
      [
        'with a size and a half',
        'bytes of 64-bit',
        [{ ...ENTRY, local: { extra: field(1, 'x'.repeat(12)) } }],
      ],
      [
        'with 64-bit sizes missing',
        'bytes of 64-bit',
        [{ ...ENTRY, central: { size: 0xffffffff } }],
      ],
      [
        'with a size beyond 2^53',
        'an impossible size',
        [{ ...ENTRY, central: { size: 0xffffffff, extra: field(1, '\xff'.repeat(8)) } }],
      ],
      ['which holds nothing', 'holds no file', []],
      [
        'with more than 1,000 entries',
        'more than 1000',
        Array.from({ length: 1001 }, (_, index) => ({ name: `${index}` })),
      ],
    ]),
  )('%s', async (_, message, parts, shape) => {
    expect(await refusal(zipOf(parts, shape), 'a.zip')).toMatchObject({
      name: 'ArtifactRejected',
      message: expect.stringContaining(message),
      fix: expect.stringMatching(/\.$/),
    });
  });

  it('cut off at every byte', async () => {
    const whole = zipOf([ENTRY, PACKED].map((part, index) => ({ ...part, name: `${index}` })));

    for (let length = 0; length < whole.length; length++) {
      expect((await refusal(whole.subarray(0, length), 'a.zip')).name).toBe('ArtifactRejected');
    }
  });

  function rows(
    short: readonly (readonly [string, string, readonly ZipPart[], ZipShape?])[],
  ): [string, string, readonly ZipPart[], ZipShape][] {
    return short.map(([name, message, parts, shape = {}]) => [name, message, parts, shape]);
  }

  function said(local: NonNullable<ZipPart['local']>) {
    return { local, central: local };
  }

  function bomb(local: NonNullable<ZipPart['local']>): ZipPart {
    return { ...PACKED, content: Buffer.alloc(500_000), ...said(local) };
  }

  function described(size: number): ZipPart {
    const descriptor = numbers([4, 0x08074b50], [4, 0], [4, size], [4, size]);
    return { ...ENTRY, flags: 8, local: { crc: 0, size: 0, stored: 0 }, descriptor };
  }

  function deflated(): Buffer {
    return deflateRawSync(Buffer.from(PACKED.content!));
  }

  function longer(): Buffer {
    return Buffer.concat([deflated(), Buffer.from('more')]);
  }
});

it('what is larger than the limit is refused, whatever holds it', async () => {
  const content = 'x'.repeat(101);

  for (const [name, bytes] of [
    ['a.tar', tarOf({ name: 'a', content })],
    ['a.tgz', gzipSync(tarOf({ name: 'a', content }))],
    ['a.zip', zipOf([{ name: 'a', content }])],
  ] as const) {
    expect(await refusal(bytes, name, 100)).toMatchObject({
      message: `${name} holds 101 bytes or more; the limit is 100`,
    });
    expect(await unpacked(bytes, name, 101)).toEqual({ a: Buffer.from(content) });
  }
});

it.each(['a.zip', 'a.tar', 'a.tar.gz'])('%s of other bytes is refused', async (name) => {
  expect(await refusal(Buffer.from('something else'), name)).toMatchObject({
    name: 'ArtifactRejected',
    message: expect.stringContaining('its first bytes are not those'),
  });
});

function many(count: number): readonly TarPart[] {
  return Array.from({ length: count }, (_, index) => ({ name: `${index}` }));
}

function pax(content: string): Buffer {
  return tarOf({ name: 'x', type: 'x', content }, FINE);
}

function mebibyte(): string {
  return 'a'.repeat(2 ** 20);
}

function field(id: number, content: string): Buffer {
  return Buffer.concat([numbers([2, id], [2, content.length]), Buffer.from(content, 'latin1')]);
}

function cutField(): Buffer {
  return numbers([2, 0x5455], [2, 9]);
}
