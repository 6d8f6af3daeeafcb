import { classesOf, type Signature, type TensorSpec } from '#domain/artifact/signature.ts';
import { BY_CODE } from '#domain/artifact/ways-out.ts';
import { quoted, rejected } from '#formats/rejected.ts';
import { withClasses } from './classical.ts';
import { type OnnxModel, ZIP_MAP } from './model.ts';
import { ELEMENT_TYPES } from './types.ts';
import type { Value } from './value.ts';

/**
 * The model's inputs and outputs in the terms of the Open Inference Protocol.
 * An input that is also an initializer already has a value, so it is left out.
 * Fails with `ArtifactRejected` for anything that the protocol cannot carry.
 */
export function signatureOf(file: string, model: OnnxModel): Signature {
  const inputs = model.inputs.filter(({ name }) => !model.initializers.has(name));
  const fix = model.operators.has(ZIP_MAP)
    ? 'Export the classifier with zipmap=False, so that its probabilities are a tensor.'
    : `Export the model with tensors for inputs and outputs, or ${BY_CODE}.`;
  return {
    inputs: inputs.map((value) => specOf(value, `${file}: input`, fix)),
    outputs: withClasses(
      model.classical,
      model.outputs.map(
        (value) => probabilitiesOf(value, model) ?? specOf(value, `${file}: output`, fix),
      ),
    ),
  };
}

/** A ZipMap's input, which the server takes in place of the list of maps that the ZipMap outputs; the server then reads no external data. */
function probabilitiesOf({ name, kind }: Value, model: OnnxModel): TensorSpec | undefined {
  const classes = model.zipMaps.get(name);
  if (kind !== 'sequence' || !classes?.length || model.external.length > 0) return undefined;
  return { name, datatype: 'FP32', shape: [-1, classes.length], ...classesOf(classes) };
}

function specOf(value: Value, role: string, fix: string): TensorSpec {
  const { name, kind, elementType, shape } = value;
  const called = `${role} ${quoted(name)}`;
  if (kind === 'untyped') {
    throw rejected(
      `${called} has no type`,
      'Save the model after onnx.shape_inference.infer_shapes.',
    );
  }
  if (kind !== 'tensor') throw rejected(`${called} is not a tensor but has the type ${kind}`, fix);
  const type = ELEMENT_TYPES[elementType];
  if (type?.datatype === 'BF16') {
    throw rejected(
      `${called} has the element type ${type.name}, which ONNX Runtime takes from no client of Node.js`,
      'Cast it to FLOAT inside the model; its weights may stay as they are.',
    );
  }
  if (type?.datatype) {
    const { datatype } = type;
    return shape ? { name, datatype, shape } : { name, datatype, shape: [], isUnranked: true };
  }
  throw rejected(
    `${called} has the element type ${type?.name ?? elementType}, which the Open Inference Protocol does not support`,
    `Cast it to a standard type inside the model, or ${BY_CODE}.`,
  );
}
