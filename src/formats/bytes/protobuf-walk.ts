import { rejected } from '#formats/rejected.ts';
import type { ByteSource } from '#ports/artifact-store.ts';
import { type ByteWindow, openWindow, type Span } from './byte-window.ts';

/** A field of a message and the span of its content; `value` is 0 unless it is a varint. */
export type Field = Span & { readonly tag: number; readonly value: number };

/** Handlers by tag. A tag without one is an unknown field, which is skipped, as protobuf does. */
export type Handlers = Readonly<Record<number, (field: Field) => unknown>>;

export type Wire = {
  /** The whole file: a message without a length. */
  readonly root: Span;
  /** Calls the handlers of a message's fields in file order, one at a time. */
  each(message: Span, handlers: Handlers): Promise<void>;
  text(field: Field): Promise<string>;
  /** The bytes of a field, valid until the next wait: at once where they are in the window, as a number of 4 or 8 bytes always is for its handler. */
  raw(field: Field): Uint8Array | Promise<Uint8Array>;
  /** Packed numbers; a truncated one is NaN. */
  varints(field: Field): Promise<readonly number[]>;
};

/** The limits of a walk: bytes read, messages entered, bytes of text and packed numbers returned. */
export type WireLimits = {
  readonly readBytes: number;
  readonly messages: number;
  readonly contentBytes: number;
};

const LONGEST_VARINT = 10;
const LONGEST_HEADER = 2 * LONGEST_VARINT;
const LONGEST_CONTENT = 64 * 1024;

/** The tag of a varint field as protobuf writes it: the field number, then the wire type in 3 bits. */
export const varint = (number: number): number => number * 8;

/** The tag of a number of 4 bytes. */
export const fixed32 = (number: number): number => number * 8 + 5;

/** The tag of a length-delimited field: text, bytes, a message, packed numbers. */
export const bytes = (number: number): number => number * 8 + 2;

/**
 * Walks a protobuf file over ranged reads; content without a handler is skipped unread.
 * Fails with `ArtifactRejected` at the byte where the file is not such a message, or when a limit is exceeded.
 */
export function openWire(source: ByteSource, file: string, limits: WireLimits): Wire {
  const root: Span = { start: 0, end: source.sizeBytes };
  const window = openWindow(source, file, limits.readBytes);
  let messages = 0;
  let contentBytes = 0;

  async function each(message: Span, handlers: Handlers): Promise<void> {
    messages += 1;
    if (messages > limits.messages) throw tooMuch(file, `${limits.messages} messages`);
    for (let at = message.start; at < message.end; ) {
      const coming = window.hold({ start: at, end: Math.min(at + LONGEST_HEADER, message.end) });
      if (coming) await coming;
      const field = readField(window, at);
      refuseMisfit(field, message, at);
      const pending = handlers[field.tag]?.(field);
      if (pending instanceof Promise) await pending;
      at = field.end;
    }
  }

  function refuseMisfit(part: Span, message: Span, at: number): void {
    if (part.start <= part.end && part.end <= message.end) return;
    if (message === root && part.end > root.end) throw truncated(file, root.end, at);
    throw damaged(file, at);
  }

  function content(field: Field): Promise<Uint8Array> {
    const length = field.end - field.start;
    contentBytes += length;
    if (length > LONGEST_CONTENT) throw tooMuch(file, `${LONGEST_CONTENT} bytes in one name`);
    if (contentBytes <= limits.contentBytes) return window.slice(field);
    throw tooMuch(file, `${limits.contentBytes} bytes of names`);
  }

  function textOf(bytes: Uint8Array, { start }: Field): string {
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      throw damaged(file, start);
    }
  }

  return {
    root,
    each,
    raw(field) {
      const bytes = () => window.held.subarray(field.start - window.from, field.end - window.from);
      const coming = window.hold(field);
      return coming ? coming.then(bytes) : bytes();
    },
    text: async (field) => textOf(await content(field), field),
    varints: async (field) => {
      await content(field);
      return readVarints(window, field);
    },
  };
}

/** A field with an unknown wire type ends at NaN; a truncated one ends beyond its message. */
function readField(window: ByteWindow, at: number): Field {
  const { value: tag, end: start } = readVarint(window, at);
  const wireType = tag < 8 ? undefined : tag % 8;
  if (wireType === 0) return { tag, start, ...readVarint(window, start) };
  if (wireType === 1) return { tag, value: 0, start, end: start + 8 };
  if (wireType === 5) return { tag, value: 0, start, end: start + 4 };
  if (wireType !== 2) return { tag, value: 0, start, end: Number.NaN };
  const length = readVarint(window, start);
  return { tag, value: 0, start: length.end, end: length.end + length.value };
}

function readVarints(window: ByteWindow, packed: Span): readonly number[] {
  const values: number[] = [];
  for (let at = packed.start; at < packed.end; ) {
    const { value, end } = readVarint(window, at);
    values.push(end <= packed.end ? value : Number.NaN);
    at = end;
  }
  return values;
}

/** An int64: exact within 2^53 of zero, else rounded to the nearest number. One longer than ten bytes ends at NaN. */
function readVarint(window: ByteWindow, at: number): { value: number; end: number } {
  let value = 0;
  let inverse = 0;
  let unit = 1;
  for (let next = at; next < at + LONGEST_VARINT - 1; next++) {
    const byte = window.at(next);
    const digit = byte % 128;
    value += digit * unit;
    inverse += (127 - digit) * unit;
    if (byte < 128) return { value, end: next + 1 };
    unit *= 128;
  }
  // The tenth byte holds only the sign: bit 63 of the two's complement.
  const last = at + LONGEST_VARINT - 1;
  return { value: -inverse - 1, end: window.at(last) < 128 ? last + 1 : Number.NaN };
}

function truncated(file: string, end: number, at: number) {
  return rejected(
    `${file} is truncated: it ends at byte ${end}, within the field which begins at byte ${at}`,
    'Upload the whole file again.',
  );
}

function damaged(file: string, at: number) {
  return rejected(
    `${file} is damaged: the field at byte ${at} does not fit its message`,
    'Export the model again and upload the new file.',
  );
}

function tooMuch(file: string, limit: string) {
  return rejected(
    `${file} has more than ${limit}, the limit for an inspection`,
    'Split the model, or store large attributes as tensors.',
  );
}
