import { rejected } from '#formats/rejected.ts';
import type { ByteSource } from '#ports/artifact-store.ts';

/** A range of bytes in a file; `start` is inclusive, `end` exclusive. */
export type Span = { readonly start: number; readonly end: number };

export type ByteWindow = {
  /** Undefined when the span is already in the window, so that a hot loop waits only for missing bytes. */
  hold(span: Span): Promise<void> | undefined;
  /** The bytes in the window, and the offsets where it begins and ends; valid until the next wait. */
  readonly held: Buffer;
  readonly from: number;
  readonly until: number;
  /** The byte at a position within the window. */
  at(position: number): number;
  slice(span: Span): Promise<Uint8Array>;
};

// A ranged read costs a round trip, so the window doubles during sequential reading and shrinks again after a skip.
const SMALLEST_BYTES = 64 * 1024;
const LARGEST_BYTES = 1024 * 1024;

/** A moving view of a file over ranged reads. Fails with `ArtifactRejected` when more than `maxBytes` would be read. */
export function openWindow(source: ByteSource, file: string, maxBytes: number): ByteWindow {
  let held: Buffer = Buffer.alloc(0);
  let from = 0;
  let windowBytes = SMALLEST_BYTES;
  let readBytes = 0;

  const until = () => from + held.length;
  const isHeld = (span: Span) => span.start >= from && span.end <= until();

  async function load(span: Span): Promise<void> {
    const goesOn = readBytes > 0 && span.start >= from && span.start <= until();
    const kept = goesOn ? held.subarray(span.start - from) : new Uint8Array();
    windowBytes = goesOn ? Math.min(2 * windowBytes, LARGEST_BYTES) : SMALLEST_BYTES;
    const length = Math.min(
      Math.max(windowBytes, span.end - span.start),
      source.sizeBytes - span.start,
    );
    readBytes += length - kept.length;
    if (readBytes > maxBytes) {
      throw rejected(
        `${file} cannot be inspected by reading less than ${readBytes} bytes of it; the limit is ${maxBytes}`,
        'Store large attributes as tensors, which inspection skips.',
      );
    }
    const more = await source.read(span.start + kept.length, length - kept.length);
    held = joined(kept, more);
    from = span.start;
    if (isHeld(span)) return;
    throw rejected(
      `${file} ends at byte ${until()}; ${source.sizeBytes} bytes were announced`,
      'Upload it again.',
    );
  }

  const hold = (span: Span) => (isHeld(span) ? undefined : load(span));

  return {
    hold,
    get held() {
      return held;
    },
    get from() {
      return from;
    },
    get until() {
      return until();
    },
    at: (position) => held[position - from] ?? 0,
    async slice(span) {
      await hold(span);
      return held.subarray(span.start - from, span.end - from);
    },
  };
}

function joined(kept: Uint8Array, more: Uint8Array): Buffer {
  if (kept.length > 0) return Buffer.concat([kept, more]);
  return Buffer.from(more.buffer, more.byteOffset, more.byteLength);
}
