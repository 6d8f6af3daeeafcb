import { open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { messageOf } from '../values/json.ts';
import type { Datatype, MissingTexts, Signature, Tensor, TensorSpec } from '../values/tensors.ts';
import { classNames } from './class-names.ts';
import { isExhausted } from './exhausted.ts';
import { withMappedWeights } from './mapped-weights.ts';
import { missingTexts, unreadColumns } from './missing-texts.ts';
import { refusedValue } from './refused-value.ts';
import { withoutZipMaps } from './zipmap.ts';

export type Run = { readonly inputs: readonly Tensor[]; readonly outputs: readonly string[] };

/** `refused` is the reason why onnxruntime would not run the model on these inputs, `exhausted` the resource that the server lacked. */
export type RunResult =
  | { readonly outputs: readonly Tensor[] }
  | { readonly refused: string }
  | { readonly exhausted: string };

/** Loaded in this thread, which it blocks while it runs. */
export type LoadedModel = { readonly signature: Signature; run(run: Run): Promise<RunResult> };

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
const OPTIONS: InferenceSession.SessionOptions = {
  logSeverityLevel: 4,
  extra: { session: { intra_op: { allow_spinning: '0' } } },
};

// A forest's run ends before a second thread has woken (16 us of CPU instead of 40), and another number of threads, as on a
// machine with more cores, changes the last digits of its sums.
const FOREST_OPTIONS: InferenceSession.SessionOptions = { ...OPTIONS, intraOpNumThreads: 1 };

/** Rejects when the file cannot be loaded. */
export async function openModel(path: string): Promise<LoadedModel> {
  // Imported lazily: a thread that does not load the model saves 30 ms of CPU at the start.
  const ort = await import('onnxruntime-node');
  const isForest = await hasTrees(path).catch(() => false);
  const { session, classes } = await sessionOf(ort, path, isForest ? FOREST_OPTIONS : OPTIONS);
  const types = new Map(
    session.inputMetadata.map((input) => [input.name, input.isTensor ? input.type : 'float32']),
  );

  function toOrt({ name, shape, data }: Tensor): OrtTensor {
    const type = types.get(name) ?? 'float32';
    if (!(data instanceof Float16Array)) return new ort.Tensor(type, data, shape);
    // The binding only takes float16 as a Uint16Array, which its class turns back into a Float16Array.
    const bits = new Uint16Array(data.buffer);
    return Object.defineProperty(new ort.Tensor(type, bits, shape), 'data', { value: bits });
  }
  const { missing, unread, names } = saidBy(path);
  const classesOf = (name: string) => {
    const found = classes.get(name);
    return found && { classes: found };
  };
  return {
    signature: {
      inputs: session.inputMetadata
        .map(toSpec)
        .map((spec) => takesMissing(spec, missing))
        .map((spec) => (unread.has(spec.name) ? { ...spec, isUnread: true } : spec)),
      // The protocol can only carry tensors; other outputs are left out.
      outputs: session.outputMetadata
        .filter(({ isTensor }) => isTensor)
        .map((output) => ({ ...labelled(toSpec(output), names), ...classesOf(output.name) })),
    },
    async run({ inputs, outputs }) {
      const answered = (given: readonly Tensor[]) => {
        const feeds = Object.fromEntries(given.map((input) => [input.name, toOrt(input)]));
        return session.run(feeds, outputs, { logSeverityLevel: 4 });
      };
      const refusal = (given: readonly Tensor[]) =>
        answered(given).then(() => undefined, messageOf);
      try {
        const answers = await answered(inputs);
        const tensors = outputs.flatMap((name) => fromOrt(name, answers[name]));
        return { outputs: tensors.map((tensor) => ({ ...tensor, ...classesOf(tensor.name) })) };
      } catch (error) {
        const message = messageOf(error);
        if (isExhausted(error)) return { exhausted: message };
        return { refused: await refusedValue(message, inputs, refusal) };
      }
    },
  };
}

/** A classifier's list of maps, which skl2onnx makes from the probabilities, is only known once the model is loaded: the model is then loaded again without it. */
async function sessionOf(
  ort: typeof import('onnxruntime-node'),
  path: string,
  options: InferenceSession.SessionOptions,
) {
  const session =
    (await mappedSession(ort, path, options).catch(() => undefined)) ??
    (await ort.InferenceSession.create(path, options));
  const isOfTensors = session.outputMetadata.every(({ isTensor }) => isTensor);
  const plain = isOfTensors ? undefined : withoutZipMaps(await readFile(path));
  if (!plain) return { session, classes: new Map<string, readonly string[]>() };
  await session.release();
  const { bytes, classes } = plain;
  return { session: await ort.InferenceSession.create(bytes, options), classes };
}

/** Undefined where nothing is worth mapping. */
async function mappedSession(
  ort: typeof import('onnxruntime-node'),
  path: string,
  options: InferenceSession.SessionOptions,
) {
  const bytes = withMappedWeights(path);
  const beside = { model_external_initializers_file_folder_path: dirname(path) };
  const session = { ...Object(options.extra?.['session']), ...beside };
  return bytes && ort.InferenceSession.create(bytes, { ...options, extra: { session } });
}

/** Whether the model has trees. In the file, operators come before their trees, and nodes before weights. */
async function hasTrees(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(2 ** 20) });
    return buffer.subarray(0, bytesRead).includes('TreeEnsemble');
  } finally {
    await file.close();
  }
}

type Said = {
  readonly missing?: MissingTexts | undefined;
  readonly unread: ReadonlySet<string>;
  readonly names: readonly string[];
};

/** Finds nothing in a file that onnxruntime reads though it is not a plain ModelProto. */
function saidBy(path: string): Said {
  try {
    return { missing: missingTexts(path), unread: unreadColumns(path), names: classNames(path) };
  } catch {
    return { unread: new Set(), names: [] };
  }
}

/** An output with a number for each class has their names. */
function labelled(spec: TensorSpec, names: readonly string[]): TensorSpec {
  const isByClass = names.length > 1 && spec.shape.length === 2 && spec.shape[1] === names.length;
  return isByClass ? { ...spec, labels: names } : spec;
}

function takesMissing(spec: TensorSpec, missing: MissingTexts | undefined): TensorSpec {
  return missing && spec.datatype === 'BYTES' ? { ...spec, missing } : spec;
}

function toSpec(value: InferenceSession.ValueMetadata): TensorSpec {
  const datatype = value.isTensor ? DATATYPES[value.type] : undefined;
  if (!value.isTensor || !datatype) {
    throw new Error(`"${value.name}" is of a type that the Open Inference Protocol does not have`);
  }
  const shape = value.shape.map((dim) => (typeof dim === 'number' ? dim : -1));
  return { name: value.name, datatype, shape };
}

function fromOrt(name: string, answer: OrtTensor | undefined): Tensor[] {
  const datatype = answer && DATATYPES[answer.type];
  return datatype ? [{ name, datatype, shape: answer.dims, data: answer.data }] : [];
}
