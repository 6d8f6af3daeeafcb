import { takesTable } from '../tables/table.ts';
import type { Datatype, Signature, TensorSpec } from '../values/tensors.ts';
import { worded } from '../worded.ts';
import { answeredName } from './invocations.ts';

/** A JSON schema, draft 2020-12, as used in OpenAPI 3.1. */
export type Schema = Readonly<Record<string, unknown>>;

const VALUES: Readonly<Record<Datatype, Schema>> = {
  BOOL: { type: 'boolean' },
  BYTES: { type: 'string' },
  FP16: { type: 'number' },
  FP32: { type: 'number' },
  FP64: { type: 'number' },
  INT8: { type: 'integer', minimum: -128, maximum: 127 },
  INT16: { type: 'integer', minimum: -32_768, maximum: 32_767 },
  INT32: { type: 'integer', minimum: -2_147_483_648, maximum: 2_147_483_647 },
  INT64: { type: 'integer' },
  UINT8: { type: 'integer', minimum: 0, maximum: 255 },
  UINT16: { type: 'integer', minimum: 0, maximum: 65_535 },
  UINT32: { type: 'integer', minimum: 0, maximum: 4_294_967_295 },
  UINT64: { type: 'integer', minimum: 0 },
};

export const ERROR = object({ error: { type: 'string' } });

// Generators of clients need the type of a list's items, even if items may be of any type.
const ROW: Schema = { ...list({}), description: worded('valuesInOrder') };
const ROWS: Schema = { ...list({}), description: worded('rowsOrOne') };

const TABLES: readonly Schema[] = [
  object({
    dataframe_split: object(
      { data: list(ROW) },
      { columns: list({ type: 'string' }), index: list({}) },
    ),
  }),
  object({ dataframe_records: { ...list({ type: 'object' }), minItems: 1 } }),
];

export function inferRequest({ inputs, outputs }: Signature): Schema {
  const names = outputs.map(({ name }) => name);
  return object(
    { inputs: list({ oneOf: inputs.map(tensor) }) },
    { id: { type: 'string' }, outputs: list(object({ name: { enum: names } })) },
  );
}

export function inferResponse({ outputs }: Signature): Schema {
  return object(
    { model_name: { type: 'string' }, outputs: list({ oneOf: outputs.map(tensor) }) },
    { model_version: { type: 'string' }, id: { type: 'string' } },
  );
}

export function invocationRequest({ inputs }: Pick<Signature, 'inputs'>): Schema {
  const wholes = inputs.map((spec) => [spec.name, nested(spec, spec.shape)] as const);
  const rows = inputs.map((spec) => [spec.name, nested(spec, spec.shape.slice(1))] as const);
  if (!takesTable({ inputs })) {
    return {
      oneOf: [object({ inputs: byName(wholes) }), object({ instances: list(byName(rows)) })],
    };
  }
  const row = { anyOf: [byName(rows), ROW] };
  const all = { anyOf: [byName(wholes), byName(rows), ROWS] };
  return { anyOf: [object({ inputs: all }), object({ instances: list(row) }), ...TABLES, all] };
}

export function invocationResponse({ outputs }: Signature): Schema {
  const wholes = outputs.map(
    (spec) => [answeredName(spec, outputs), spec.classes ? rowsBy(spec) : whole(spec)] as const,
  );
  const [only, ...others] = wholes;
  if (only && others.length === 0) return object({ predictions: only[1] });
  return object({ predictions: { anyOf: [object(Object.fromEntries(wholes)), rowsOf(outputs)] } });
}

export function responseByRow({ outputs }: Signature): Schema {
  const [only, ...others] = outputs;
  if (!only || others.length === 0) return invocationResponse({ inputs: [], outputs });
  return object({ predictions: { anyOf: [rowsOf(outputs), { type: 'object' }] } });
}

function rowsOf(outputs: readonly TensorSpec[]): Schema {
  const row = outputs.map((spec) => [spec.name, nested(spec, spec.shape.slice(1))] as const);
  return list(object(Object.fromEntries(row)));
}

function whole(spec: TensorSpec): Schema {
  return nested(spec, spec.shape);
}

function rowsBy({ classes = [], datatype }: TensorSpec): Schema {
  return list(object(Object.fromEntries(classes.map((name) => [name, VALUES[datatype]]))));
}

/** A single one may also be given without its name. */
function byName(schemas: readonly (readonly [string, Schema])[]): Schema {
  const named = object(Object.fromEntries(schemas));
  const [only, ...others] = schemas;
  return only && others.length === 0 ? { anyOf: [only[1], named] } : named;
}

function tensor({ name, datatype, shape }: TensorSpec): Schema {
  const lengths = shape.map((dim) =>
    dim === -1 ? { type: 'integer', minimum: 0 } : { const: dim },
  );
  return object({
    name: { const: name },
    datatype: { const: datatype },
    shape: shape.length === 0 ? list({ type: 'integer' }) : tuple(lengths),
    data: { ...list({}), description: worded('valuesRowMajor', datatype) },
  });
}

/** Lists nested as deep as `shape`; for a tensor without a declared shape, anything. */
function nested(spec: TensorSpec, shape: readonly number[]): Schema {
  if (spec.shape.length === 0) return {};
  return shape.reduceRight<Schema>(
    (items, dim) => (dim === -1 ? list(items) : { ...list(items), minItems: dim, maxItems: dim }),
    spec.missing ? { type: ['string', 'null'] } : VALUES[spec.datatype],
  );
}

function object(required: Schema, optional: Schema = {}): Schema {
  return {
    type: 'object',
    required: Object.keys(required),
    properties: { ...required, ...optional },
  };
}

function list(items: Schema): Schema {
  return { type: 'array', items };
}

function tuple(items: readonly Schema[]): Schema {
  return { type: 'array', prefixItems: items, minItems: items.length, maxItems: items.length };
}
