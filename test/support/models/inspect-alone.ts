import { Failure } from '#domain/failure.ts';
import { inspectOnnx, type OnnxFacts } from '#formats/onnx/inspect.ts';
import { bytesSource } from '../bytes/sources.ts';

/** Inspects a model that is the only file of its artifact, `model.onnx`. */
export function inspectAlone(bytes: Uint8Array): Promise<OnnxFacts> {
  const file = { name: 'model.onnx', sizeBytes: bytes.length };
  return inspectOnnx(bytesSource(bytes), file.name, [file]);
}

export async function refusalOf(bytes: Uint8Array): Promise<Failure> {
  const outcome = await inspectAlone(bytes).catch((error: unknown) => error);
  if (outcome instanceof Failure) return outcome;
  throw new Error('the model was not refused', { cause: outcome });
}
