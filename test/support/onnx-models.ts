import { Writer } from 'protobufjs/minimal.js';

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

type Value = {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly Dim[] | undefined;
};
type Bytes = Uint8Array;
type Node = {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly domain?: string;
  readonly attributes?: readonly Bytes[];
};
type Graph = {
  readonly nodes: readonly Node[];
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly initializers?: readonly Bytes[];
};

/** Answers its input `x` as `y`; without `shape` the model declares none, not even a rank. */
export function identityModel({
  datatype,
  shape,
}: {
  datatype: Datatype;
  shape?: readonly Dim[];
}): Bytes {
  return model({
    inputs: [{ name: 'x', datatype, shape }],
    outputs: [{ name: 'y', datatype, shape }],
    nodes: [{ op: 'Identity', inputs: ['x'], outputs: ['y'] }],
  });
}

/** Answers `y` = `x` + `constant` in FP32, so that two versions can be told apart. */
export function addConstantModel({
  constant,
  shape = ['n'],
}: {
  constant: number;
  shape?: readonly Dim[];
}): Bytes {
  return model({
    inputs: [{ name: 'x', datatype: 'FP32', shape }],
    outputs: [{ name: 'y', datatype: 'FP32', shape }],
    nodes: [{ op: 'Add', inputs: ['x', 'c'], outputs: ['y'] }],
    initializers: [floats('c', [], [constant])],
  });
}

/** Answers `sum` = a + b and `less` = a < b: `a` and `b` are FP32 [n, 2], `sum` FP32, `less` BOOL. */
export function twoInputsModel(): Bytes {
  const shape = ['n', 2];
  return model({
    inputs: [
      { name: 'a', datatype: 'FP32', shape },
      { name: 'b', datatype: 'FP32', shape },
    ],
    outputs: [
      { name: 'sum', datatype: 'FP32', shape },
      { name: 'less', datatype: 'BOOL', shape },
    ],
    nodes: [
      { op: 'Add', inputs: ['a', 'b'], outputs: ['sum'] },
      { op: 'Less', inputs: ['a', 'b'], outputs: ['less'] },
    ],
  });
}

/** Answers `y` = x / 0 in FP32 [n]: infinities and, for 0, NaN. */
export function divideByZeroModel(): Bytes {
  return model({
    inputs: [{ name: 'x', datatype: 'FP32', shape: ['n'] }],
    outputs: [{ name: 'y', datatype: 'FP32', shape: ['n'] }],
    nodes: [{ op: 'Div', inputs: ['x', 'zero'], outputs: ['y'] }],
    initializers: [floats('zero', [], [0])],
  });
}

/** Declares any FP32 `x` [h, w] and answers `y`, but refuses at run time each that is not 32 wide. */
export function width32OnlyModel(): Bytes {
  return model({
    inputs: [{ name: 'x', datatype: 'FP32', shape: ['h', 'w'] }],
    outputs: [{ name: 'y', datatype: 'FP32', shape: ['h', 1] }],
    nodes: [{ op: 'MatMul', inputs: ['x', 'w32'], outputs: ['y'] }],
    initializers: [floats('w32', [32, 1], new Array(32).fill(1))],
  });
}

/** Has an operator that no runtime knows, of the domain `com.example`: onnxruntime refuses to load it. */
export function wrongDomainModel(): Bytes {
  return model(
    {
      inputs: [{ name: 'x', datatype: 'FP32', shape: ['n'] }],
      outputs: [{ name: 'y', datatype: 'FP32', shape: ['n'] }],
      nodes: [{ op: 'Mystery', domain: 'com.example', inputs: ['x'], outputs: ['y'] }],
    },
    ['com.example'],
  );
}

/** Has an operator that ONNX does not define: only onnxruntime finds that out, when it loads the model. */
export function unknownOperatorModel(): Bytes {
  return model({
    inputs: [{ name: 'x', datatype: 'FP32', shape: ['n'] }],
    outputs: [{ name: 'y', datatype: 'FP32', shape: ['n'] }],
    nodes: [{ op: 'Mystery', inputs: ['x'], outputs: ['y'] }],
  });
}

/** The bytes of the file that an `externalDataModel` names: the FP32 initializer `c` = [1, 2, 3, 4]. */
export const EXTERNAL_DATA = raw(new Float32Array([1, 2, 3, 4]));

