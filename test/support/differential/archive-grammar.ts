import { gzipSync } from 'node:zlib';
import {
  longName,
  paxPart,
  paxRecord,
  TAR_END,
  type TarPart,
  tarOf,
  tarPart,
} from '../bytes/tar.ts';
import { numbers, wideEnd, type ZipPart, type ZipShape, zipOf } from '../bytes/zip.ts';
import { bytesOf, modelsOf } from '../models/saved.ts';
import { inspectedArchive } from './archive-subject.ts';
import { type Chance, mutated } from './chance.ts';
import type { Subject } from './subject.ts';

const NAMES = [
  ...[
    'a',
    'b',
    'a/b',
    'folder/',
    'folder/c',
    './a',
    './',
    '.',
    'A',
    'é',
    'e\u0301',
    '../x',
    '/x',
    'a//b',
    'a/./b',
    'a\\b',
  ],
  ...[
    'a/',
    'b/c/d',
    '',
    'x'.repeat(100),
    'y/'.repeat(40),
    'z\0',
    'model.pkl',
    ' ',
    'a ',
    'ſ',
    'K',
    '\u212a',
  ],
];
const CONTENTS = [
  '',
  'a',
  'abc',
  'x'.repeat(511),
  'y'.repeat(512),
  'z'.repeat(1500),
  'PK\x03\x04',
  'PK\x05\x06',
];

const saved = modelsOf('archives').map((name) => bytesOf('archives', name));
const savedZips = saved.filter((bytes) => bytes[0] === 0x50);
const savedTars = saved.filter((bytes) => bytes[0] !== 0x50);

function some<Item>(chance: Chance, most: number, make: () => Item): Item[] {
  return Array.from({ length: chance.below(most + 1) }, make);
}

/** Mostly 0, else one of a few small numbers. */
function maybe<Item>(chance: Chance, share: number, make: () => Item): Item | undefined {
  return chance.is(share) ? make() : undefined;
}

export const zips: Subject = {
  reader: 'archives',
  make(chance) {
    if (chance.is(0.15)) return mutated(chance.pick(savedZips), savedZips, chance);
    const parts = Array.from({ length: 1 + chance.below(4) }, () => zipPart(chance));
    const bytes = zipOf(parts, zipShape(chance));
    return chance.is(0.2) ? mutated(bytes, [bytes], chance) : bytes;
  },
  inspect: (bytes) => inspectedArchive(bytes, 'zip'),
};

function zipPart(chance: Chance): ZipPart {
  const content = Buffer.from(chance.pick(CONTENTS), 'latin1');
  const name = chance.pick(NAMES);
  const hasDescriptor = chance.is(0.15);
  const utf8 = /[^\x20-\x7f]/.test(name) || chance.is(0.1) ? 0x800 : 0;
  const flags =
    (hasDescriptor ? 8 : 0) | (chance.is(0.95) ? utf8 : chance.pick([1, 2, 0x40, 0x2000]));
  const mode = maybe(chance, 0.06, () => chance.pick([0, 0o120777, 0o100644, 0o40755, 0o010644]));
  const local = said(chance, hasDescriptor);
  const central = maybe(chance, 0.04, () => said(chance, false));
  const method = chance.is(0.5) ? 8 : 0;
  return {
    name: name.endsWith('/') && chance.is(0.1) ? Buffer.from(`${name}x`) : name,
    content: name.endsWith('/') && chance.is(0.95) ? '' : content,
    method: name.endsWith('/') ? 0 : method,
    flags,
    ...(mode !== undefined && { mode }),
    ...(local && { local }),
    ...(central && { central }),
    ...(chance.is(0.01) && { offset: chance.below(100) }),
    ...(hasDescriptor && { descriptor: descriptor(chance, content, method) }),
  };
}

