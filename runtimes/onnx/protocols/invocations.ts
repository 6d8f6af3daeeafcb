import { refusal } from '../refusal.ts';
import type { Run } from '../session/model.ts';
import {
  columnsByName,
  namesInTable,
  rowByPosition,
  type Takes,
  takeColumns,
  wholeOf,
} from '../tables/rows.ts';
import {
  columnsOfRecords,
  columnsOfSplit,
  inputsOfRows,
  noRows,
  takesColumns,
} from '../tables/table.ts';
import { type CsvHeader, columnsOfCsv } from '../tables/table-csv.ts';
import { isObject, show, showKeys } from '../values/json.ts';
import { namedRows, nestedJson, rowsJson } from '../values/tensor-json.ts';
import {
  noRowsShape,
  readWrittenTensor,
  type Signature,
  shapeOf,
  type Tensor,
  type TensorSpec,
} from '../values/tensors.ts';
import { worded } from '../worded.ts';

/** Collects the names of columns that the model does not take; without it, such columns are refused. */
type Ignored = Takes['ignored'];

type Named = ReadonlyMap<string, unknown>;

/** How to read each of MLflow's request formats into input values by name. */
const SHAPES = {
  inputs: (value: unknown, takes: Takes) => whole(value, 'inputs', takes),
  instances: (value: unknown, takes: Takes) => instances(value, 'instances', takes),
  dataframe_split: columnsOfSplit,
  dataframe_records: (value: unknown, takes: Takes) =>
    columnsOfRecords(value, 'dataframe_records', takes),
} as const;

/**
 * MLflow's scoring request: `inputs` is nested lists, or an object of them by input name; `instances` is a list of rows,
 * each a value of the only input or an object by input name; `dataframe_split` and `dataframe_records` are tables.
 * A bare list, or a bare object by input name, is read as `inputs`, and so is the bare value of a model that takes one in a row.
 * Columns may also be given by position, a single row is a table of one, and unknown columns are ignored. Refuses with 400.
 */
export function readInvocation(body: unknown, signature: Signature, ignored: Ignored): Run {
  return runOf(namedInputs(body, { inputs: signature.inputs, ignored }), signature);
}

/** A table as CSV, with or without a header line. Refuses with 400. */
export function readCsvInvocation(
  text: string,
  signature: Signature,
  ignored: Ignored,
  header: CsvHeader,
): Run {
  return runOf(columnsOfCsv(text, { inputs: signature.inputs, ignored }, header), signature);
}

/** Whether a request is a table, which is answered by row. */
export function isTable(body: unknown): boolean {
  return isObject(body) && ('dataframe_split' in body || 'dataframe_records' in body);
}

/** `predictions` is the only output or, for several, an object per row by output name, as MLflow answers tables and KServe's V1 protocol everything. */
export function responseByRow(outputs: readonly Tensor[]): string {
  const counts = new Set(outputs.map(({ shape }) => shape[0]));
  const [count] = counts;
  if (outputs.length === 1 || counts.size !== 1 || count === undefined) {
    return invocationResponse(outputs);
  }
  const columns = outputs.map((tensor) => ({
    name: JSON.stringify(answeredName(tensor, outputs)),
    rows: tensor.classes ? namedRows(tensor, tensor.classes) : rowsJson(tensor),
  }));
  const rows = Array.from(
    { length: count },
    (_, row) => `{${columns.map(({ name, rows }) => `${name}:${rows[row]}`).join(',')}}`,
  );
  return `{"predictions":[${rows.join(',')}]}`;
}

/** `predictions` is the only output, or an object of outputs by name; a tensor that replaces a list of maps is `probabilities`, by class in each row. */
export function invocationResponse(outputs: readonly Tensor[]): string {
  const [only, ...others] = outputs;
  const named = outputs.map(
    (tensor) => `${JSON.stringify(answeredName(tensor, outputs))}:${valueJson(tensor)}`,
  );
  return `{"predictions":${only && others.length === 0 ? valueJson(only) : `{${named.join(',')}}`}}`;
}

/** An output's name in an answer; if a model has several classifiers, their outputs keep their own names. */
export function answeredName<T extends TensorSpec>(spec: T, outputs: readonly T[]): string {
  const [, another] = outputs.filter(({ classes }) => classes);
  const isFree = !another && !outputs.some(({ name }) => name === PROBABILITIES);
  return spec.classes && isFree ? PROBABILITIES : spec.name;
}

