import { isObject, show } from './json.ts';
import { refusal } from './refusal.ts';
import type { Run } from './session-worker.ts';
import { flatJson } from './tensor-json.ts';
import { readTensor, type Signature, type Tensor, type TensorSpec } from './tensors.ts';

/** `version` is empty when the model has none. */
export type Model = {
  readonly name: string;
  readonly version: string;
  readonly signature: Signature;
};

/** The request's `id`, when it has one, comes back in the answer. */
export type InferRequest = { readonly id: string | undefined; readonly run: Run };

/** Model metadata of the Open Inference Protocol: -1 is a free dimension. */
export function metadataOf({ name, version, signature }: Model): unknown {
  return {
    name,
    ...(version && { versions: [version] }),
    platform: 'onnx_onnxv1',
    inputs: signature.inputs,
    outputs: signature.outputs,
  };
}

/** An inference request of the protocol's JSON form; refuses with 400 and the tensor's name. */
export function readInferRequest(body: unknown, signature: Signature): InferRequest {
  if (!isObject(body)) throw refusal(400, `the body is ${show(body)}; it takes an object`);
  const { id, inputs, outputs = [] } = body;
  if (id !== undefined && typeof id !== 'string') {
    throw refusal(400, `id is ${show(id)}; it takes a string`);
  }
  const sent = byName(inputs, 'inputs', signature.inputs);
  const asked = byName(outputs, 'outputs', signature.outputs);
  return {
    id,
    run: {
      inputs: signature.inputs.map((spec) => readInput(spec, sent.get(spec.name))),
      outputs: asked.size > 0 ? [...asked.keys()] : signature.outputs.map(({ name }) => name),
    },
  };
}

export function inferResponse(
  { name, version }: Model,
  id: string | undefined,
  outputs: readonly Tensor[],
): string {
  const head = { model_name: name, ...(version && { model_version: version }), id };
  const tensors = outputs.map(
    (tensor) => `${openObject(specOf(tensor))},"data":${flatJson(tensor)}}`,
  );
  return `${openObject(head)},"outputs":[${tensors.join(',')}]}`;
}

function byName(
  list: unknown,
  field: 'inputs' | 'outputs',
  specs: readonly TensorSpec[],
): ReadonlyMap<string, Readonly<Record<string, unknown>>> {
  if (!Array.isArray(list)) throw refusal(400, `${field} is ${show(list)}; it takes a list`);
  const found = new Map<string, Readonly<Record<string, unknown>>>();
  for (const item of list) {
    const name = isObject(item) ? item['name'] : undefined;
    const spec = specs.find((each) => each.name === name);
    if (!spec) {
      const names = specs.map((each) => `"${each.name}"`).join(', ');
      throw refusal(400, `${field} has a tensor named ${show(name)}; the model has ${names}`);
    }
    if (found.has(spec.name)) throw refusal(400, `${field} has "${spec.name}" twice`);
    found.set(spec.name, item);
  }
  return found;
}

function readInput(spec: TensorSpec, sent: Readonly<Record<string, unknown>> | undefined): Tensor {
  const label = `input "${spec.name}"`;
  if (!sent) throw refusal(400, `${label} is missing`);
  const { datatype, shape, data } = sent;
  if (datatype !== spec.datatype) {
    throw refusal(
      400,
      `${label} has the datatype ${show(datatype)}; the model takes ${spec.datatype}`,
    );
  }
  if (!isShape(shape)) {
    throw refusal(400, `${label} has ${show(shape)} as shape; it takes a list of lengths`);
  }
  return readTensor(spec, shape, data);
}

function isShape(shape: unknown): shape is readonly number[] {
  return Array.isArray(shape) && shape.every((dim) => Number.isSafeInteger(dim) && dim >= 0);
}

function specOf({ name, datatype, shape }: Tensor): TensorSpec {
  return { name, shape, datatype };
}

function openObject(value: object): string {
  return JSON.stringify(value).slice(0, -1);
}
