import { Buffer } from 'node:buffer';

/** One entry of a tar as bytes; fields that are not given are those that `tar` would write. */
export type TarPart = {
  readonly name: string | Uint8Array;
  readonly content?: string | Uint8Array;
  readonly type?: string;
  readonly size?: string | Uint8Array;
  readonly magic?: string;
  readonly prefix?: string;
  readonly link?: string;
  readonly checksum?: string;
};

const BLOCK = 512;

export function tarPart({ name, content = '', ...part }: TarPart): Buffer {
  const bytes = Buffer.from(content);
  const header = Buffer.alloc(BLOCK);
  Buffer.from(name).copy(header, 0);
  header.write('0000644\0', 100);
  header.write('0000000\0', 108);
  header.write('0000000\0', 116);
  Buffer.from(part.size ?? octal(bytes.length, 11)).copy(header, 124);
  header.write('00000000000\0', 136);
  header.write(part.type ?? '0', 156, 'latin1');
  header.write(part.link ?? '', 157);
  header.write(part.magic ?? 'ustar\x0000', 257, 'latin1');
  header.write(part.prefix ?? '', 345);
  header.write('        ', 148);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(part.checksum ?? `${octal(sum, 6)} `, 148, 'latin1');
  return Buffer.concat([header, padded(bytes)]);
}

export function paxPart(records: Readonly<Record<string, string>>, type = 'x'): Buffer {
  const content = Object.entries(records).map(([key, value]) => paxRecord(key, value));
  return tarPart({ name: 'PaxHeaders/x', type, content: content.join('') });
}

export function paxRecord(key: string, value: string): string {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  const guess = rest + String(rest).length;
  return `${rest + String(guess).length} ${key}=${value}\n`;
}

export function longName(name: string): Buffer {
  return tarPart({ name: '././@LongLink', type: 'L', content: `${name}\0`, magic: 'ustar  \0' });
}

export const TAR_END: Buffer = Buffer.alloc(2 * BLOCK);

export function tarOf(...parts: readonly (TarPart | Buffer)[]): Buffer {
  return Buffer.concat([
    ...parts.map((part) => (Buffer.isBuffer(part) ? part : tarPart(part))),
    TAR_END,
  ]);
}

function octal(value: number, digits: number): string {
  return `${value.toString(8).padStart(digits, '0')}\0`;
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((BLOCK - (bytes.length % BLOCK)) % BLOCK)]);
}