function said(chance: Chance, hasDescriptor: boolean): ZipPart['local'] {
  if (hasDescriptor && chance.is(0.8)) return { crc: 0, size: 0, stored: 0 };
  if (chance.is(0.9)) return undefined;
  const extra = chance.pick([
    numbers([2, 1], [2, 0]),
    numbers([2, 1], [2, 8], [8, 3]),
    numbers([2, 1], [2, 16], [8, 3], [8, 3]),
    numbers([2, 0x5455], [2, 1], [1, 0]),
    numbers([2, 0x7075], [2, 6], [1, 1], [4, 0], [1, 98]),
    numbers([1, 0]),
    numbers([2, 9], [2, 0]),
  ]);
  return chance.pick([
    { extra },
    { extra },
    { crc: 1 },
    { size: 2 },
    { stored: 0xffffffff, size: 0xffffffff, extra },
    { name: 'other' },
    { flags: 0x800 },
    { method: 0 },
  ]);
}

function descriptor(chance: Chance, content: Buffer, method: number): Buffer {
  const part = zipOf([{ name: 'a', content, method }]);
  const [crc, stored, size] = [part.readUInt32LE(14), part.readUInt32LE(18), part.readUInt32LE(22)];
  const width = chance.is(0.85) ? 4 : 8;
  const fields = numbers([4, crc], [width, stored], [width, size]);
  return chance.is(0.8) ? Buffer.concat([numbers([4, 0x08074b50]), fields]) : fields;
}

function zipShape(chance: Chance): ZipShape {
  const odd = (most = 60) => chance.bytes(1 + chance.below(most));
  const comment = maybe(chance, 0.08, () =>
    chance.pick(['c', 'PK\x05\x06', 'PK\x05\x06'.padEnd(22, '\0'), 'x'.repeat(300)]),
  );
  return {
    ...(chance.is(0.03) && { before: odd() }),
    ...(chance.is(0.02) && { between: odd() }),
    ...(chance.is(0.03) && {
      after: chance.pick([odd(), zipOf([{ name: 'b', content: 'other' }])]),
    }),
    ...(comment !== undefined && { comment }),
    ...(chance.is(0.04) && {
      end: chance.pick([
        { entries: 1 },
        { size: 46 },
        { offset: 0 },
        { disk: 1 },
        { entries: 0xffff },
        { offset: 0xffffffff },
      ]),
    }),
    ...(chance.is(0.08) && {
      wide: (facts) =>
        wideEnd(
          { ...facts, ...(chance.is(0.2) && { entries: 1 }) },
          facts.offset + facts.size + (chance.is(0.9) ? 0 : 1),
        ),
    }),
  };
}

export const tars: Subject = {
  reader: 'archives',
  make(chance) {
    if (chance.is(0.15)) return mutated(chance.pick(savedTars), savedTars, chance);
    const parts = Array.from({ length: 1 + chance.below(4) }, () => tarParts(chance)).flat();
    const tar = chance.is(0.95) ? tarOf(...parts) : endless(chance, parts);
    const bytes = chance.is(0.25) ? mutated(tar, [tar], chance) : tar;
    if (chance.is(0.6)) return bytes;
    const zipped = gzipSync(bytes, { level: 1 });
    return chance.is(0.1)
      ? Buffer.concat([zipped, chance.pick([zipped, chance.bytes(9), Buffer.alloc(9)])])
      : zipped;
  },
  inspect: (bytes) => inspectedArchive(bytes, 'tar'),
};

function endless(chance: Chance, parts: readonly (TarPart | Buffer)[]): Buffer {
  const bytes = parts.map((part) => (Buffer.isBuffer(part) ? part : tarPart(part)));
  const ends = [
    Buffer.alloc(0),
    Buffer.alloc(512),
    TAR_END,
    Buffer.concat([TAR_END, tarPart({ name: 'late', content: 'x' }), TAR_END]),
  ];
  return Buffer.concat([
    ...bytes,
    chance.pick(ends),
    Buffer.alloc(chance.pick([0, 0, 512, 100, 9216])),
  ]);
}

