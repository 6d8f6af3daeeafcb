import type { ByteSource } from '#ports/artifact-store.ts';

/**
 * A sequential reader over a file or a decompressed stream.
 * `take` returns the next `length` bytes, fewer only at the end; `skip` passes over `length` bytes and returns how many there were.
 */
export type ByteReader = {
  /** How many bytes were taken or skipped so far. */
  readonly position: number;
  take(length: number): Promise<Uint8Array>;
  skip(length: number): Promise<number>;
};

// A ranged read costs a round trip, but reading too far ahead reads bytes that are then skipped.
const READ_BYTES = 256 * 1024;

/** A reader over ranged reads from `start`; skipped bytes are read only if they lie in a range already fetched. */
export function readerOf(source: ByteSource, start = 0): ByteReader {
  let held: Uint8Array = new Uint8Array();
  let position = 0;
  const left = () => Math.max(0, source.sizeBytes - start - position);

  const consume = (length: number) => {
    const taken = held.subarray(0, length);
    held = held.subarray(taken.length);
    position += taken.length;
    return taken;
  };

  return {
    get position() {
      return position;
    },
    async take(length) {
      const wanted = Math.min(length, left());
      if (held.length < wanted) {
        const from = start + position + held.length;
        const missing = Math.max(wanted - held.length, READ_BYTES);
        const more = await source.read(from, Math.min(missing, source.sizeBytes - from));
        held = held.length === 0 ? more : Buffer.concat([held, more]);
      }
      return consume(wanted);
    },
    async skip(length) {
      const wanted = Math.min(length, left());
      const within = consume(wanted).length;
      if (within < wanted) held = new Uint8Array();
      position += wanted - within;
      return wanted;
    },
  };
}

/** A reader over a stream, such as a decompressor; skipped bytes still pass through it. */
export function readerOfStream(stream: AsyncIterable<Uint8Array>): ByteReader {
  const chunks = stream[Symbol.asyncIterator]();
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  let position = 0;

  async function more(): Promise<boolean> {
    const next = await chunks.next();
    if (next.done === true) return false;
    held.push(next.value);
    heldBytes += next.value.length;
    return true;
  }

  return {
    get position() {
      return position;
    },
    async take(length) {
      while (heldBytes < length && (await more())) {}
      const all = held.length === 1 ? (held[0] ?? new Uint8Array()) : Buffer.concat(held);
      const taken = all.subarray(0, length);
      held = [all.subarray(taken.length)];
      heldBytes = all.length - taken.length;
      position += taken.length;
      return taken;
    },
    async skip(length) {
      let passed = 0;
      while (passed < length && (heldBytes > 0 || (await more()))) {
        const [first = new Uint8Array(), ...rest] = held;
        const bytes = Math.min(first.length, length - passed);
        held = bytes < first.length ? [first.subarray(bytes), ...rest] : rest;
        heldBytes -= bytes;
        passed += bytes;
      }
      position += passed;
      return passed;
    },
  };
}
