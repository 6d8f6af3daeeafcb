import { isObject, show, showKeys } from './json.ts';
import type { Run } from './model.ts';
import { refusal } from './refusal.ts';
import { columnsOfRecords, columnsOfSplit } from './table.ts';
import { columnsOfCsv } from './table-csv.ts';
import { namedJson, nestedJson } from './tensor-json.ts';
import { readTensor, type Signature, shapeOf, type Tensor, type TensorSpec } from './tensors.ts';

/** How each of MLflow's shapes is read: into the value of each input, by name. */
const SHAPES = {
  inputs: (value: unknown, signature: Signature) => columns(value, 'inputs', signature),
  instances: rows,
  dataframe_split: columnsOfSplit,
  dataframe_records: columnsOfRecords,
} as const;

/**
 * MLflow's scoring request: `inputs` is nested lists, or an object of them by input name; `instances` is a list of rows,
 * each a value of the only input or an object by input name; `dataframe_split` and `dataframe_records` are tables. Refuses with 400.
 */
export function readInvocation(body: unknown, signature: Signature): Run {
  const keys = isObject(body) ? Object.keys(body) : [];
  const [key] = keys;
  if (!isObject(body) || keys.length !== 1 || !isShape(key)) {
    const found = isObject(body) ? `an object with ${showKeys(keys)}` : show(body);
    throw refusal(
      400,
      `the body is ${found}; it takes an object with "inputs", "instances", "dataframe_split" or "dataframe_records"`,
    );
  }
  return runOf(SHAPES[key](body[key], signature), signature);
}

/** A table as CSV, with the columns' names in its first line or without. Refuses with 400. */
export function readCsvInvocation(text: string, signature: Signature): Run {
  return runOf(columnsOfCsv(text, signature), signature);
}

/** `predictions` is the only output, or an object of them by output name; a list of maps that has become a tensor is `probabilities`, by class in each row. */
export function invocationResponse(outputs: readonly Tensor[]): string {
  const [only, ...others] = outputs;
  const named = outputs.map(
    (tensor) => `${JSON.stringify(answeredName(tensor, outputs))}:${valueJson(tensor)}`,
  );
  return `{"predictions":${only && others.length === 0 ? valueJson(only) : `{${named.join(',')}}`}}`;
}

/** The name of an output in an answer; several classifiers in one model keep their own. */
export function answeredName<T extends TensorSpec>(spec: T, outputs: readonly T[]): string {
  const [, another] = outputs.filter(({ classes }) => classes);
  const isFree = !another && !outputs.some(({ name }) => name === PROBABILITIES);
  return spec.classes && isFree ? PROBABILITIES : spec.name;
}

const PROBABILITIES = 'probabilities';

function valueJson(tensor: Tensor): string {
  return tensor.classes ? namedJson(tensor, tensor.classes) : nestedJson(tensor);
}

function runOf(named: ReadonlyMap<string, unknown>, signature: Signature): Run {
  return {
    inputs: signature.inputs.map((spec) => {
      const value = named.get(spec.name);
      return readTensor(spec, shapeOf(value), value);
    }),
    outputs: signature.outputs.map(({ name }) => name),
  };
}

function isShape(key: string | undefined): key is keyof typeof SHAPES {
  return key !== undefined && Object.hasOwn(SHAPES, key);
}

function rows(instances: unknown, signature: Signature): ReadonlyMap<string, unknown> {
  if (!Array.isArray(instances)) {
    throw refusal(400, `instances is ${show(instances)}; it takes a list of rows`);
  }
  const table = instances.map((row, index) => columns(row, `instances[${index}]`, signature));
  return new Map(
    signature.inputs.map(({ name }) => [name, table.map((row) => row.get(name))] as const),
  );
}

function columns(
  value: unknown,
  label: string,
  { inputs }: Signature,
): ReadonlyMap<string, unknown> {
  const [only, ...others] = inputs;
  if (!isObject(value)) {
    if (only && others.length === 0) return new Map([[only.name, value]]);
    throw refusal(400, `${label} is ${show(value)}; it takes an object with ${showNames(inputs)}`);
  }
  const columnsByName = new Map(Object.entries(value));
  const isComplete = inputs.every(({ name }) => columnsByName.has(name));
  if (isComplete && columnsByName.size === inputs.length) return columnsByName;
  const found = showKeys([...columnsByName.keys()]);
  throw refusal(400, `${label} has ${found}; it takes ${showNames(inputs)}`);
}

function showNames(specs: readonly { readonly name: string }[]): string {
  return showKeys(specs.map(({ name }) => name));
}
