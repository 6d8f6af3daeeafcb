import * as z from 'zod/mini';
import type { Datatype, Signature, TensorSpec } from '#domain/artifact/signature.ts';
import { zero } from '#domain/rollout/golden-request.ts';
import { quoted, rejected } from '#formats/rejected.ts';
import type { MlflowModel } from './model.ts';

const MAX_TEXT = 1024 * 1024;

// The facts are kept in the registry, where DynamoDB limits an item to 400 KB.
const MAX_SIGNATURE_BYTES = 64 * 1024;

const column = z.object({
  type: z.unknown(),
  name: z.optional(z.string()),
  required: z.optional(z.boolean()),
});
const tensor = z.object({
  type: z.literal('tensor'),
  name: z.optional(z.string()),
  'tensor-spec': z.object({
    dtype: z.string(),
    shape: z.array(z.int().check(z.gte(-1), z.lte(2 ** 40))).check(z.maxLength(32)),
  }),
});
const columns = z.array(z.union([tensor, column])).check(z.maxLength(10_000));

// MLflow's column types. https://mlflow.org/docs/latest/ml/model/signatures/
const COLUMNS: Readonly<Record<string, Datatype>> = {
  ...({ boolean: 'BOOL', integer: 'INT32', long: 'INT64', float: 'FP32', double: 'FP64' } as const),
  ...({ string: 'BYTES', binary: 'BYTES', datetime: 'BYTES' } as const),
};

const TENSORS: Readonly<Record<string, Datatype>> = {
  ...({ bool: 'BOOL', float16: 'FP16', float32: 'FP32', float64: 'FP64' } as const),
  ...({ int8: 'INT8', int16: 'INT16', int32: 'INT32', int64: 'INT64' } as const),
  ...({ uint8: 'UINT8', uint16: 'UINT16', uint32: 'UINT32', uint64: 'UINT64' } as const),
  ...({ object: 'BYTES', str: 'BYTES' } as const),
};

/** A signature in the protocol's terms, whether it takes named columns, and a sample row where zeros would be invalid; null when there is no signature, or when it is too long to keep or the protocol cannot carry it. */
export function mlflowSignature({ signature }: MlflowModel, file: string): Declared | null {
  if (signature === undefined || typeof signature === 'string') return null;
  const written = parsed(signature.inputs, file);
  const inputs = specs(written, 'input');
  const outputs = specs(parsed(signature.outputs, file), 'prediction');
  if (inputs === undefined || inputs.length === 0) return null;
  const signed = { inputs, outputs: outputs ?? [] };
  if (Buffer.byteLength(JSON.stringify(signed)) > MAX_SIGNATURE_BYTES) return null;
  const takesColumns = written.every((each) => !('tensor-spec' in each)) && isNamed(written);
  return { signature: signed, takesColumns, row: takesColumns ? rowOf(written, inputs) : null };
}

type Declared = {
  readonly signature: Signature;
  readonly takesColumns: boolean;
  readonly row: Readonly<Record<string, unknown>> | null;
};

/** Times are texts in a request, but empty texts are not times. */
function rowOf(written: Written, inputs: readonly TensorSpec[]): Declared['row'] {
  if (!written.some((each) => 'type' in each && each.type === 'datetime')) return null;
  return Object.fromEntries(
    inputs.map(({ name, datatype }, at) => {
      const [type] = [written[at]?.type];
      return [name, type === 'datetime' ? EPOCH : zero(datatype)];
    }),
  );
}

const EPOCH = '1970-01-01T00:00:00';

type Written = z.infer<typeof columns>;

function isNamed(written: Written): boolean {
  return written.every(({ name }) => name !== undefined);
}

function specs(written: Written, alone: string): readonly TensorSpec[] | undefined {
  const found: TensorSpec[] = [];
  for (const [index, each] of written.entries()) {
    const name = each.name ?? (written.length === 1 ? alone : `${alone}_${index}`);
    const spec = 'tensor-spec' in each ? each['tensor-spec'] : undefined;
    const datatype = spec ? TENSORS[spec.dtype] : COLUMNS[String(each.type)];
    if (!datatype) return undefined;
    const isOptional = 'required' in each && each.required === false;
    found.push({
      name,
      datatype,
      shape: spec?.shape ?? [-1],
      ...(isOptional && { isOptional }),
    });
  }
  return found;
}

/** In the YAML, a signature is a string of JSON. */
function parsed(text: string | undefined, file: string): Written {
  if (text === undefined || text === 'null' || text === '') return [];
  const odd = (what: string) =>
    rejected(
      `${file}: its signature ${what}`,
      'Save the model again with a signature from mlflow.models.infer_signature.',
    );
  if (text.length > MAX_TEXT) throw odd(`has ${text.length} characters; the limit is ${MAX_TEXT}`);
  try {
    return columns.parse(JSON.parse(text));
  } catch {
    throw odd(`is not the JSON that MLflow writes: ${quoted(text)}`);
  }
}
