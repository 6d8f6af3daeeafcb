import { type Field, proto } from '../bytes/proto.ts';

/** TensorProto.DataType of onnx.proto3, under the names of the Open Inference Protocol. */
const ELEMENT_TYPES = {
  FP32: 1,
  UINT8: 2,
  INT8: 3,
  UINT16: 4,
  INT16: 5,
  INT32: 6,
  INT64: 7,
  BYTES: 8,
  BOOL: 9,
  FP16: 10,
  FP64: 11,
  UINT32: 12,
  UINT64: 13,
  BF16: 16,
} as const;

export type Datatype = keyof typeof ELEMENT_TYPES;

/** A string is a free dimension of that name. */
export type Dim = number | string;

/** The fields of one protobuf message. */
export type Message = readonly Field[];

/** A value of the graph. Without `shape` not even a rank is declared; `isSequence` makes it a list of such tensors. */
export type Value = {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape?: readonly Dim[];
  readonly isSequence?: boolean;
};

export type Node = {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly domain?: string;
  readonly attributes?: readonly Message[];
};

export type Graph = {
  readonly nodes: readonly Node[];
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly initializers?: readonly Message[];
};

/** A whole ModelProto: IR version 8, operator set 17, and version 1 of each of `domains`. */
export function model(main: Graph, domains: readonly string[] = []): Uint8Array {
  return proto(
    [1, 8],
    [2, 'slipway-test'],
    [7, graph(main, 'main')],
    [8, operatorSet('', 17)],
    ...domains.map((domain): Field => [8, operatorSet(domain, 1)]),
  );
}

function operatorSet(domain: string, version: number): Message {
  return [
    [1, domain],
    [2, version],
  ];
}

function graph({ nodes, inputs, outputs, initializers = [] }: Graph, name: string): Message {
  return [
    ...nodes.map((each): Field => [1, node(each)]),
    [2, name],
    ...initializers.map((each): Field => [5, each]),
    ...inputs.map((each): Field => [11, valueInfo(each)]),
    ...outputs.map((each): Field => [12, valueInfo(each)]),
  ];
}

function node({ op, inputs, outputs, domain = '', attributes = [] }: Node): Message {
  return [
    ...inputs.map((each): Field => [1, each]),
    ...outputs.map((each): Field => [2, each]),
    [4, op],
    ...attributes.map((each): Field => [5, each]),
    [7, domain],
  ];
}

function valueInfo({ name, datatype, shape, isSequence = false }: Value): Message {
  const element: Field = [1, ELEMENT_TYPES[datatype]];
  const tensorType: Field = [1, shape ? [element, [2, shape.map(dimension)]] : [element]];
  return [
    [1, name],
    [2, isSequence ? [[4, [[1, [tensorType]]]]] : [tensorType]],
  ];
}

function dimension(dim: Dim): Field {
  return [1, [typeof dim === 'number' ? [1, dim] : [2, dim]]];
}

/** A TensorProto without its values, which are the fields that follow: 9 for raw bytes, 13 and 14 for external data. */
export function tensor(
  name: string,
  datatype: Datatype,
  shape: readonly number[],
  ...values: Message
): Message {
  return [
    ...shape.map((dim): Field => [1, dim]),
    [2, ELEMENT_TYPES[datatype]],
    [8, name],
    ...values,
  ];
}

export function floats(name: string, shape: readonly number[], values: readonly number[]): Message {
  return tensor(name, 'FP32', shape, [9, raw(new Float32Array(values))]);
}

export function integers(
  name: string,
  shape: readonly number[],
  values: readonly number[],
): Message {
  return tensor(name, 'INT64', shape, [9, raw(BigInt64Array.from(values, BigInt))]);
}

/** A Constant node whose output is `name`. */
export function constant(name: string, shape: readonly number[], values: readonly number[]): Node {
  const value = attribute('value', 4, [5, floats(name, shape, values)]);
  return { op: 'Constant', inputs: [], outputs: [name], attributes: [value] };
}

export function integerAttribute(name: string, value: number): Message {
  return attribute(name, 2, [3, value]);
}

export function graphAttribute(name: string, value: Graph): Message {
  return attribute(name, 5, [6, graph(value, name)]);
}

/** `type` is AttributeProto.AttributeType. */
function attribute(name: string, type: number, value: Field): Message {
  return [[1, name], value, [20, type]];
}

export function raw(values: Float32Array | BigInt64Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
