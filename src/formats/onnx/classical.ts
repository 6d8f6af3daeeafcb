import {
  around,
  type ColumnRange,
  rangesOfTrees,
  type Thresholds,
  widen,
  withMissing,
} from '#domain/artifact/column-range.ts';
import { classesOf, type Signature, type TensorSpec } from '#domain/artifact/signature.ts';
import { bytes, fixed32, type Handlers, varint, type Wire } from '#formats/bytes/protobuf-walk.ts';
import { type Directions, noteBothWays, noteDirection } from '#formats/trees/directions.ts';
import type { NumberList } from './fitted.ts';

/** The columns and the classes that a model was trained on, as far as the operators of ai.onnx.ml in its main graph know them. */
export type Classical = {
  readonly thresholds: Thresholds;
  /** Where their splits send missing values. */
  readonly directions: Directions;
  /** How many columns each imputer fills, if it fills missing values. */
  readonly filled: number[];
  readonly scalers: { readonly offset: readonly number[]; readonly scale: readonly number[] }[];
  /** The distinct lists of classes, as JSON. */
  readonly classes: Set<string>;
};

/** A list among the attributes of a node. */
export type SaidList = { name: string; items: (string | number)[] };

/** The operators whose attributes are kept for this, and these attributes. */
export const SAYS_COLUMNS = /^(Scaler|Imputer|(Linear|SVM|TreeEnsemble)(Classifier|Regressor))$/;
const KEPT =
  /^(nodes_featureids|nodes_missing_value_tracks_true|classlabels_(strings|int64s|ints))$/;
const KEPT_FRACTIONS = /^(offset|scale|nodes_values|imputed_value_floats)$/;
/** The number that stands for a missing value. */
const REPLACED = 'replaced_value_float';
/** The nodes of the largest forest that is looked at. */
const MOST_ITEMS = 1_000_000;
const MOST_PACKED_BYTES = 64 * 1024;
const BYTES_OF_FLOAT = 4;
/** It writes the trees of scikit-learn, which send missing values both ways in any case. */
const OF_SKLEARN = 'skl2onnx';
const FLOATS: readonly string[] = ['FP32', 'FP64'];

export function nothingClassical(): Classical {
  return {
    thresholds: new Map(),
    directions: new Map(),
    filled: [],
    scalers: [],
    classes: new Set(),
  };
}

export function saidList(): SaidList {
  return { name: '', items: [] };
}

/** Keeps the whole numbers and texts of an attribute, whose name comes first. */
export function handlersOf(wire: Wire, list: SaidList): Handlers {
  const add = (item: string | number) => {
    if (KEPT.test(list.name) && list.items.length < MOST_ITEMS) list.items.push(item);
  };
  return {
    [fixed32(2)]: (field) => {
      const number = wire.raw(field);
      if (list.name === REPLACED && number instanceof Uint8Array) {
        list.items.push(Buffer.from(number).readFloatLE());
      }
    },
    [varint(8)]: ({ value }) => add(value),
    [bytes(8)]: async (field) => {
      if (field.end - field.start > MOST_PACKED_BYTES) return;
      for (const value of await wire.varints(field)) add(value);
    },
    [bytes(9)]: async (field) => {
      if (KEPT.test(list.name)) add(await wire.text(field));
    },
  };
}

/** The list, with the fractions that were read for it where it is kept. */
export function withNumbers(list: SaidList, { bytes, length }: NumberList): SaidList {
  const { name } = list;
  if (!KEPT_FRACTIONS.test(name)) return list;
  const view = new DataView(bytes.buffer, bytes.byteOffset, length);
  const count = Math.min(MOST_ITEMS, Math.floor(length / BYTES_OF_FLOAT));
  return {
    name,
    items: Array.from({ length: count }, (_, at) => view.getFloat32(at * BYTES_OF_FLOAT, true)),
  };
}

/** Takes in the lists of a node. */
export function addSaid(classical: Classical, lists: readonly SaidList[]) {
  const { thresholds, directions, filled, scalers, classes } = classical;
  const numbers = (name: string) =>
    (lists.find((list) => list.name === name)?.items ?? []).map(Number);
  const [columns, values] = [numbers('nodes_featureids'), numbers('nodes_values')];
  const ways = numbers('nodes_missing_value_tracks_true');
  columns.forEach((column, at) => {
    const value = values[at] ?? Number.NaN;
    // A leaf has zeros.
    if (column === 0 && value === 0) return;
    widen(thresholds, column, value);
    const way = ways[at];
    if (way !== undefined) noteDirection(directions, column, way !== 0);
  });
  const imputed = numbers('imputed_value_floats').length;
  if (imputed > 0 && Number.isNaN(numbers(REPLACED)[0])) filled.push(imputed);
  const [offset, scale] = [numbers('offset'), numbers('scale')];
  if (offset.length > 0 && offset.length === scale.length) scalers.push({ offset, scale });
  for (const { name, items } of lists) {
    if (name.startsWith('classlabels_') && items.length > 0) {
      classes.add(JSON.stringify(items.map(String)));
    }
  }
}

/** Where the values of each column lay, by the scaler that takes all of them, or by the trees; and whether an imputer fills them. `producer` is the program that wrote the model. */
export function rangesIn(
  { thresholds, directions, filled, scalers }: Classical,
  { inputs }: Signature,
  producer: string,
): readonly ColumnRange[] | undefined {
  const [matrix] = inputs;
  const width = inputs.length === 1 ? matrix?.shape[1] : inputs.length;
  const [scaler] = scalers;
  // One number fills all columns.
  const isFilled = filled.some((columns) => columns === width || columns === 1);
  if (scaler) {
    const ranges = scaler.offset.map((mean, at) =>
      withMissing(around(mean, 1 / Math.abs(scaler.scale[at] ?? 0)), isFilled),
    );
    return ranges.length === width ? ranges : undefined;
  }
  if (width === undefined || width < 1 || thresholds.size === 0) return undefined;
  if (producer !== OF_SKLEARN) noteBothWays(directions, thresholds);
  return rangesOfTrees(thresholds, width).map((range) => withMissing(range, isFilled));
}

/** The outputs with the classes of the one that has a column for each; two lists of classes are of two classifiers, or of stages of one. */
export function withClasses(
  { classes }: Classical,
  outputs: readonly TensorSpec[],
): readonly TensorSpec[] {
  const [only, ...others] = classes;
  if (only === undefined || others.length > 0) return outputs;
  const labels: readonly string[] = JSON.parse(only);
  const isFor = ({ datatype, shape }: TensorSpec) =>
    FLOATS.includes(datatype) && shape.length === 2 && [-1, labels.length].includes(shape[1] ?? 0);
  if (outputs.filter(isFor).length !== 1) return outputs;
  return outputs.map((output) => (isFor(output) ? { ...classesOf(labels), ...output } : output));
}
