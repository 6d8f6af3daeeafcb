import type { Field } from '../bytes/proto.ts';
import {
  constant,
  type Datatype,
  type Dim,
  floats,
  type Graph,
  graphAttribute,
  integerAttribute,
  integers,
  type Message,
  model,
  type Node,
  raw,
  tensor,
} from './onnx-graph.ts';

type Bytes = Uint8Array;

const X_TO_Y = {
  inputs: [{ name: 'x', datatype: 'FP32', shape: ['n'] }],
  outputs: [{ name: 'y', datatype: 'FP32', shape: ['n'] }],
} as const;

/** Answers its input `x` as `y`; without `shape` the model declares no shape, not even a rank. */
export function identityModel(tensors: { datatype: Datatype; shape?: readonly Dim[] }): Bytes {
  return model({
    inputs: [{ name: 'x', ...tensors }],
    outputs: [{ name: 'y', ...tensors }],
    nodes: [{ op: 'Identity', inputs: ['x'], outputs: ['y'] }],
  });
}

/** Answers as `y` the smaller of `x` and `most`: FP32 [n, 2]. */
export function cappedModel(most: number): Bytes {
  return model({
    inputs: [{ name: 'x', datatype: 'FP32', shape: ['n', 2] }],
    outputs: [{ name: 'y', datatype: 'FP32', shape: ['n', 2] }],
    nodes: [{ op: 'Min', inputs: ['x', 'most'], outputs: ['y'] }],
    initializers: [floats('most', [], [most])],
  });
}

/** Answers `y` = `x` + `constant` in FP32, so that two versions can be distinguished. */
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
    ...X_TO_Y,
    nodes: [{ op: 'Div', inputs: ['x', 'zero'], outputs: ['y'] }],
    initializers: [floats('zero', [], [0])],
  });
}