/** Answers `y` = x + c, FP32 [4]; the 4 numbers of `c` are in the file at `location`, as EXTERNAL_DATA has them. */
export function externalDataModel(location: string): Bytes {
  const entries = { location, offset: '0', length: String(EXTERNAL_DATA.byteLength) };
  const c = tensor('c', 'FP32', [4], (writer) => {
    for (const [key, value] of Object.entries(entries)) {
      bytes(
        writer,
        13,
        message((entry) => text(text(entry, 1, key), 2, value)),
      );
    }
    integer(writer, 14, 1);
  });
  return model({
    inputs: [{ name: 'x', datatype: 'FP32', shape: [4] }],
    outputs: [{ name: 'y', datatype: 'FP32', shape: [4] }],
    nodes: [{ op: 'Add', inputs: ['x', 'c'], outputs: ['y'] }],
    initializers: [c],
  });
}

/** Answers `y` = x + c, FP32 [3], with the 3 parameters of `c` in a Constant node and no initializer. */
export function constantNodeModel(): Bytes {
  return model({
    inputs: [{ name: 'x', datatype: 'FP32', shape: [3] }],
    outputs: [{ name: 'y', datatype: 'FP32', shape: [3] }],
    nodes: [constant('c', [3], [1, 2, 3]), { op: 'Add', inputs: ['x', 'c'], outputs: ['y'] }],
  });
}

/** Answers `y`, FP32 [2], for the BOOL `condition`: [1, 2] or [3, 4], the parameters of two Constants in the branches of an If. */
export function subgraphModel(): Bytes {
  const branch = (name: string, values: readonly number[]) =>
    attribute(name, 5, (writer) =>
      bytes(
        writer,
        6,
        graph(
          {
            inputs: [],
            outputs: [{ name: `${name}_y`, datatype: 'FP32', shape: [2] }],
            nodes: [constant(`${name}_y`, [2], values)],
          },
          name,
        ),
      ),
    );
  return model({
    inputs: [{ name: 'condition', datatype: 'BOOL', shape: [] }],
    outputs: [{ name: 'y', datatype: 'FP32', shape: [2] }],
    nodes: [
      {
        op: 'If',
        inputs: ['condition'],
        outputs: ['y'],
        attributes: [branch('then_branch', [1, 2]), branch('else_branch', [3, 4])],
      },
    ],
  });
}

/**
 * Takes about `seconds` for one run, on one core: a Loop that adds 1 to FP32 `x` [n], so `y` = x + its iterations.
 * The rate was measured on one busy 2-core machine; a faster one needs half the time.
 */
export function slowModel({ seconds }: { seconds: number }): Bytes {
  const body: Graph = {
    inputs: [
      { name: 'iteration', datatype: 'INT64', shape: [] },
      { name: 'condition', datatype: 'BOOL', shape: [] },
      { name: 'sum', datatype: 'FP32', shape: ['n'] },
    ],
    outputs: [
      { name: 'condition_out', datatype: 'BOOL', shape: [] },
      { name: 'sum_out', datatype: 'FP32', shape: ['n'] },
    ],
    nodes: [
      { op: 'Identity', inputs: ['condition'], outputs: ['condition_out'] },
      { op: 'Add', inputs: ['sum', 'one'], outputs: ['sum_out'] },
    ],
  };
  const iterations = BigInt(Math.round(seconds * LOOP_ITERATIONS_PER_SECOND));
  return model({
    inputs: [{ name: 'x', datatype: 'FP32', shape: ['n'] }],
    outputs: [{ name: 'y', datatype: 'FP32', shape: ['n'] }],
    nodes: [
      {
        op: 'Loop',
        inputs: ['iterations', 'always', 'x'],
        outputs: ['y'],
        attributes: [attribute('body', 5, (writer) => bytes(writer, 6, graph(body, 'body')))],
      },
    ],
    initializers: [
      tensor('iterations', 'INT64', [], (writer) =>
        bytes(writer, 9, raw(new BigInt64Array([iterations]))),
      ),
      tensor('always', 'BOOL', [], (writer) => bytes(writer, 9, new Uint8Array([1]))),
      floats('one', [], [1]),
    ],
  });
}

const LOOP_ITERATIONS_PER_SECOND = 500_000;

/**
 * Takes about `seconds` to load, on one core, and answers `y` = x in FP32 [n]:
 * a chain of 512 x 512 products that onnxruntime computes once, while it loads.
 */
