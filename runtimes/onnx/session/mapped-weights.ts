import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { basename } from 'node:path';
import { fieldAt, message, number, tagOf } from './protobuf.ts';

// Fields of ModelProto, GraphProto and TensorProto: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
const GRAPH = 7;
const INITIALIZER = 5;
const RAW_DATA = tagOf(9);
const EXTERNAL_DATA = 13;
const DATA_LOCATION = 14;
const EXTERNAL = 1;

const LEAST_MODEL_BYTES = 2 ** 22;
const LEAST_WEIGHTS_BYTES = 2 ** 16;
const WINDOW_BYTES = 2 ** 16;
// A tag and a length are at most this long.
const HEAD_BYTES = 20;

export type Place = {
  readonly tag: number;
  readonly from: number;
  readonly start: number;
  readonly end: number;
};
export type Source = (from: number, end: number) => Uint8Array;

/**
 * The model without its large weights, which become references to places in the file itself: onnxruntime maps these into memory, while it otherwise reads
 * a file twice (docs/adr/0022-large-weights-are-mapped-from-the-models-file.md). Undefined where there are none. The file may not change as long as the model is loaded.
 * Throws on bytes that are not a ModelProto.
 */
export function withMappedWeights(path: string): Uint8Array | undefined {
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    if (size < LEAST_MODEL_BYTES) return undefined;
    const source = windowOn(file, size);
    const name = basename(path);
    const fields = [...placesIn(source, 0, size)];
    const isGraph = ({ tag }: Place) => tag === tagOf(GRAPH);
    const graph = fields
      .filter(isGraph)
      .flatMap(({ start, end }) => [...placesIn(source, start, end)]);
    const placed = new Map(
      graph.flatMap((each) => {
        const found = each.tag === tagOf(INITIALIZER) ? mapped(source, each, name) : undefined;
        return found ? [[each.from, found] as const] : [];
      }),
    );
    // The rest, which may be a forest, is read only where it is needed.
    if (placed.size === 0) return undefined;
    const whole = ({ from, end }: Place) => placed.get(from) ?? source(from, end);
    const others = fields.filter((field) => !isGraph(field));
    return Buffer.concat([...others.map(whole), message(GRAPH, graph.map(whole))]);
  } finally {
    closeSync(file);
  }
}

/** An initializer with the place of its weights instead of them; undefined where its weights are not worth it. */
function mapped(source: Source, { start, end }: Place, name: string): Uint8Array | undefined {
  const fields = [...placesIn(source, start, end)];
  const weights = fields.find(({ tag }) => tag === RAW_DATA);
  if (!weights || weights.end - weights.start < LEAST_WEIGHTS_BYTES) return undefined;
  const others = fields.filter(({ tag }) => tag !== RAW_DATA && tag !== tagOf(DATA_LOCATION, 0));
  return message(INITIALIZER, [
    ...others.map((field) => source(field.from, field.end)),
    ...Object.entries({
      location: name,
      offset: String(weights.start),
      length: String(weights.end - weights.start),
    }).map(([key, value]) =>
      message(EXTERNAL_DATA, [message(1, [Buffer.from(key)]), message(2, [Buffer.from(value)])]),
    ),
    number(DATA_LOCATION, EXTERNAL),
  ]);
}

/** The fields of the message between two places of the file, in order. */
export function* placesIn(source: Source, from: number, end: number): Generator<Place> {
  for (let at = from; at < end; ) {
    const head = fieldAt(source(at, Math.min(at + HEAD_BYTES, end)), 0);
    const field = { tag: head.tag, from: at, start: at + head.start, end: at + head.end };
    if (!(field.end <= end)) throw new Error(`the field at byte ${at} does not fit its message`);
    yield field;
    at = field.end;
  }
}

/** Reads a file in windows: most reads are near the one before. */
export function windowOn(file: number, size: number): Source {
  let begin = 0;
  let window: Uint8Array = new Uint8Array(0);
  return (from, end) => {
    if (from < begin || end > begin + window.length) {
      begin = from;
      window = Buffer.allocUnsafe(Math.min(Math.max(end - from, WINDOW_BYTES), size - from));
      for (let done = 0; done < window.length; ) {
        const count = readSync(file, window, done, window.length - done, from + done);
        if (count === 0) throw new Error('the file ends before its model');
        done += count;
      }
    }
    return window.subarray(from - begin, end - begin);
  };
}
