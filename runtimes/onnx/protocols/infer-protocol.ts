import { refusal } from '../refusal.ts';
import type { Run } from '../session/model.ts';
import { is, isObject, show } from '../values/json.ts';
import { flatJson } from '../values/tensor-json.ts';
import {
  type Datatype,
  isDatatype,
  readTensor,
  type Signature,
  type Tensor,
  type TensorSpec,
} from '../values/tensors.ts';
import { worded } from '../worded.ts';
import { NO_TAIL, readBinary, readRaw, type Tail, writeBinary } from './binary.ts';

/** `version` is empty when the model has none. */
export type Model = {
  readonly name: string;
  readonly version: string;
  readonly signature: Signature;
};

/** The request's `id`, if any, is returned in the answer; `binary` are the outputs requested as bytes. */
export type InferRequest = {
  readonly id: string | undefined;
  readonly run: Run;
  readonly binary: ReadonlySet<string>;
};

/** `jsonBytes` is the length of the JSON before the binary data; undefined when there is none. */
export type InferResponse = {
  readonly body: string | Uint8Array;
  readonly jsonBytes: number | undefined;
};

/** Model metadata of the Open Inference Protocol; -1 is a free dimension. */
export function metadataOf({ name, version, signature }: Model) {
  return {
    name,
    ...(version && { versions: [version] }),
    platform: 'onnx_onnxv1',
    inputs: signature.inputs.map(declaredOf),
    outputs: signature.outputs,
  };
}

/** Reads an inference request of the protocol; `tail` follows its JSON. Refuses with 400 and the tensor's name. */
export function readInferRequest(
  body: unknown,
  signature: Signature,
  tail: Tail = NO_TAIL,
): InferRequest {
  if (!isObject(body)) throw refusal(400, worded('bodyTakesObject', show(body)));
  const { id, inputs, outputs = [] } = body;
  if (id !== undefined && typeof id !== 'string') {
    throw refusal(400, worded('idTakesString', show(id)));
  }
  const sent = byName(inputs, 'inputs', signature.inputs);
  const asked = byName(outputs, 'outputs', signature.outputs);
  const read = new Map([...sent].map(([spec, item]) => [spec, readInput(spec, item, tail)]));
  tail.checkEmpty();
  const wanted = asked.size > 0 ? [...asked.keys()] : signature.outputs;
  const isBinary = (spec: TensorSpec) =>
    parametersOf(asked.get(spec))['binary_data'] ?? parametersOf(body)['binary_data_output'];
  return {
    id,
    run: {
      inputs: signature.inputs.map((spec) => {
        const tensor = read.get(spec);
        if (!tensor) throw refusal(400, worded('inputMissing', spec.name));
        return tensor;
      }),
      outputs: wanted.map(({ name }) => name),
    },
    binary: new Set(wanted.filter((spec) => isBinary(spec) === true).map(({ name }) => name)),
  };
}

/** A body that is just the only input's bytes; all outputs are then answered as bytes too. */
export function readRawRequest(bytes: Uint8Array, { inputs, outputs }: Signature): InferRequest {
  const [only, ...others] = inputs;
  if (!only || others.length > 0) {
    throw refusal(400, worded('rawTensorForOne', inputs.length));
  }
  const names = outputs.map(({ name }) => name);
  return {
    id: undefined,
    run: { inputs: [readRaw(only, bytes)], outputs: names },
    binary: new Set(names),
  };
}

export function inferResponse(
  { name, version }: Model,
  { id, binary }: InferRequest,
  outputs: readonly Tensor[],
): InferResponse {
  const head = { model_name: name, ...(version && { model_version: version }), id };
  const raw: Uint8Array[] = [];
  const tensors = outputs.map((tensor) => {
    const { name, shape, datatype } = tensor;
    const spec = { name, shape, datatype };
    if (!binary.has(name)) return `${openObject(spec)},"data":${flatJson(tensor)}}`;
    const bytes = writeBinary(tensor);
    raw.push(bytes);
    return JSON.stringify({ ...spec, parameters: { binary_data_size: bytes.length } });
  });
  const json = `${openObject(head)},"outputs":[${tensors.join(',')}]}`;
  if (raw.length === 0) return { body: json, jsonBytes: undefined };
  const text = Buffer.from(json);
  return { body: Buffer.concat([text, ...raw]), jsonBytes: text.length };
}