export function slowLoadingModel({ seconds }: { seconds: number }): Bytes {
  const steps = Math.round(seconds * PRODUCTS_PER_SECOND);
  const products = Array.from({ length: steps }, (_, step) => ({
    op: 'MatMul',
    inputs: [`m${step}`, 'm0'],
    outputs: [`m${step + 1}`],
  }));
  const least: Node = {
    op: 'ReduceMin',
    inputs: [`m${steps}`],
    outputs: ['least'],
    attributes: [attribute('keepdims', 2, (writer) => integer(writer, 3, 0))],
  };
  return model({
    inputs: [{ name: 'x', datatype: 'FP32', shape: ['n'] }],
    outputs: [{ name: 'y', datatype: 'FP32', shape: ['n'] }],
    nodes: [
      { op: 'ConstantOfShape', inputs: ['size'], outputs: ['m0'] },
      ...products,
      least,
      { op: 'Add', inputs: ['x', 'least'], outputs: ['y'] },
    ],
    initializers: [
      tensor('size', 'INT64', [2], (writer) =>
        bytes(writer, 9, raw(new BigInt64Array([512n, 512n]))),
      ),
    ],
  });
}

const PRODUCTS_PER_SECOND = 350;

/** A whole ModelProto: IR version 8, operator set 17, and version 1 of each of `domains`. */
export function model(main: Graph, domains: readonly string[] = []): Bytes {
  return message((writer) => {
    integer(writer, 1, 8);
    text(writer, 2, 'slipway-test');
    bytes(writer, 7, graph(main, 'main'));
    bytes(writer, 8, operatorSet('', 17));
    for (const domain of domains) bytes(writer, 8, operatorSet(domain, 1));
  });
}

function operatorSet(domain: string, version: number): Bytes {
  return message((writer) => integer(text(writer, 1, domain), 2, version));
}

function graph({ nodes, inputs, outputs, initializers = [] }: Graph, name: string): Bytes {
  return message((writer) => {
    for (const each of nodes) bytes(writer, 1, node(each));
    text(writer, 2, name);
    for (const each of initializers) bytes(writer, 5, each);
    for (const each of inputs) bytes(writer, 11, valueInfo(each));
    for (const each of outputs) bytes(writer, 12, valueInfo(each));
  });
}

function node({ op, inputs, outputs, domain = '', attributes = [] }: Node): Bytes {
  return message((writer) => {
    for (const each of inputs) text(writer, 1, each);
    for (const each of outputs) text(writer, 2, each);
    text(writer, 4, op);
    for (const each of attributes) bytes(writer, 5, each);
    text(writer, 7, domain);
  });
}

function constant(name: string, shape: readonly number[], values: readonly number[]): Node {
  const value = attribute('value', 4, (writer) => bytes(writer, 5, floats(name, shape, values)));
  return { op: 'Constant', inputs: [], outputs: [name], attributes: [value] };
}

/** `type` is AttributeProto.AttributeType: 2 an integer, 4 a tensor, 5 a graph. */
function attribute(name: string, type: number, value: (writer: Writer) => void): Bytes {
  return message((writer) => {
    text(writer, 1, name);
    value(writer);
    integer(writer, 20, type);
  });
}

function floats(name: string, shape: readonly number[], values: readonly number[]): Bytes {
  return tensor(name, 'FP32', shape, (writer) => bytes(writer, 9, raw(new Float32Array(values))));
}

function tensor(
  name: string,
  datatype: Datatype,
  shape: readonly number[],
  values: (writer: Writer) => void,
): Bytes {
  return message((writer) => {
    for (const dim of shape) integer(writer, 1, dim);
    integer(writer, 2, ELEMENT_TYPES[datatype]);
    text(writer, 8, name);
    values(writer);
  });
}

function valueInfo({ name, datatype, shape }: Value): Bytes {
  const type = message((writer) => {
    integer(writer, 1, ELEMENT_TYPES[datatype]);
    if (shape) bytes(writer, 2, dims(shape));
  });
  const tensorType = message((writer) => bytes(writer, 1, type));
  return message((writer) => bytes(text(writer, 1, name), 2, tensorType));
}

function dims(shape: readonly Dim[]): Bytes {
  return message((writer) => {
    for (const each of shape) {
      const dim = message((inner) =>
        typeof each === 'number' ? integer(inner, 1, each) : text(inner, 2, each),
      );
      bytes(writer, 1, dim);
    }
  });
}

function raw(values: Float32Array | BigInt64Array): Bytes {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

function message(write: (writer: Writer) => void): Bytes {
  const writer = Writer.create();
  write(writer);
  return writer.finish();
}

/** A protobuf tag is the field number and the wire type in its low 3 bits: 0 a varint, 2 bytes with their length. */
function integer(writer: Writer, field: number, value: number): Writer {
  return writer.uint32(field * 8).int64(value);
}

function text(writer: Writer, field: number, value: string): Writer {
  return writer.uint32(field * 8 + 2).string(value);
}

function bytes(writer: Writer, field: number, value: Bytes): Writer {
  return writer.uint32(field * 8 + 2).bytes(value);
}