function tarParts(chance: Chance): (TarPart | Buffer)[] {
  const before = chance.is(0.35) ? extended(chance) : [];
  const content = chance.pick(CONTENTS);
  const name = chance.pick(NAMES);
  const isFolder = name.endsWith('/');
  const size = maybe(chance, 0.08, () => sizeField(chance, Buffer.byteLength(content)));
  const type = chance.is(0.1)
    ? chance.pick(['\0', '0', '1', '2', '5', '7', 'S', 'g', 'V', 'M', 'D', 'N'])
    : isFolder
      ? '5'
      : chance.pick(['0', '0', '\0']);
  const magic = maybe(chance, 0.15, () =>
    chance.pick(['ustar  \0', 'ustar  \0', 'ustar\0 0', 'ustar\x0001', '']),
  );
  return [
    ...before,
    {
      name: name.slice(0, 100),
      content: isFolder && chance.is(0.95) ? '' : content,
      type,
      ...(size !== undefined && { size }),
      ...(magic !== undefined && { magic }),
      ...(chance.is(0.1) && { prefix: chance.pick(['p', 'p/q', '', 'p/', '/p', '..']) }),
      ...(chance.is(0.05) && { link: 'a' }),
      ...(chance.is(0.03) && { checksum: chance.pick([' 12345\0 ', '0000000\0', '']) }),
    },
  ];
}

function sizeField(chance: Chance, size: number): string | Buffer {
  const octal = size.toString(8);
  const base256 = Buffer.alloc(12);
  base256[0] = chance.pick([0x80, 0x80, 0xff, 0x81]);
  base256.writeUInt32BE(size, 8);
  return chance.pick<string | Buffer>([
    base256,
    `${octal.padStart(11, ' ')}\0`,
    `${octal} `.padStart(12, '0'),
    `${octal}\0`.padEnd(12, '\0'),
    `${octal} \0${octal}`,
    `-${octal}\0`,
    `0o${octal}\0`,
    `${octal}_0\0`,
    `+${octal}\0`,
    `${octal}\0`.padEnd(12, '7'),
    `\t${octal}\0`,
    '',
  ]);
}

function extended(chance: Chance): Buffer[] {
  const name = chance.pick(NAMES);
  switch (chance.below(6)) {
    case 0:
      return [longName(name)];
    case 1:
      return [
        tarPart({
          name: '././@LongLink',
          type: chance.pick(['L', 'K']),
          content: chance.pick([name, `${name}\0\0`, `${name}\0x\0`]),
        }),
      ];
    case 2:
      return [paxPart({ path: name }, chance.is(0.9) ? 'x' : 'g')];
    case 3:
      return [paxPart({ size: chance.pick(['3', '1500', '0', '0x3', ' 3', '3.0', '1_0', '٣']) })];
    case 4:
      return [
        tarPart({
          name: 'PaxHeaders/x',
          type: chance.pick(['x', 'x', 'X', 'g']),
          content: rawRecords(chance, name),
        }),
      ];
    default:
      return [
        paxPart({
          [chance.pick([
            'mtime',
            'comment',
            'GNU.sparse.name',
            'GNU.sparse.major',
            'linkpath',
            'SCHILY.xattr.a',
            'hdrcharset',
            'uid',
            'uname',
            'charset',
          ])]: chance.pick(['1', '1.5', name, 'BINARY']),
        }),
      ];
  }
}

function rawRecords(chance: Chance, name: string): Buffer {
  const records = some(chance, 3, () =>
    paxRecord(
      chance.pick(['path', 'size', 'mtime', 'comment']),
      chance.pick([name, '3', '1.5', 'a\nb', '10 path=q\n']),
    ),
  );
  const odd = chance.pick([
    '',
    '',
    '\0',
    '5 a=\n',
    '0 \n',
    '6 =ab\n',
    '12 path=a\n',
    '9 path=a\n',
    '010 path=ab\n',
    ' 9 path=a\n',
  ]);
  const whole = Buffer.from([...records, odd].join(''));
  return chance.is(0.1) ? mutated(Buffer.concat([whole, Buffer.alloc(9)]), [whole], chance) : whole;
}