/** Answers FP32 `x` as the tensor `y` and also as `list`, a sequence, for which the protocol has no word. */
export function sequenceOutputModel(): Bytes {
  return model({
    inputs: [{ name: 'x', datatype: 'FP32', shape: ['n'] }],
    outputs: [
      { name: 'list', datatype: 'FP32', isSequence: true },
      { name: 'y', datatype: 'FP32', shape: ['n'] },
    ],
    nodes: [
      { op: 'SequenceConstruct', inputs: ['x'], outputs: ['list'] },
      { op: 'Identity', inputs: ['x'], outputs: ['y'] },
    ],
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

/** Loads, declares the same as `addConstantModel`, and refuses to run on anything but six values. */
export function sixOnlyModel(): Bytes {
  return model({
    ...X_TO_Y,
    nodes: [{ op: 'Reshape', inputs: ['x', 'six'], outputs: ['y'] }],
    initializers: [integers('six', [1], [6])],
  });
}

/** Has an operator that no runtime knows, of the domain `com.example`: onnxruntime refuses to load it. */
export function wrongDomainModel(): Bytes {
  return model(
    {
      ...X_TO_Y,
      nodes: [{ op: 'Mystery', domain: 'com.example', inputs: ['x'], outputs: ['y'] }],
    },
    ['com.example'],
  );
}

/** A forest by its operator alone, with no trees in it. */
export function forestModel(): Bytes {
  const node = { op: 'TreeEnsembleRegressor', domain: 'ai.onnx.ml', inputs: ['x'], outputs: ['y'] };
  return model({ ...X_TO_Y, nodes: [node] }, ['ai.onnx.ml']);
}

/** Has an operator that ONNX does not define: only onnxruntime finds that out, when it loads the model. */
export function unknownOperatorModel(): Bytes {
  return model({
    ...X_TO_Y,
    nodes: [{ op: 'Mystery', inputs: ['x'], outputs: ['y'] }],
  });
}

/** The bytes of the file that an `externalDataModel` names: the FP32 initializer `c` = [1, 2, 3, 4]. */
export const EXTERNAL_DATA = raw(new Float32Array([1, 2, 3, 4]));

/** Answers `y` = x + c, FP32 [4]; the 4 numbers of `c` are in the file at `location`, as EXTERNAL_DATA has them. */
export function externalDataModel(location: string): Bytes {
  const entries = { location, offset: '0', length: String(EXTERNAL_DATA.byteLength) };
  const data = Object.entries(entries).map(
    ([key, value]): Field => [
      13,
      [
        [1, key],
        [2, value],
      ],
    ],
  );
  const c = tensor('c', 'FP32', [4], ...data, [14, 1]);
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
    graphAttribute(name, {
      inputs: [],
      outputs: [{ name: `${name}_y`, datatype: 'FP32', shape: [2] }],
      nodes: [constant(`${name}_y`, [2], values)],
    });
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
  const iterations = Math.round(seconds * LOOP_ITERATIONS_PER_SECOND);
  return addingLoop([], [integers('iterations', [], [iterations])]);
}

/** Answers `y`, FP32 [n], which is the larger the larger `x` is, after about as many seconds as the largest `x` on one core. */
export function runAsLongAsAskedModel(): Bytes {
  const scalar = [integerAttribute('keepdims', 0)];
  return addingLoop(
    [
      { op: 'ReduceMax', inputs: ['x'], outputs: ['seconds'], attributes: scalar },
      { op: 'Mul', inputs: ['seconds', 'perSecond'], outputs: ['count'] },
      {
        op: 'Cast',
        inputs: ['count'],
        outputs: ['iterations'],
        attributes: [integerAttribute('to', 7)],
      },
    ],
    [floats('perSecond', [], [LOOP_ITERATIONS_PER_SECOND])],
  );
}

/** Answers `y` = x + iterations in FP32 [n], one by one; where `iterations` comes from is given. */
function addingLoop(before: readonly Node[], initializers: readonly Message[]): Bytes {
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
  return model({
    ...X_TO_Y,
    nodes: [
      ...before,
      {
        op: 'Loop',
        inputs: ['iterations', 'always', 'x'],
        outputs: ['y'],
        attributes: [graphAttribute('body', body)],
      },
    ],
    initializers: [
      ...initializers,
      tensor('always', 'BOOL', [], [9, new Uint8Array([1])]),
      floats('one', [], [1]),
    ],
  });
}

const LOOP_ITERATIONS_PER_SECOND = 500_000;

/**
 * Takes about `seconds` to load, on one core, and answers `y` = x in FP32 [n]:
 * a chain of products of matrices that onnxruntime computes once, while it loads.
 */
export function slowLoadingModel({ seconds }: { seconds: number }): Bytes {
  const side = seconds > 60 ? 4096 : 512;
  const steps = Math.round((seconds * PRODUCTS_PER_SECOND) / (side / 512) ** 3);
  const products = Array.from({ length: steps }, (_, step) => ({
    op: 'MatMul',
    inputs: [`m${step}`, 'm0'],
    outputs: [`m${step + 1}`],
  }));
  const least: Node = {
    op: 'ReduceMin',
    inputs: [`m${steps}`],
    outputs: ['least'],
    attributes: [integerAttribute('keepdims', 0)],
  };
  return model({
    ...X_TO_Y,
    nodes: [
      { op: 'ConstantOfShape', inputs: ['size'], outputs: ['m0'] },
      ...products,
      least,
      { op: 'Add', inputs: ['x', 'least'], outputs: ['y'] },
    ],
    initializers: [integers('size', [2], [side, side])],
  });
}

// A matrix of 512 x 512.
const PRODUCTS_PER_SECOND = 350;

/** Answers the sum of `count` zeros, all of which it holds at once. */
export function hungryModel(): Bytes {
  return model({
    inputs: [{ name: 'count', datatype: 'INT64', shape: [1] }],
    outputs: [{ name: 'sum', datatype: 'FP32', shape: [] }],
    nodes: [
      { op: 'ConstantOfShape', inputs: ['count'], outputs: ['zeros'] },
      {
        op: 'ReduceSum',
        inputs: ['zeros'],
        outputs: ['sum'],
        attributes: [integerAttribute('keepdims', 0)],
      },
    ],
  });
}

/** Answers the two largest numbers of each row of `x`. On no rows ONNX Runtime 1.30 divides by zero in TopK, and the processor ends the process (SIGFPE). */
export function twoLargestModel(): Bytes {
  return model({
    inputs: [{ name: 'x', datatype: 'FP32', shape: ['n', 3] }],
    outputs: [{ name: 'y', datatype: 'FP32', shape: ['n', 2] }],
    nodes: [{ op: 'TopK', inputs: ['x', 'two'], outputs: ['y', 'places'] }],
    initializers: [integers('two', [1], [2])],
  });
}

/** The request that makes the hungry model hold so many. */
export const zeros = (count: number) => ({
  inputs: [{ name: 'count', datatype: 'INT64', shape: [1], data: [count] }],
});
