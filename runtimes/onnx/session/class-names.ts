import { closeSync, fstatSync, openSync } from 'node:fs';
import { placesIn, type Source, windowOn } from './mapped-weights.ts';
import { fieldsOf, integersOf, tagOf, textIn } from './protobuf.ts';

// Fields of ModelProto, GraphProto, NodeProto, AttributeProto and TensorProto: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
const METADATA = tagOf(14);
const GRAPH = tagOf(7);
const NODE = tagOf(1);
const INITIALIZER = tagOf(5);
const ATTRIBUTE = tagOf(5);
const STRINGS = tagOf(9);
const INTEGERS = [tagOf(8), tagOf(8, 0)];
const STRING_DATA = tagOf(6);

/** Slipway's own word goes before those of exporters: Ultralytics writes `names`, others write one of the rest. */
const PROPERTIES = ['slipway.classes', 'names', 'id2label', 'labels', 'classes', 'class_names'];

// Longer ones are weights; names of a hundred thousand classes are shorter.
const MOST_BYTES = 4 * 2 ** 20;
const MOST_NAME_BYTES = 1000;

/**
 * The names of a classifier's classes, in the order of its scores, by the model's metadata, or by the operator of ai.onnx.ml or the list of texts in its graph that turns a score into a label.
 * Empty where it has none, or where its classes are just their numbers. Throws on bytes that are not a ModelProto.
 */
export function classNames(path: string): readonly string[] {
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    const source = windowOn(file, size);
    const told = new Map<string, readonly string[]>();
    let found: readonly string[] = [];
    for (const { tag, start, end } of placesIn(source, 0, size)) {
      if (tag === METADATA && end - start < MOST_BYTES) {
        const entry = source(start, end);
        told.set(textIn(entry, 1), namesIn(textIn(entry, 2)));
      }
      if (tag === GRAPH) found = namesOfGraph(source, start, end);
    }
    const known = PROPERTIES.map((name) => told.get(name) ?? []).find(({ length }) => length > 0);
    return known ?? found;
  } finally {
    closeSync(file);
  }
}

/** A list or a map in JSON, a map of Python (`{0: 'cat', 1: "dog's"}`), or one name on each line. */
function namesIn(text: string): readonly string[] {
  const value = valueIn(text);
  if (Array.isArray(value)) return texts(value);
  if (typeof value === 'object' && value !== null) return inOrder(Object.entries(value));
  if (text.startsWith('{')) {
    const items = text.matchAll(/(\d+)\s*:\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")/g);
    return inOrder(
      [...items].map(([, at = '', single, double]) => [
        at,
        (single ?? double ?? '').replaceAll(/\\(.)/g, '$1'),
      ]),
    );
  }
  return text.includes('\n')
    ? text
        .split('\n')
        .map((line) => line.trim())
        .filter(Boolean)
    : [];
}

function valueIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The names of a map from 0, 1, 2 … to them, or from them to these; empty for any other. */
function inOrder(entries: readonly (readonly [string, unknown])[]): readonly string[] {
  const isByNumber = entries.every(([key]) => /^\d+$/.test(key));
  const pairs = entries.map(([key, value]) =>
    isByNumber ? ([Number(key), value] as const) : ([Number(value), key] as const),
  );
  const sorted = pairs.toSorted(([a], [b]) => a - b);
  return sorted.every(([at], index) => at === index) ? texts(sorted.map(([, name]) => name)) : [];
}

function texts(values: readonly unknown[]): readonly string[] {
  return values.every((value) => typeof value === 'string') ? values : [];
}

/** Several lists are of several classifiers, or of stages of one: then nobody knows whose an output is. */
function namesOfGraph(source: Source, from: number, to: number): readonly string[] {
  const found = new Map<string, readonly string[]>();
  for (const { tag, start, end } of placesIn(source, from, to)) {
    const names =
      tag === NODE
        ? namesOfNode(source, start, end)
        : tag === INITIALIZER
          ? namesOfTensor(source, start, end)
          : [];
    if (names.length > 1) found.set(JSON.stringify(names), names);
  }
  const [only = [], ...others] = found.values();
  return others.length > 0 || only.every((name, index) => name === String(index)) ? [] : only;
}

/** `classlabels_strings`, `classlabels_int64s` or `classlabels_ints` of a classifier. */
function namesOfNode(source: Source, from: number, to: number): readonly string[] {
  for (const { tag, start, end } of placesIn(source, from, to)) {
    if (tag !== ATTRIBUTE || !textAt(source, start, end, 1).startsWith('classlabels_')) continue;
    const labels = [...fieldsOf(source(start, Math.min(end, start + MOST_BYTES)))].flatMap(
      ({ tag: field, content }) => {
        if (field === STRINGS) return [Buffer.from(content).toString()];
        return INTEGERS.includes(field) ? integersOf(content) : [];
      },
    );
    if (labels.length > 0) return labels;
  }
  return [];
}

/** The texts of a constant that skl2onnx calls `classes`. */
function namesOfTensor(source: Source, from: number, to: number): readonly string[] {
  if (!/^classes(_|\d|$)/.test(textAt(source, from, to, 8))) return [];
  return [...placesIn(source, from, to)].flatMap(({ tag, start, end }) =>
    tag === STRING_DATA ? [Buffer.from(source(start, end)).toString()] : [],
  );
}

/** A text of a message by its field's number, without reading the rest; empty where it has none, or a longer one than a name. */
function textAt(source: Source, from: number, to: number, field: number): string {
  for (const { tag, start, end } of placesIn(source, from, to)) {
    if (tag !== tagOf(field)) continue;
    return end - start < MOST_NAME_BYTES ? Buffer.from(source(start, end)).toString() : '';
  }
  return '';
}