function byName(
  list: unknown,
  field: 'inputs' | 'outputs',
  specs: readonly TensorSpec[],
): ReadonlyMap<TensorSpec, Readonly<Record<string, unknown>>> {
  if (!Array.isArray(list)) throw refusal(400, worded('takesList', field, is(list)));
  const found = new Map<TensorSpec, Readonly<Record<string, unknown>>>();
  for (const item of list) {
    const name = isObject(item) ? item['name'] : undefined;
    const spec = specs.find((each) => each.name === name);
    if (!spec) {
      const names = specs.map((each) => `"${each.name}"`).join(', ');
      throw refusal(400, worded('noTensorNamed', field, show(name), names));
    }
    if (found.has(spec)) throw refusal(400, `${field} has "${spec.name}" twice`);
    found.set(spec, item);
  }
  return found;
}

function readInput(spec: TensorSpec, sent: Readonly<Record<string, unknown>>, tail: Tail): Tensor {
  const label = `input "${spec.name}"`;
  const { shape, data } = sent;
  if (spec.isUnread && isDatatype(sent['datatype']) && sent['datatype'] !== spec.datatype) {
    const { isUnread: _, ...own } = spec;
    const ignored = readInput({ ...own, datatype: sent['datatype'] }, sent, tail);
    const { datatype } = spec;
    return { ...ignored, datatype, data: new Float64Array(ignored.data.length) };
  }
  const datatype = [spec.datatype, ...narrower(spec)].find((each) => each === sent['datatype']);
  if (!datatype) {
    throw refusal(400, worded('otherDatatype', label, show(sent['datatype']), spec.datatype));
  }
  if (!isShape(shape)) {
    throw refusal(400, worded('takesShape', label, show(shape)));
  }
  const written = { ...spec, datatype };
  const { binary_data_size: size } = parametersOf(sent);
  if (size === undefined) return widened(readTensor(written, shape, data), spec);
  if (data !== undefined) throw refusal(400, worded('dataTwice', label));
  return widened(readBinary(written, shape, tail.take(size, label)), spec);
}

const WHOLE: readonly Datatype[] = [
  'INT64',
  'INT32',
  'INT16',
  'INT8',
  'UINT64',
  'UINT32',
  'UINT16',
  'UINT8',
];

/** The datatypes of clients that keep arrays in less precision than the model, or whose column happens to be whole: each number must also be exact in the model's type, or is refused. */
function narrower({ datatype }: TensorSpec): readonly Datatype[] {
  if (datatype === 'FP64') return ['FP32', 'FP16', ...WHOLE];
  return datatype === 'FP32' ? ['FP16', ...WHOLE] : [];
}

function widened(tensor: Tensor, { name, datatype }: TensorSpec): Tensor {
  if (tensor.datatype === datatype) return tensor;
  const numbers = Array.from(tensor.data, Number);
  const data = datatype === 'FP64' ? new Float64Array(numbers) : new Float32Array(numbers);
  if (WHOLE.includes(tensor.datatype)) refuseRounded(tensor, data, name);
  return { ...tensor, datatype, data };
}

function refuseRounded({ data: sent }: Tensor, kept: Float32Array | Float64Array, name: string) {
  const at = kept.findIndex((number, index) => {
    const value = sent[index];
    return typeof value === 'bigint' ? BigInt(number) !== value : number !== value;
  });
  if (at === -1) return;
  const datatype = kept instanceof Float64Array ? 'FP64' : 'FP32';
  throw refusal(400, worded('noSuchNumber', name, sent[at], at, datatype));
}

function parametersOf(holder: Readonly<Record<string, unknown>> | undefined) {
  return isObject(holder?.['parameters']) ? holder['parameters'] : {};
}

function isShape(shape: unknown): shape is readonly number[] {
  return Array.isArray(shape) && shape.every((dim) => Number.isSafeInteger(dim) && dim >= 0);
}

/** The spec shown to clients: any value can be written as a text, and so can one that the model ignores. */
function declaredOf(spec: TensorSpec): TensorSpec {
  const { name, datatype, shape, isUnread } = spec;
  return { name, datatype: isUnread ? 'BYTES' : datatype, shape };
}

function openObject(value: object): string {
  return JSON.stringify(value).slice(0, -1);
}
