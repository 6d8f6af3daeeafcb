import type { Span } from '#formats/bytes/byte-window.ts';
import { bytes, varint, type Wire } from '#formats/bytes/protobuf-walk.ts';
import { quoted, rejected } from '#formats/rejected.ts';
import { ELEMENT_TYPES, type ElementType } from './types.ts';

/** The place of a tensor's data in another file; without `length`, the data extends to the end of that file. */
export type ExternalRange = {
  readonly tensor: string;
  readonly location: string;
  readonly offset: number;
  readonly length?: number;
};

/** A TensorProto without its data; `weightBytes` is the size of its elements in memory. */
export type Tensor = {
  readonly name: string;
  readonly type: ElementType;
  readonly elements: number;
  readonly weightBytes: number;
  readonly external: ExternalRange | undefined;
  /** Where its data is in the file; undefined where it is in another one, in several fields, or written number by number. */
  readonly data: Span | undefined;
};

const EXTERNAL = 1;

// Two elements of the smallest types share a byte; all others take a byte or more, even when written as varints.
const ELEMENTS_IN_A_BYTE = 2;

// onnxruntime allocates memory for the shape before it notices that data is missing; this little does no harm.
const FINE_BYTES = 64 * 1024;

/** Reads a TensorProto. Its data is skipped, whichever field holds it; for strings, only the sizes are summed. */
export async function readTensor(wire: Wire, file: string, message: Span): Promise<Tensor> {
  const entries = new Map<string, string>();
  let elements = 1;
  let name = '';
  let typeNumber = 0;
  let location = 0;
  let textBytes = 0;
  let texts = 0;
  let dataBytes = 0;
  let rawBytes: number | undefined;
  const places: Span[] = [];
  const addData = (field: Span) => {
    places.push(field);
    dataBytes += field.end - field.start;
  };
  const addDim = (dim: number) => {
    elements = dim < 0 ? Number.NaN : elements * dim;
  };

  await wire.each(message, {
    [varint(1)]: (field) => addDim(field.value),
    [bytes(1)]: async (field) => {
      for (const dim of await wire.varints(field)) addDim(dim);
    },
    [varint(2)]: (field) => {
      typeNumber = field.value;
    },
    [bytes(4)]: addData,
    [bytes(5)]: addData,
    [bytes(7)]: addData,
    [bytes(10)]: addData,
    [bytes(11)]: addData,
    [bytes(6)]: (field) => {
      textBytes += field.end - field.start;
      texts += 1;
    },
    [bytes(9)]: (field) => {
      places.push(field);
      rawBytes = field.end - field.start;
    },
    [bytes(8)]: async (field) => {
      name = await wire.text(field);
    },
    [bytes(13)]: async (field) => {
      const { key, value } = await readEntry(wire, field);
      entries.set(key, value);
    },
    [varint(14)]: (field) => {
      location = field.value;
    },
  });

  const type = ELEMENT_TYPES[typeNumber];
  const called = `${file}: tensor ${quoted(name)}`;
  if (!type) throw unusable(`${called} has the unknown element type ${typeNumber}`);
  if (!Number.isSafeInteger(elements)) throw unusable(`${called} has an impossible shape`);
  const weightBytes = Math.ceil((elements * type.bits) / 8) + textBytes;
  const mostElements = texts + dataBytes * ELEMENTS_IN_A_BYTE;
  const isShort = rawBytes === undefined ? elements > mostElements : rawBytes !== weightBytes;
  const isLie = isShort && (rawBytes !== undefined || weightBytes > FINE_BYTES);
  if (location !== EXTERNAL && isLie) {
    throw unusable(`${called} has ${elements} elements by its shape, but not as many in its data`);
  }
  const external = location === EXTERNAL ? externalRange(name, entries, called) : undefined;
  const [data] = places;
  return {
    name,
    type,
    elements,
    weightBytes,
    external,
    data: places.length === 1 ? data : undefined,
  };
}

async function readEntry(wire: Wire, message: Span): Promise<{ key: string; value: string }> {
  const entry = { key: '', value: '' };
  await wire.each(message, {
    [bytes(1)]: async (field) => {
      entry.key = await wire.text(field);
    },
    [bytes(2)]: async (field) => {
      entry.value = await wire.text(field);
    },
  });
  return entry;
}

function externalRange(
  tensor: string,
  entries: ReadonlyMap<string, string>,
  called: string,
): ExternalRange {
  const count = (key: string) => {
    const text = entries.get(key);
    if (text === undefined || /^\d{1,15}$/.test(text)) return Number(text ?? 0);
    throw unusable(
      `${called} is in another file with the ${key} ${quoted(text)}, which is not a whole number`,
    );
  };
  const range = { tensor, location: entries.get('location') ?? '', offset: count('offset') };
  return entries.has('length') ? { ...range, length: count('length') } : range;
}

function unusable(message: string) {
  return rejected(message, 'Export the model again and upload the new file.');
}
