import type { ByteSource } from '#ports/artifact-store.ts';
import type { PickleInput } from './input.ts';

const PIECE_BYTES = 2 ** 20;
// A reader may continue from where it looked ahead, or reread the end.
export const KEPT_BYTES: number = 16 * 2 ** 20;

type Piece = { readonly at: number; readonly bytes: Uint8Array };

/**
 * The next `sizeBytes` of a pickle, presented as a file that is read from start to end; only the last 16 MiB read can be read again.
 * So a file of up to 16 MiB allows random access.
 */
export function forwardSource(
  input: PickleInput,
  sizeBytes: number,
): ByteSource & { end(): Promise<void> } {
  const isKeptWhole = sizeBytes <= KEPT_BYTES;
  let pieces: Piece[] = [];
  let until = 0;

  async function more(length: number): Promise<void> {
    const coming = input.need(length);
    if (coming) await coming;
    pieces.push({ at: until, bytes: Uint8Array.from(input.bytes(length)) });
    until += length;
    pieces = pieces.filter(({ at, bytes }) => until - at - bytes.length <= KEPT_BYTES);
  }

  async function passTo(position: number): Promise<void> {
    await input.skip(position - until);
    pieces = [];
    until = position;
  }

  return {
    sizeBytes,
    async read(start, length) {
      const end = Math.min(sizeBytes, start + length);
      if (start > until && !isKeptWhole) await passTo(start);
      while (until < end) await more(Math.min(PIECE_BYTES, end - until));
      const found = pieces.filter(({ at, bytes }) => at < end && at + bytes.length > start);
      const from = found[0]?.at ?? until;
      if (start < Math.min(from, end)) {
        throw new Error(`byte ${start} was read, and is no longer kept`);
      }
      const joined = Buffer.concat(found.map(({ bytes }) => bytes));
      return joined.subarray(start - from, Math.max(start, end) - from);
    },
    /** Skips the rest. */
    end: () => passTo(sizeBytes),
  };
}
