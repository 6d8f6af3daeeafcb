import { openWindow } from '#formats/bytes/byte-window.ts';
import { rejected } from '#formats/rejected.ts';
import type { ByteSource } from '#ports/artifact-store.ts';

/** Reads a GGUF file from its start, little-endian. Skipped bytes are not read, and nothing is read beyond the end of the file. */
export type GgufCursor = {
  readonly position: number;
  /** The number of bytes left in the file. */
  readonly left: number;
  skip(bytes: number, what: string): void;
  u32(what: string): Promise<number>;
  u64(what: string): Promise<number>;
  /** The bytes of a value, which the caller decodes. */
  take(bytes: number, what: string): Promise<DataView>;
  /** A text with its length in front. Fails where it is longer than `maxBytes`, or is not UTF-8. */
  text(what: string, maxBytes: number): Promise<string>;
  /** Passes texts; `see` gets the bytes of each with its length in front, which are not read otherwise. */
  passTexts(count: number, what: string, see?: (bytes: Uint8Array) => void): Promise<void>;
};

// The vocabulary and merges of the largest tokenizers are some 10 MB.
const MAX_READ_BYTES = 128 * 2 ** 20;
const LENGTH_BYTES = 8;
const TWO_32 = 2 ** 32;

export const RESAVE =
  "Upload the whole file again, or convert the model anew with llama.cpp's convert_hf_to_gguf.py.";

export function openCursor(source: ByteSource, file: string): GgufCursor {
  const window = openWindow(source, file, MAX_READ_BYTES);
  const text = new TextDecoder('utf-8', { fatal: true });
  let position = 0;

  function require(bytes: number, what: string): void {
    if (bytes <= source.sizeBytes - position) return;
    throw rejected(
      `${file} is damaged: ${what} takes ${bytes} bytes from byte ${position} on; the file has ${source.sizeBytes}`,
      RESAVE,
    );
  }

  async function take(bytes: number, what: string): Promise<DataView> {
    require(bytes, what);
    const taken = await window.slice({ start: position, end: position + bytes });
    position += bytes;
    return new DataView(taken.buffer, taken.byteOffset, bytes);
  }

  async function u64(what: string): Promise<number> {
    return lengthIn(await take(LENGTH_BYTES, what), 0);
  }

  return {
    get position() {
      return position;
    },
    get left() {
      return source.sizeBytes - position;
    },
    take,
    u64,
    u32: async (what) => (await take(4, what)).getUint32(0, true),
    skip(bytes, what) {
      require(bytes, what);
      position += bytes;
    },
    async text(what, maxBytes) {
      const length = await u64(what);
      if (length > maxBytes) {
        throw rejected(
          `${file} is damaged: ${what} is ${length} bytes; the limit is ${maxBytes}`,
          RESAVE,
        );
      }
      try {
        return text.decode(await take(length, what));
      } catch (cause) {
        if (!(cause instanceof TypeError)) throw cause;
        throw rejected(`${file} is damaged: ${what} is not UTF-8`, RESAVE);
      }
    },
    async passTexts(count, what, see) {
      for (let left = count; left > 0; left -= 1) {
        require(LENGTH_BYTES, what);
        const waiting = window.hold({ start: position, end: position + LENGTH_BYTES });
        if (waiting) await waiting;
        const { held, from } = window;
        const at = position - from;
        const length = held.readUInt32LE(at) + held.readUInt32LE(at + 4) * TWO_32;
        const start = position;
        position += LENGTH_BYTES;
        require(length, what);
        position += length;
        if (!see) continue;
        const reading = window.hold({ start, end: position });
        if (reading) await reading;
        see(window.held.subarray(start - window.from, position - window.from));
      }
    },
  };
}

/** Rounds a number that is not a safe integer; it is larger than any file, so it is refused later. */
function lengthIn(view: DataView, at: number): number {
  return view.getUint32(at, true) + view.getUint32(at + 4, true) * TWO_32;
}
