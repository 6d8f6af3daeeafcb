import { noRowsShape, readTensor, type Signature, type Tensor } from '../values/tensors.ts';
import type { Run } from './model.ts';

/** An answer without rows to a request without rows. The model is not asked: many models refuse such a request, and ONNX Runtime's TopK divides by the number of rows, which ends the process. Undefined for any other request, and where the outputs are not by row. */
export function answerToNoRows(
  { inputs, outputs }: Run,
  signature: Signature,
): readonly Tensor[] | undefined {
  // This check comes first: it settles nearly every request.
  if (inputs.length === 0 || inputs.some(({ shape }) => shape[0] !== 0)) return undefined;
  const asked = signature.outputs.filter(({ name }) => outputs.includes(name));
  const isByRow = [...signature.inputs, ...asked].every(({ shape }) => shape[0] === -1);
  if (!isByRow) return undefined;
  return asked.map((spec) => ({ ...spec, ...readTensor(spec, noRowsShape(spec), []) }));
}
