import { refusal } from '../refusal.ts';
import { is, isObject, show, showKeys } from '../values/json.ts';
import type { TensorSpec } from '../values/tensors.ts';
import { worded } from '../worded.ts';
import { namesInTable, passOver, rowByPosition, type Takes, wholeOf } from './rows.ts';

type Row = readonly unknown[];

/** `dataframe_split`: {columns, data, index?}, rows in `data`. */
export function columnsOfSplit(split: unknown, takes: Takes): ReadonlyMap<string, unknown> {
  if (!isObject(split)) {
    throw refusal(400, worded('splitTakes', show(split)));
  }
  const { columns, data } = split;
  if (!Array.isArray(data) || !data.every(Array.isArray)) {
    throw refusal(400, worded('splitDataTakes', is(data)));
  }
  if (columns === undefined || columns === null) {
    return inputsOfRows(data, undefined, 'dataframe_split', takes);
  }
  if (!Array.isArray(columns)) {
    throw refusal(400, `columns of dataframe_split ${is(columns)}; it takes a list of names`);
  }
  return inputsOfRows(data, columns.map(String), 'dataframe_split', takes);
}

/** A list of objects. A column that only some of them have is missing in the others, as in pandas. */
export function columnsOfRecords(
  records: unknown,
  label: string,
  takes: Takes,
): ReadonlyMap<string, unknown> {
  if (!Array.isArray(records) || !records.every(isObject)) {
    throw refusal(400, worded('takesObjects', label, show(records)));
  }
  if (records.length === 0) return noRows(takes);
  const names = [...new Set(records.flatMap(Object.keys))];
  const rows = records.map((record) =>
    names.map((name) => (Object.hasOwn(record, name) ? record[name] : null)),
  );
  return inputsOfRows(rows, names, label, takes);
}

type Inputs = Pick<Takes, 'inputs'>;

/** A table without rows is a table too: its answer has no rows either. */
export function noRows({ inputs }: Inputs): ReadonlyMap<string, unknown> {
  return new Map(inputs.map(({ name }) => [name, []]));
}

/** Whether a table can be the model's inputs: columns, or one matrix. */
export function takesTable(signature: Inputs): boolean {
  const [only, ...others] = signature.inputs;
  return takesColumns(signature) || (others.length === 0 && only?.shape.length === 2);
}

/** Whether each input is a column of values; a single two-dimensional input is a matrix, even with one column. */
export function takesColumns({ inputs }: Inputs): boolean {
  const isColumn = ({ shape }: TensorSpec) =>
    shape.length === 1 || (inputs.length > 1 && shape.length === 2 && shape[1] === 1);
  return inputs.every(isColumn);
}

/** A column for each input, by name or else by position, or the rows as the only input. */
export function inputsOfRows(
  rows: readonly Row[],
  names: readonly string[] | undefined,
  label: string,
  takes: Takes,
): ReadonlyMap<string, unknown> {
  const width = names?.length ?? rows[0]?.length ?? 0;
  const specs = columnSpecs(takes, names && namesInTable(names, takes), width, label);
  for (const [index, row] of rows.entries()) {
    if (row.length === width) continue;
    throw refusal(400, worded('valuesInRow', label, row.length, index, width));
  }
  const [only] = takes.inputs;
  if (only && !takesColumns(takes)) return new Map([[only.name, rows]]);
  return new Map(
    specs.flatMap((spec, column) => {
      const values = rows.map((row) => row[column]);
      return spec ? [[spec.name, wholeOf(spec, values)] as const] : [];
    }),
  );
}

/** The input spec of each column of a table; undefined for an ignored one. */
export function columnSpecs(
  takes: Takes,
  names: readonly string[] | undefined,
  width: number,
  label: string,
): readonly (TensorSpec | undefined)[] {
  const { inputs } = takes;
  if (!takesColumns(takes)) return new Array(width).fill(matrixOf(inputs, width, label));
  if (names) passOver(names, label, takes);
  else rowByPosition(new Array(width), label, takes);
  const known = new Map(inputs.map((spec) => [spec.name, spec] as const));
  return names ? names.map((name) => known.get(name)) : inputs;
}

function matrixOf(inputs: readonly TensorSpec[], width: number, label: string): TensorSpec {
  const [only, ...others] = inputs;
  const [rank, columns = -1] = [only?.shape.length ?? 1, only?.shape[1]];
  if (!only || others.length > 0 || (rank !== 0 && rank !== 2)) {
    const names = showKeys(inputs.map(({ name }) => name));
    throw refusal(400, worded('tableForTensors', label, names));
  }
  if (columns === -1 || columns === width) return only;
  throw refusal(400, worded('otherColumns', label, width, columns));
}
