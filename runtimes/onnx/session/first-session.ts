import { message, number } from './protobuf.ts';

const FLOAT = 1;
const VERSIONS = Buffer.concat([number(1, 8), message(8, [number(2, 13)])]);

/** Runs a tiny model, so that onnxruntime does its work of a process's first session ahead: 20 ms. */
export async function firstSession(): Promise<void> {
  const ort = await import('onnxruntime-node');
  const session = await ort.InferenceSession.create(identity(), { logSeverityLevel: 4 });
  await session.run({ x: new ort.Tensor('float32', [0], [1]) });
  await session.release();
}

// The numbers are fields of ModelProto and GraphProto: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
function identity(): Uint8Array {
  const node = message(1, [text(1, 'x'), text(2, 'y'), text(4, 'Identity')]);
  const graph = message(7, [node, text(2, 'first'), value(11, 'x'), value(12, 'y')]);
  return Buffer.concat([VERSIONS, graph]);
}

/** An input or output: one number. */
function value(field: number, name: string): Uint8Array {
  const shape = message(2, [message(1, [number(1, 1)])]);
  const type = message(1, [number(1, FLOAT), shape]);
  return message(field, [text(1, name), message(2, [type])]);
}

function text(field: number, value: string): Uint8Array {
  return message(field, [Buffer.from(value)]);
}
