import { isObject, show, showKeys } from './json.ts';
import { refusal } from './refusal.ts';
import type { Signature, TensorSpec } from './tensors.ts';

type Row = readonly unknown[];

/** `dataframe_split`: {columns, data, index?}, rows in `data`. */
export function columnsOfSplit(split: unknown, signature: Signature): ReadonlyMap<string, unknown> {
  if (!isObject(split)) {
    throw refusal(
      400,
      `dataframe_split is ${show(split)}; it takes an object with columns and data`,
    );
  }
  const { columns, data } = split;
  if (!Array.isArray(data) || !data.every(Array.isArray)) {
    throw refusal(400, `data of dataframe_split is ${show(data)}; it takes a list of rows`);
  }
  if (columns === undefined || columns === null) {
    return inputsOfRows(data, undefined, 'dataframe_split', signature);
  }
  if (!Array.isArray(columns)) {
    throw refusal(400, `columns of dataframe_split is ${show(columns)}; it takes a list of names`);
  }
  return inputsOfRows(data, columns.map(String), 'dataframe_split', signature);
}

/** `dataframe_records`: a list of objects, all with the same columns. */
export function columnsOfRecords(
  records: unknown,
  signature: Signature,
): ReadonlyMap<string, unknown> {
  if (!Array.isArray(records) || !isObject(records[0]) || !records.every(isObject)) {
    throw refusal(400, `dataframe_records is ${show(records)}; it takes a list of objects`);
  }
  const names = Object.keys(records[0]);
  const rows = records.map((record, index) => {
    const found = Object.keys(record);
    if (isSame(found, names)) return names.map((name) => record[name]);
    throw refusal(
      400,
      `dataframe_records[${index}] has ${showKeys(found)}; the first has ${showKeys(names)}`,
    );
  });
  return inputsOfRows(rows, names, 'dataframe_records', signature);
}

type Inputs = Pick<Signature, 'inputs'>;

/** Whether a table can be the model's inputs: columns, or one matrix. */
export function takesTable(signature: Inputs): boolean {
  const [only, ...others] = signature.inputs;
  return takesColumns(signature) || (others.length === 0 && only?.shape.length === 2);
}

/** Whether each input is one column of values; an only input of rows is a matrix, be it of one column. */
export function takesColumns({ inputs }: Inputs): boolean {
  const isColumn = ({ shape }: TensorSpec) =>
    shape.length === 1 || (inputs.length > 1 && shape.length === 2 && shape[1] === 1);
  return inputs.every(isColumn);
}

/** A column for each input, by name, or the rows as the only input. Of a number null is NaN, and true is 1: frameworks make no difference. */
export function inputsOfRows(
  rows: readonly Row[],
  names: readonly string[] | undefined,
  label: string,
  signature: Signature,
): ReadonlyMap<string, unknown> {
  const width = names?.length ?? rows[0]?.length ?? 0;
  const specs = columnSpecs(signature, names, width, label);
  const filled = rows.map((row, index) => {
    if (row.length !== width) {
      throw refusal(
        400,
        `${label} has ${row.length} values in row ${index}; the others have ${width}`,
      );
    }
    return row.map((value, column) => (isFloat(specs[column]) ? numberOf(value) : value));
  });
  const [only] = signature.inputs;
  if (only && !takesColumns(signature)) return new Map([[only.name, filled]]);
  return new Map(
    specs.map(({ name, shape }, column) => {
      const values = filled.map((row) => row[column]);
      return [name, shape.length === 1 ? values : values.map((value) => [value])];
    }),
  );
}

function numberOf(value: unknown): unknown {
  if (value === null) return NaN;
  return typeof value === 'boolean' ? Number(value) : value;
}

export function columnSpecs(
  signature: Signature,
  names: readonly string[] | undefined,
  width: number,
  label: string,
): readonly TensorSpec[] {
  const { inputs } = signature;
  if (!takesColumns(signature)) return new Array(width).fill(matrixOf(inputs, width, label));
  const known = new Map(inputs.map((spec) => [spec.name, spec] as const));
  const found = names ?? [...known.keys()];
  if (found.length === width && isSame(found, [...known.keys()])) {
    return found.flatMap((name) => known.get(name) ?? []);
  }
  const has = names ? showKeys(found) : `${width} columns`;
  throw refusal(400, `${label} has ${has}; it takes ${showKeys([...known.keys()])}`);
}

function matrixOf(inputs: readonly TensorSpec[], width: number, label: string): TensorSpec {
  const [only, ...others] = inputs;
  const [rank, columns = -1] = [only?.shape.length ?? 1, only?.shape[1]];
  if (!only || others.length > 0 || (rank !== 0 && rank !== 2)) {
    const names = showKeys(inputs.map(({ name }) => name));
    throw refusal(400, `${label} is a table; the model takes ${names}, which is none`);
  }
  if (columns === -1 || columns === width) return only;
  throw refusal(400, `${label} has ${width} columns; the model takes ${columns}`);
}

export function isFloat(spec: TensorSpec | undefined): boolean {
  return spec?.datatype.startsWith('FP') ?? false;
}

export function isSame(names: readonly string[], others: readonly string[]): boolean {
  const known = new Set(others);
  return (
    names.length === known.size &&
    new Set(names).size === names.length &&
    names.every((name) => known.has(name))
  );
}
