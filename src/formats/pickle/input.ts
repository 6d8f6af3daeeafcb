import type { ByteReader } from '#formats/bytes/byte-reader.ts';
import { rejected } from '#formats/rejected.ts';

const CHUNK_BYTES = 64 * 1024;
const PASSED_BYTES = 1024 * 1024;
const NEWLINE = 0x0a;
const PROTO = 0x80;

/** A pickle's bytes, buffered a piece at a time so that a hot loop waits only for missing bytes. */
export type PickleInput = {
  readonly file: string;
  readonly position: number;
  /** Makes the next bytes readable; undefined when they already are. Fails with `ArtifactRejected` if the file ends first. */
  need(length: number): Promise<void> | undefined;
  u1(): number;
  u2(): number;
  i4(): number;
  u4(): number;
  /** An unsigned number of eight bytes; NaN when it is not a safe integer. */
  u8(): number;
  f8(): number;
  /** True when the next two bytes, which must be buffered, begin a pickle of protocol 2 to 5. */
  isPickle(): boolean;
  /** Looks at the next bytes without consuming them, as far as they are buffered: a character per byte. */
  peek(length: number): string;
  /** The next bytes as UTF-8; undefined when they are invalid. */
  text(length: number): string | undefined;
  bytes(length: number): Uint8Array;
  /** Skips bytes without buffering them. */
  skip(length: number): Promise<void>;
  /** Skips bytes too, and shows them to `see` a piece at a time. */
  pass(length: number, see: (bytes: Uint8Array) => void): Promise<void>;
  /** Reads through the next newline; undefined, with the line still consumed, when it is longer than `longest`. */
  line(longest: number, encoding?: 'utf8' | 'latin1'): Promise<string | undefined>;
  isAtEnd(): Promise<boolean>;
};

export function pickleInput(reader: ByteReader, file: string): PickleInput {
  let held = Buffer.alloc(0);
  let at = 0;
  let start = reader.position;

  const left = () => held.length - at;

  async function more(length: number): Promise<boolean> {
    const rest = held.subarray(at);
    const come = await reader.take(Math.max(CHUNK_BYTES, length - rest.length));
    start += at;
    at = 0;
    held = Buffer.concat([rest, come]);
    return held.length >= length;
  }

  async function demand(length: number): Promise<void> {
    if (!(await more(length))) throw truncated(file, start + held.length);
  }

  const advance = (length: number) => {
    const from = at;
    at += length;
    return from;
  };

  return {
    file,
    get position() {
      return start + at;
    },
    need: (length) => (left() >= length ? undefined : demand(length)),
    u1: () => held[advance(1)] ?? 0,
    u2: () => held.readUInt16LE(advance(2)),
    i4: () => held.readInt32LE(advance(4)),
    u4: () => held.readUInt32LE(advance(4)),
    u8: () => {
      const from = advance(8);
      const value = held.readUInt32LE(from + 4) * 2 ** 32 + held.readUInt32LE(from);
      return Number.isSafeInteger(value) ? value : Number.NaN;
    },
    f8: () => held.readDoubleBE(advance(8)),
    isPickle: () => {
      const protocol = held[at + 1] ?? 0;
      return held[at] === PROTO && protocol >= 2 && protocol <= 5;
    },
    peek: (length) => held.toString('latin1', at, at + length),
    text: (length) => {
      const from = advance(length);
      return utf8(held.subarray(from, from + length));
    },
    bytes: (length) => {
      const from = advance(length);
      return held.subarray(from, from + length);
    },
    async skip(length) {
      const within = Math.min(length, left());
      at += within;
      const beyond = length - within;
      if (beyond === 0) return;
      start += at;
      at = 0;
      held = Buffer.alloc(0);
      const passed = await reader.skip(beyond);
      start += passed;
      if (passed < beyond) throw truncated(file, start);
    },
    async pass(length, see) {
      for (let passed = 0; passed < length; ) {
        const piece = Math.min(PASSED_BYTES, length - passed);
        if (left() < piece) await demand(piece);
        const from = advance(piece);
        see(held.subarray(from, from + piece));
        passed += piece;
      }
    },
    async line(longest, encoding = 'utf8') {
      for (;;) {
        const end = held.indexOf(NEWLINE, at);
        if (end >= 0) {
          const from = advance(end + 1 - at);
          return end - from > longest ? undefined : held.toString(encoding, from, end);
        }
        if (left() > longest) return passLine();
        if (!(await more(left() + 1))) throw truncated(file, start + held.length);
      }
    },
    isAtEnd: async () => left() === 0 && !(await more(1)),
  };

  async function passLine(): Promise<undefined> {
    for (;;) {
      const end = held.indexOf(NEWLINE, at);
      at = end < 0 ? held.length : end + 1;
      if (end >= 0) return undefined;
      if (!(await more(1))) throw truncated(file, start);
    }
  }
}

const REPLACED = '\ufffd';

/** Python preserves lone surrogates, which are not valid UTF-8; decoding here would make them all the same. */
function utf8(bytes: Buffer): string | undefined {
  const text = bytes.toString('utf8');
  return text.includes(REPLACED) && !Buffer.from(text).equals(bytes) ? undefined : text;
}

function truncated(file: string, end: number) {
  return rejected(
    `${file} is truncated: it ends at byte ${end}, within its pickle`,
    'Upload the whole file again.',
  );
}
