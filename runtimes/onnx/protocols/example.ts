import type { Session } from '../session/session.ts';
import { isObject } from '../values/json.ts';
import {
  countOf,
  readTensor,
  type Signature,
  type Tensor,
  type TensorSpec,
} from '../values/tensors.ts';
import { readInferRequest } from './infer-protocol.ts';
import { readInvocation } from './invocations.ts';

// Some models only take images of a certain size, which their signature does not declare.
const SIZES = [1, 32, 64, 224, 320];
const MOST_VALUES = 1_000_000;

/** The inputs of the request that proved the model; undefined where there is none, or its signature does not take it. */
export function givenExample(given: unknown, signature: Signature): readonly Tensor[] | undefined {
  if (!isObject(given)) return undefined;
  try {
    const { protocol, body } = given;
    if (protocol === 'infer') return readInferRequest(body, signature).run.inputs;
    return readInvocation(body, signature, new Set()).inputs;
  } catch {
    return undefined;
  }
}

/**
 * Inputs of zeros (BYTES: empty strings, BOOL: false) that the model has just answered; undefined when it answers none:
 * the first free dimension is 1, the others are the smallest common size that works.
 */
export async function findExample({
  signature,
  run,
}: Session): Promise<readonly Tensor[] | undefined> {
  const outputs = signature.outputs.map(({ name }) => name);
  for (const size of SIZES) {
    const shapes = signature.inputs.map(({ shape }) => fixShape(shape, size));
    if (shapes.some((shape) => countOf(shape) > MOST_VALUES)) return undefined;
    const isAnswered = await run({ inputs: zeros(signature.inputs, shapes), outputs }).then(
      () => true,
      () => false,
    );
    if (isAnswered) return zeros(signature.inputs, shapes);
  }
  return undefined;
}

function fixShape(shape: readonly number[], size: number): number[] {
  const firstFree = shape.indexOf(-1);
  return shape.map((dim, axis) => {
    if (dim !== -1) return dim;
    return axis === firstFree ? 1 : size;
  });
}

function zeros(
  specs: readonly TensorSpec[],
  shapes: readonly (readonly number[])[],
): readonly Tensor[] {
  return specs.map((spec, index) => {
    const shape = shapes[index] ?? [];
    return readTensor(spec, shape, new Array(countOf(shape)).fill(zeroOf(spec)));
  });
}

function zeroOf({ datatype }: TensorSpec): string | boolean | number {
  if (datatype === 'BYTES') return '';
  return datatype === 'BOOL' ? false : 0;
}
