import { parentPort, workerData } from 'node:worker_threads';
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { messageOf } from './json.ts';
import { buffersOf, type Datatype, type Tensor, type TensorSpec } from './tensors.ts';

export type Run = { readonly inputs: readonly Tensor[]; readonly outputs: readonly string[] };

/** `refused` is why onnxruntime would not run the model on these inputs. */
export type RunResult = { readonly outputs: readonly Tensor[] } | { readonly refused: string };

const DATATYPES: Readonly<Partial<Record<OrtTensor.Type, Datatype>>> = {
  bool: 'BOOL',
  string: 'BYTES',
  float16: 'FP16',
  float32: 'FP32',
  float64: 'FP64',
  int8: 'INT8',
  int16: 'INT16',
  int32: 'INT32',
  int64: 'INT64',
  uint8: 'UINT8',
  uint16: 'UINT16',
  uint32: 'UINT32',
  uint64: 'UINT64',
};

// Errors are thrown, so logging them too (below 4, fatal) would only repeat them. Threads that spin while
// they wait cost 70 ms of CPU for a run that needs 29, and 52 ms instead of 30 (the OCR model, 2 busy cores).
const session = await InferenceSession.create(workerData.modelPath, {
  logSeverityLevel: 4,
  extra: { session: { intra_op: { allow_spinning: '0' } } },
});

parentPort?.on('message', async (run: Run) => {
  const result = await tryRun(run);
  parentPort?.postMessage(result, 'outputs' in result ? buffersOf(result.outputs) : []);
});
parentPort?.postMessage({
  inputs: session.inputMetadata.map(toSpec),
  // A classifier's list of maps cannot be said in the protocol; its tensors can.
  outputs: session.outputMetadata.filter(({ isTensor }) => isTensor).map(toSpec),
});

function toSpec(value: InferenceSession.ValueMetadata): TensorSpec {
  const datatype = value.isTensor ? DATATYPES[value.type] : undefined;
  if (!value.isTensor || !datatype) {
    throw new Error(`"${value.name}" is of a type that the Open Inference Protocol does not have`);
  }
  const shape = value.shape.map((dim) => (typeof dim === 'number' ? dim : -1));
  return { name: value.name, datatype, shape };
}

async function tryRun({ inputs, outputs }: Run): Promise<RunResult> {
  try {
    const feeds = Object.fromEntries(inputs.map((input) => [input.name, toOrt(input)]));
    const answers = await session.run(feeds, outputs, { logSeverityLevel: 4 });
    return { outputs: outputs.flatMap((name) => fromOrt(name, answers[name])) };
  } catch (error) {
    return { refused: messageOf(error) };
  }
}

function toOrt({ name, shape, data }: Tensor): OrtTensor {
  const input = session.inputMetadata.find((each) => each.name === name);
  const type = input?.isTensor ? input.type : 'float32';
  if (!(data instanceof Float16Array)) return new OrtTensor(type, data, shape);
  // The binding takes float16 only as a Uint16Array, which the class turns back into a Float16Array.
  const bits = new Uint16Array(data.buffer);
  return Object.defineProperty(new OrtTensor(type, bits, shape), 'data', { value: bits });
}

function fromOrt(name: string, answer: OrtTensor | undefined): Tensor[] {
  const datatype = answer && DATATYPES[answer.type];
  return datatype ? [{ name, datatype, shape: answer.dims, data: answer.data }] : [];
}
