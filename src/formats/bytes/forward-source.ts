import type { PickleInput } from '#formats/pickle/input.ts';
import type { ByteSource } from '#ports/artifact-store.ts';

const PIECE_BYTES = 2 ** 20;
// A reader goes on from where it has looked ahead, or reads an end again.
export const KEPT_BYTES: number = 16 * 2 ** 20;

/** The next `sizeBytes` of a pickle as a file of their own, which is read from its begin to its end; the last 16 MiB of what was read may be read again. */
export function forwardSource(
  input: PickleInput,
  sizeBytes: number,
): ByteSource & { end(): Promise<void> } {
  let pieces: Uint8Array[] = [];
  let [from, until] = [0, 0];

  async function more(bytes: number): Promise<void> {
    const coming = input.need(bytes);
    if (coming) await coming;
    pieces.push(Uint8Array.from(input.bytes(bytes)));
    until += bytes;
    for (
      let first = pieces[0];
      first && until - from - first.length > KEPT_BYTES;
      first = pieces[0]
    ) {
      from += first.length;
      pieces = pieces.slice(1);
    }
  }

  async function passTo(position: number): Promise<void> {
    await input.skip(position - until);
    pieces = [];
    [from, until] = [position, position];
  }

  return {
    sizeBytes,
    async read(start, length) {
      const end = Math.min(sizeBytes, start + length);
      if (start > until) await passTo(start);
      while (until < end) await more(Math.min(PIECE_BYTES, end - until));
      if (start < from) throw new Error(`byte ${start} was read, and is no longer kept`);
      return Buffer.concat(pieces).subarray(start - from, Math.max(start, end) - from);
    },
    /** Passes over what was not read. */
    end: () => passTo(sizeBytes),
  };
}
