import { Buffer } from 'node:buffer';
import { crc32, deflateRawSync } from 'node:zlib';

/** The fields of one entry of a zip, in its own header or in the directory. */
type Said = {
  readonly name?: string | Uint8Array;
  readonly flags?: number;
  readonly method?: number;
  readonly crc?: number;
  readonly stored?: number;
  readonly size?: number;
  readonly extra?: Uint8Array;
};

/** One entry of a zip; by default its fields are true of `content`. `local` and `central` replace fields of one of its headers. */
export type ZipPart = {
  readonly name: string | Uint8Array;
  readonly content?: string | Uint8Array;
  readonly method?: number;
  readonly flags?: number;
  readonly mode?: number;
  readonly offset?: number;
  readonly disk?: number;
  /** Replaces the compressed bytes of `content`. */
  readonly data?: Uint8Array;
  readonly descriptor?: Uint8Array;
  readonly local?: Said;
  readonly central?: Said;
};

export type ZipShape = {
  readonly before?: Uint8Array;
  readonly between?: Uint8Array;
  readonly after?: Uint8Array;
  readonly comment?: string;
  readonly end?: {
    readonly entries?: number;
    readonly size?: number;
    readonly offset?: number;
    readonly disk?: number;
  };
  /** Stands before the end record, as a 64-bit end does. */
  readonly wide?: (directory: { offset: number; size: number; entries: number }) => Uint8Array;
};

export function zipOf(parts: readonly ZipPart[], shape: ZipShape = {}): Buffer {
  const chunks: Uint8Array[] = [shape.before ?? Buffer.alloc(0)];
  const length = () => chunks.reduce((total, chunk) => total + chunk.length, 0);
  const directory = parts.map((part) => {
    const { said, data } = truth(part);
    const offset = part.offset ?? length();
    chunks.push(localHeader({ ...said, ...part.local }), data, part.descriptor ?? Buffer.alloc(0));
    chunks.push(shape.between ?? Buffer.alloc(0));
    return centralHeader({ ...said, ...part.central }, part, offset);
  });
  const offset = length();
  const central = Buffer.concat(directory);
  const facts = { offset, size: central.length, entries: parts.length };
  const wide = shape.wide?.(facts) ?? Buffer.alloc(0);
  chunks.push(central, wide, endRecord(shape, facts), shape.after ?? Buffer.alloc(0));
  return Buffer.concat(chunks);
}

/** The 64-bit end of a zip and its locator. */
export function wideEnd(
  said: { readonly offset: number; readonly size: number; readonly entries: number },
  at = said.offset + said.size,
): Buffer {
  return Buffer.concat([
    numbers([4, 0x06064b50], [8, 44], [2, 45], [2, 45], [4, 0], [4, 0]),
    numbers([8, said.entries], [8, said.entries], [8, said.size], [8, said.offset]),
    numbers([4, 0x07064b50], [4, 0], [8, at], [4, 1]),
  ]);
}

/** Little-endian numbers, each with its width in bytes. */
export function numbers(...fields: readonly (readonly [width: number, value: number])[]): Buffer {
  return Buffer.concat(
    fields.map(([width, value]) => {
      const bytes = Buffer.alloc(8);
      bytes.writeBigUInt64LE(BigInt(value));
      return bytes.subarray(0, width);
    }),
  );
}

function truth(part: ZipPart) {
  const content = Buffer.from(part.content ?? '');
  const method = part.method ?? 0;
  const data = part.data ?? (method === 8 ? deflateRawSync(content) : content);
  const said: Required<Said> = {
    name: part.name,
    flags: part.flags ?? 0,
    method,
    crc: crc32(content),
    stored: data.length,
    size: content.length,
    extra: Buffer.alloc(0),
  };
  return { said, data };
}

function localHeader({ name, flags, method, crc, stored, size, extra }: Required<Said>): Buffer {
  const named = Buffer.from(name);
  const head = numbers([4, 0x04034b50], [2, 20], [2, flags], [2, method], [4, 0], [4, crc]);
  const sizes = numbers([4, stored], [4, size], [2, named.length], [2, extra.length]);
  return Buffer.concat([head, sizes, named, extra]);
}

function centralHeader(said: Required<Said>, { mode, disk }: ZipPart, offset: number): Buffer {
  const { name, flags, method, crc, stored, size, extra } = said;
  const named = Buffer.from(name);
  const folder = named.at(-1) === 0x2f;
  const attributes = (mode ?? (folder ? 0o40755 : 0o100644)) * 0x10000;
  return Buffer.concat([
    numbers([4, 0x02014b50], [2, 0x314], [2, 20], [2, flags], [2, method], [4, 0], [4, crc]),
    numbers([4, stored], [4, size], [2, named.length], [2, extra.length], [2, 0], [2, disk ?? 0]),
    numbers([2, 0], [4, attributes], [4, offset]),
    named,
    extra,
  ]);
}

function endRecord(
  { comment = '', end = {} }: ZipShape,
  truth: { readonly offset: number; readonly size: number; readonly entries: number },
): Buffer {
  const { offset, size, entries, disk = 0 } = { ...truth, ...end };
  return Buffer.concat([
    numbers([4, 0x06054b50], [2, disk], [2, disk], [2, entries], [2, entries]),
    numbers([4, size], [4, offset], [2, comment.length]),
    Buffer.from(comment),
  ]);
}
