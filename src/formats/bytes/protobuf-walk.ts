import { rejected } from '#formats/rejected.ts';
import type { ByteSource } from '#ports/artifact-store.ts';
import { type ByteWindow, openWindow, type Span } from './byte-window.ts';

/** One field of a message and where its content lies; `value` is 0 unless it is a varint. */
export type Field = Span & { readonly tag: number; readonly value: number };

/** What to do with a field, by tag. A tag that is not here is an unknown field: skipped, as protobuf does. */
export type Handlers = Readonly<Record<number, (field: Field) => unknown>>;

export type Wire = {
  /** The whole file: a message without a length. */
  readonly root: Span;
  /** Calls the handlers of a message's fields in the file's order, one after the other. */
  each(message: Span, handlers: Handlers): Promise<void>;
  text(field: Field): Promise<string>;
  /** Packed numbers; one that is cut short is NaN. */
  varints(field: Field): Promise<readonly number[]>;
};

/** How much a walk may cost: bytes read, messages entered, bytes of text and packed numbers handed out. */
export type WireLimits = {
  readonly readBytes: number;
  readonly messages: number;
  readonly contentBytes: number;
};

const LONGEST_VARINT = 10;
const LONGEST_HEADER = 2 * LONGEST_VARINT;
const LONGEST_CONTENT = 64 * 1024;

/** The tag of a varint field, as protobuf writes it: the field's number, then its wire type in 3 bits. */
export const varint = (number: number): number => number * 8;

/** The tag of a field with a length: text, bytes, a message, packed numbers. */
export const bytes = (number: number): number => number * 8 + 2;

/**
 * Walks a protobuf file over ranged reads; content that no handler asks for is skipped unread.
 * Fails with `ArtifactRejected` at the byte where the file is no such message, or when a limit is exceeded.
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
    text: async (field) => textOf(await content(field), field),
    varints: async (field) => {
      await content(field);
      return readVarints(window, field);
    },
  };
}

/** A field whose encoding does not exist has the end NaN; one that is cut short ends behind its message. */
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

/** An int64: exact within 2^53 of zero, else the nearest number. More than ten bytes end at NaN. */
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
  // The tenth byte holds the sign alone: bit 63 of the two's complement.
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
