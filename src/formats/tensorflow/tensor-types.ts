import type { Datatype, Signature, TensorSpec } from '#domain/artifact/signature.ts';
import { BY_CODE } from '#domain/artifact/ways-out.ts';
import { quoted, rejected } from '#formats/rejected.ts';

/** An element type of TensorFlow or TensorFlow Lite: its name, its size in bits, and its name in the Open Inference Protocol where OpenVINO serves it. */
export type ElementType = {
  readonly name: string;
  readonly bits: number;
  readonly datatype?: Datatype;
};

/** An input or output as a file declares it; `shape` is null where its rank is unknown. */
export type DeclaredTensor = {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly number[] | null;
};

const served = (datatype: Datatype, bits: number): ElementType => ({
  name: datatype,
  bits,
  datatype,
});
const other = (name: string, bits: number): ElementType => ({ name, bits });

const STRING = other('STRING', 0);
const [FP16, FP32, FP64] = [served('FP16', 16), served('FP32', 32), served('FP64', 64)];
const [INT8, INT16, INT32, INT64] = [
  served('INT8', 8),
  served('INT16', 16),
  served('INT32', 32),
  served('INT64', 64),
];
const [UINT8, UINT16, UINT32, UINT64] = [
  served('UINT8', 8),
  served('UINT16', 16),
  served('UINT32', 32),
  served('UINT64', 64),
];
const BOOL = served('BOOL', 8);
const [COMPLEX64, COMPLEX128] = [other('COMPLEX64', 64), other('COMPLEX128', 128)];
const [RESOURCE, VARIANT, BF16] = [other('RESOURCE', 0), other('VARIANT', 0), other('BF16', 16)];

/** The types by the numbers of `TensorType` in TensorFlow Lite's schema.fbs. */
export const LITE_TYPES: readonly ElementType[] = [
  FP32,
  FP16,
  INT32,
  UINT8,
  INT64,
  STRING,
  BOOL,
  INT16,
  COMPLEX64,
  INT8,
  FP64,
  COMPLEX128,
  UINT64,
  RESOURCE,
  VARIANT,
  UINT32,
  UINT16,
  other('INT4', 4),
  BF16,
  other('INT2', 2),
];

/** The types by the numbers of `DataType` in TensorFlow's types.proto. */
export const TENSORFLOW_TYPES: Readonly<Record<number, ElementType>> = {
  1: FP32,
  2: FP64,
  3: INT32,
  4: UINT8,
  5: INT16,
  6: INT8,
  7: STRING,
  8: COMPLEX64,
  9: INT64,
  10: BOOL,
  14: BF16,
  17: UINT16,
  18: COMPLEX128,
  19: FP16,
  20: RESOURCE,
  21: VARIANT,
  22: UINT32,
  23: UINT64,
};

/** The types by the names of numpy and Keras. */
export const TYPES_BY_NAME: ReadonlyMap<string, ElementType> = new Map([
  ['float16', FP16],
  ['float32', FP32],
  ['float64', FP64],
  ['int8', INT8],
  ['int16', INT16],
  ['int32', INT32],
  ['int64', INT64],
  ['uint8', UINT8],
  ['uint16', UINT16],
  ['uint32', UINT32],
  ['uint64', UINT64],
  ['bool', BOOL],
  ['string', STRING],
]);

/** The number of elements in a shape; a free dimension counts as one. */
export function elementsOf(shape: readonly number[]): number {
  return shape.reduce((product, dim) => product * Math.max(dim, dim < 0 ? 1 : 0), 1);
}

/** The signature of a file's declarations. Fails with `ArtifactRejected` for types that the protocol or OpenVINO cannot carry, and for two tensors of one name. */
export function signatureOf(
  file: string,
  declared: { readonly [Side in keyof Signature]: readonly DeclaredTensor[] },
): Signature {
  const { inputs } = inputsOf(file, declared.inputs);
  const outputs = declared.outputs.map((tensor) => specOf(tensor, `${file}: output`));
  if (outputs.length === 0) {
    throw rejected(`${file} has no output`, 'Export the model again and upload the new file.');
  }
  refuseSameNames(file, outputs);
  return { inputs, outputs };
}

/** The same where only the inputs are declared. */
export function inputsOf(file: string, declared: readonly DeclaredTensor[]): Signature {
  const inputs = declared.map((tensor) => specOf(tensor, `${file}: input`));
  refuseSameNames(file, inputs);
  return { inputs, outputs: [] };
}

function specOf({ name, type, shape }: DeclaredTensor, role: string): TensorSpec {
  const { datatype } = type;
  if (name === '') {
    throw rejected(`${role} has no name`, 'Export the model with a signature (`serving_default`).');
  }
  if (!datatype) {
    throw rejected(
      `${role} ${quoted(name)} has the type ${type.name}, which OpenVINO does not serve`,
      `Export the part of the model that takes and returns numbers, or ${BY_CODE}.`,
    );
  }
  if (shape === null) return { name, datatype, shape: [], isUnranked: true };
  return { name, datatype, shape };
}

function refuseSameNames(file: string, specs: readonly TensorSpec[]): void {
  const names = specs.map(({ name }) => name);
  const again = names.find((name, at) => names.indexOf(name) !== at);
  if (again === undefined) return;
  throw rejected(
    `${file} has two inputs or outputs of the name ${quoted(again)}`,
    'Export the model with a signature, in which each has a name of its own.',
  );
}