const PROBABILITIES = 'probabilities';

// The key that MLflow's clients may send beside another one. MLflow's server ignores the parameters that the model's signature does not declare.
const PARAMS = 'params';

function valueJson(tensor: Tensor): string {
  return tensor.classes ? `[${namedRows(tensor, tensor.classes).join(',')}]` : nestedJson(tensor);
}

function runOf(named: Named, signature: Signature): Run {
  return {
    inputs: signature.inputs.map((spec) => {
      const value = named.get(spec.name);
      return readWrittenTensor(
        spec,
        isNoRows(value, spec) ? noRowsShape(spec) : shapeOf(value),
        value,
      );
    }),
    outputs: signature.outputs.map(({ name }) => name),
  };
}

/** An empty list means no rows, each with the shape of the input. */
function isNoRows(value: unknown, { shape }: TensorSpec): boolean {
  return Array.isArray(value) && value.length === 0 && shape[0] === -1;
}

function namedInputs(body: unknown, takes: Takes): Named {
  if (Array.isArray(body) || isOnlyValue(body, takes)) return whole(body, 'the body', takes);
  const keys = isObject(body) ? Object.keys(body) : [];
  const shape = keys.find(isShape);
  const more = keys.filter((name) => name !== shape);
  if (isObject(body) && shape && more.every((name) => name === PARAMS && takes.ignored)) {
    for (const name of more) takes.ignored?.add(name);
    refuseTensors(body[shape], takes);
    return SHAPES[shape](body[shape], takes);
  }
  const saved = new Set(namesInTable(keys, takes));
  if (isObject(body) && takes.inputs.some(({ name }) => saved.has(name)))
    return whole(body, 'the body', takes);
  const records = isObject(body) && !shape ? recordsOfOtherNames(body, takes) : undefined;
  if (records) return columnsOfRecords(records, 'the body', takes);
  if (shape && !more.some(isShape)) {
    throw refusal(400, worded('bodyHasBeside', showKeys(more), shape));
  }
  if (isObject(body) && isOtherOfPandas(body)) {
    throw refusal(
      400,
      `the body has ${showKeys(keys)}, as pandas' to_json() writes a table by orient="${'schema' in body ? 'table' : 'index'}"; it takes those of orient="split" or "records"`,
    );
  }
  if (typeof body === 'string' && /^\s*[[{]/.test(body)) {
    throw refusal(400, worded('jsonWithinText'));
  }
  const found = isObject(body) ? worded('anObjectWith', showKeys(keys)) : show(body);
  throw refusal(
    400,
    `the body is ${found}; it takes a list of rows, or an object with "inputs", "instances", "dataframe_split" or "dataframe_records"`,
  );
}

/** Whether the body is the only value itself, for a model with one value in a row: `"text"` is the quickest to type after `curl -d`. */
function isOnlyValue(body: unknown, { inputs }: Takes): boolean {
  const [only, ...others] = inputs;
  const isColumn = only?.shape.length === 1 || (only?.shape.length === 2 && only.shape[1] === 1);
  return isColumn && others.length === 0 && ['string', 'number', 'boolean'].includes(typeof body);
}

function isOtherOfPandas(body: Readonly<Record<string, unknown>>): boolean {
  if ('schema' in body && 'data' in body) return true;
  const rows = Object.entries(body);
  return rows.length > 0 && rows.every(([index, row]) => /^\d+$/.test(index) && isObject(row));
}

/** Refuses a body of the Open Inference Protocol, in which `inputs` are tensors with their type and shape. */
function refuseTensors(value: unknown, { inputs }: Takes): void {
  const [first] = Array.isArray(value) ? value : [];
  const isTensor = isObject(first) && 'datatype' in first && 'shape' in first && 'data' in first;
  if (!isTensor || inputs.some(({ name }) => name === 'datatype')) return;
  throw refusal(
    400,
    'inputs are tensors of the Open Inference Protocol, which are taken by /v2/models/NAME/infer; here they are a list of rows',
  );
}

function isShape(key: string | undefined): key is keyof typeof SHAPES {
  return key !== undefined && Object.hasOwn(SHAPES, key);
}

/** The values of all rows: by input name, of the only input, or a table with columns by position. */
function whole(value: unknown, label: string, takes: Takes): Named {
  const { inputs } = takes;
  if (isObject(value)) {
    const records = recordsOfOtherNames(value, takes);
    if (records) return columnsOfRecords(records, label, takes);
    const named = columnsByName(value, label, takes);
    refuseByIndex(named, label, takes);
    return new Map(inputs.map((spec) => [spec.name, wholeOf(spec, named.get(spec.name))]));
  }
  const listed = Array.isArray(value) ? ofList(value, label, takes) : undefined;
  if (listed) return listed;
  const [only, ...others] = inputs;
  if (only && others.length === 0) return new Map([[only.name, wholeOf(only, value)]]);
  throw refusal(400, worded('is', label, show(value), takeColumns(takes)));
}

/** Refuses columns keyed by the row's index, as pandas writes a table by default: no server could know the order of the rows. */
function refuseByIndex(named: Named, label: string, { inputs }: Takes): void {
  const found = inputs.find(({ name }) => isObject(named.get(name)));
  if (!found) return;
  throw refusal(
    400,
    `${label} has rows of ${show(found.name)} by their index, as pandas' to_json() writes them; it takes those of to_json(orient="split") or "records"`,
  );
}

/** Rows by name or by position, or the values of a single row; undefined for a list that is the only input's value. */
function ofList(list: readonly unknown[], label: string, takes: Takes): Named | undefined {
  if (list.length > 0 && list.every(isObject)) return instances(list, label, takes);
  if (!takesColumns(takes)) return undefined;
  if (list.length === 0) return noRows(takes);
  if (list.every(Array.isArray)) return inputsOfRows(list, undefined, label, takes);
  return takes.inputs.length > 1 ? inputsOfRows([list], undefined, label, takes) : undefined;
}

function instances(rows: unknown, label: string, takes: Takes): Named {
  const { inputs } = takes;
  if (!Array.isArray(rows)) {
    throw refusal(400, worded('takesRows', label, show(rows)));
  }
  if (isTableOfOtherNames(rows, takes)) return columnsOfRecords(rows, label, takes);
  const table = rows.map((row, index) => rowOf(row, `${label}[${index}]`, takes));
  return new Map(
    inputs.map((spec) => {
      const values = table.map((row) => row.get(spec.name));
      return [spec.name, wholeOf(spec, values)];
    }),
  );
}

/** A matrix has no column names, so a table's column names do not matter. */
function isTableOfOtherNames(rows: readonly unknown[], { inputs }: Takes): boolean {
  const [only, ...others] = inputs;
  if (!only || others.length > 0 || only.shape.length !== 2 || rows.length === 0) return false;
  return rows.every((row) => isObject(row) && !Object.hasOwn(row, only.name));
}

/** A row, or whole columns, with as many names as the matrix has columns; undefined for anything else. */
function recordsOfOtherNames(
  value: Readonly<Record<string, unknown>>,
  takes: Takes,
): readonly Readonly<Record<string, unknown>>[] | undefined {
  const columns = Object.entries(value);
  const [width] = takes.inputs.map(({ shape }) => shape[1]);
  if (columns.length !== width || !isTableOfOtherNames([value], takes)) return undefined;
  if (!columns.some(([, cells]) => typeof cells === 'object' && cells !== null)) return [value];
  const lists = columns.flatMap(([name, cells]) => (Array.isArray(cells) ? [{ name, cells }] : []));
  const [first] = lists;
  if (
    lists.length < columns.length ||
    lists.some(({ cells }) => cells.length !== first?.cells.length)
  )
    return undefined;
  return first?.cells.map((_, row) =>
    Object.fromEntries(lists.map(({ name, cells }) => [name, cells[row]])),
  );
}

function rowOf(row: unknown, label: string, takes: Takes): Named {
  const [only, ...others] = takes.inputs;
  if (isObject(row)) return columnsByName(row, label, takes);
  if (Array.isArray(row) && takesColumns(takes)) return rowByPosition(row, label, takes);
  if (only && others.length === 0) return new Map([[only.name, row]]);
  throw refusal(400, worded('is', label, show(row), takeColumns(takes)));
}
