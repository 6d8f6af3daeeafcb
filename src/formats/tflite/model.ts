import type { FlatTable } from '#formats/bytes/flatbuffer.ts';
import operatorNames from '#formats/data/tflite-operators.json' with { type: 'json' };
import { quoted, rejected } from '#formats/rejected.ts';
import { type GraphFunction, refuseEndlessCalls } from '#formats/tensorflow/function-calls.ts';
import {
  type DeclaredTensor,
  type ElementType,
  elementsOf,
  LITE_TYPES,
} from '#formats/tensorflow/tensor-types.ts';

/** An input or output by its name in the signature; `tensor` is its name in the graph, which OpenVINO uses. */
export type LiteTensor = DeclaredTensor & { readonly tensor: string };

/** The content of a TensorFlow Lite file. `activationBytes` is a bound on the working memory of one row: its four largest tensors. */
export type LiteModel = {
  readonly version: number;
  readonly runtimeVersion: string;
  readonly inputs: readonly LiteTensor[];
  readonly outputs: readonly LiteTensor[];
  readonly operators: readonly string[];
  /** The number of operators that its graphs call. */
  readonly nodes: number;
  readonly parameters: number;
  readonly weightBytes: number;
  readonly dtypes: readonly string[];
  readonly activationBytes: number;
};

// The fields of schema.fbs. https://github.com/tensorflow/tensorflow/blob/v2.21.0/tensorflow/compiler/mlir/lite/schema/schema.fbs
const MODEL = {
  version: 0,
  operatorCodes: 1,
  subgraphs: 2,
  buffers: 4,
  metadata: 6,
  signatures: 7,
};
const CODE = { deprecated: 0, custom: 1, builtin: 3 };
const GRAPH = { tensors: 0, inputs: 1, outputs: 2, operators: 3 };
const TENSOR = { shape: 0, type: 1, buffer: 2, name: 3, sparsity: 6, freeShape: 7 };
const OPERATOR = { code: 0, inputs: 1, outputs: 2, options: 4 };
// The graphs that these operators run come first in their options: two branches, or a condition and a body.
const CALLING = new Map([
  ['IF', [0, 1]],
  ['WHILE', [0, 1]],
  ['CALL', [0]],
  ['CALL_ONCE', [0]],
]);
const SIGNATURE = { inputs: 0, outputs: 1, key: 2, graph: 4 };
const MAP = { name: 0, tensor: 1 };
const METADATA = { name: 0, buffer: 1 };
const CUSTOM = 32;
const MAX_RANK = 64;
const LIVE_TENSORS = 4;
const MOST_VERSION_BYTES = 16;

type Tensor = {
  readonly name: string;
  readonly type: ElementType;
  /** The declared shape: -1 for a free dimension. */
  readonly shape: readonly number[];
  readonly bytes: number;
  readonly elements: number;
  readonly isConstant: boolean;
};

/** Reads a model's graph, and checks each of its tensors against its bytes. Fails with `ArtifactRejected`. */
export async function readLiteModel(root: FlatTable, file: string): Promise<LiteModel> {
  const buffers = await sizesOf(await root.tables(MODEL.buffers));
  const codes = await codesOf(await root.tables(MODEL.operatorCodes));
  let nodes = 0;
  const functions = new Map<string, GraphFunction>();
  const graphs: { readonly table: FlatTable; readonly tensors: readonly Tensor[] }[] = [];
  for (const table of await root.tables(MODEL.subgraphs)) {
    const tensors: Tensor[] = [];
    for (const each of await table.tables(GRAPH.tensors)) {
      tensors.push(await readTensor(each, buffers, file));
    }
    const own = await soundOperators(table, { tensors: tensors.length, codes }, file);
    functions.set(graphName(graphs.length), own);
    nodes += own.nodes;
    graphs.push({ table, tensors });
  }
  refuseEndlessCalls(functions, file);
  const [first] = graphs;
  if (!first) throw odd(file, 'it has no graph');
  const all = graphs.flatMap(({ tensors }) => tensors);
  const constants = all.filter(({ isConstant }) => isConstant);
  return {
    version: (await root.number(MODEL.version)) ?? 0,
    runtimeVersion: await runtimeVersionOf(root),
    ...(await endsOf(root, first, file)),
    operators: [...new Set(codes)].sort(),
    nodes,
    parameters: sum(constants.map(({ elements }) => elements)),
    weightBytes: sum(constants.map(({ bytes }) => bytes)),
    dtypes: [...new Set(constants.map(({ type }) => type.name))].sort(),
    activationBytes: sum(
      all
        .filter(({ isConstant }) => !isConstant)
        .map(({ bytes }) => bytes)
        .sort((one, another) => another - one)
        .slice(0, LIVE_TENSORS),
    ),
  };
}

/** The number of bytes in each buffer. */
async function sizesOf(buffers: readonly FlatTable[]): Promise<readonly number[]> {
  const sizes: number[] = [];
  for (const buffer of buffers) {
    const span = await buffer.span(0);
    sizes.push(span ? span.end - span.start : 0);
  }
  return sizes;
}

async function codesOf(codes: readonly FlatTable[]): Promise<readonly string[]> {
  const names: string[] = [];
  for (const code of codes) {
    const number = Math.max(
      (await code.byte(CODE.deprecated)) ?? 0,
      (await code.number(CODE.builtin)) ?? 0,
    );
    const custom = number === CUSTOM ? await code.text(CODE.custom) : undefined;
    names.push(custom ?? operatorNames.operators[number] ?? `operator ${number}`);
  }
  return names;
}

async function readTensor(
  table: FlatTable,
  buffers: readonly number[],
  file: string,
): Promise<Tensor> {
  const name = (await table.text(TENSOR.name)) ?? '';
  const type = LITE_TYPES[(await table.byte(TENSOR.type)) ?? 0];
  const shape = await table.numbers(TENSOR.shape);
  const free = await table.numbers(TENSOR.freeShape);
  const held = buffers[(await table.number(TENSOR.buffer)) ?? 0];
  if (!type || held === undefined)
    throw odd(file, `its tensor ${quoted(name)} is of no known type`);
  const declared = free.length === shape.length ? free : shape;
  if (shape.length > MAX_RANK || [...shape, ...declared].some((dim) => dim < -1)) {
    throw odd(file, `its tensor ${quoted(name)} has no shape that is possible`);
  }
  const elements = elementsOf(shape);
  const bytes = Math.ceil((elements * type.bits) / 8);
  if (!Number.isSafeInteger(bytes)) throw odd(file, `its tensor ${quoted(name)} is too large`);
  const isConstant = held > 0;
  const isSparse = isConstant && (await table.table(TENSOR.sparsity)) !== undefined;
  if (isConstant && !isSparse && held < bytes) {
    throw odd(file, `its tensor ${quoted(name)} takes ${bytes} bytes, of which it has ${held}`);
  }
  return { name, type, shape: declared, elements, bytes: isConstant ? held : bytes, isConstant };
}

/** The number of operators, after a check that each has a kind listed in the file and existing tensors; and the graphs that they run. */
async function soundOperators(
  graph: FlatTable,
  most: { readonly tensors: number; readonly codes: readonly string[] },
  file: string,
): Promise<GraphFunction> {
  const operators = await graph.tables(GRAPH.operators);
  const calls: string[] = [];
  for (const operator of operators) {
    const code = most.codes[(await operator.number(OPERATOR.code)) ?? 0];
    // -1 stands for an omitted input.
    const taken = [
      ...(await operator.numbers(OPERATOR.inputs)),
      ...(await operator.numbers(OPERATOR.outputs)),
    ];
    if (code === undefined || taken.some((tensor) => tensor < -1 || tensor >= most.tensors)) {
      throw odd(file, 'one of its operators takes a tensor that is not there');
    }
    for (const field of CALLING.get(code) ?? []) {
      const options = await operator.table(OPERATOR.options);
      calls.push(graphName((await options?.number(field)) ?? 0));
    }
  }
  return { nodes: operators.length, calls };
}

function graphName(index: number): string {
  return `graph ${index}`;
}

type Graph = { readonly table: FlatTable; readonly tensors: readonly Tensor[] };

/** Its inputs and outputs by the names of its signature (`serving_default`, else its only one), else by those of the tensors. */
async function endsOf(
  root: FlatTable,
  graph: Graph,
  file: string,
): Promise<Pick<LiteModel, 'inputs' | 'outputs'>> {
  const signature = await signatureOf(root);
  const side = async (field: 'inputs' | 'outputs') => {
    const named: (readonly [string | undefined, number])[] = [];
    if (signature) {
      for (const map of await signature.tables(SIGNATURE[field])) {
        const tensor = (await map.number(MAP.tensor)) ?? 0;
        named.push([await map.text(MAP.name), tensor]);
      }
    } else {
      const tensors = await graph.table.numbers(GRAPH[field]);
      named.push(...tensors.map((tensor) => [undefined, tensor] as const));
    }
    return named.map(([name, index]) => liteTensor(name, graph.tensors[index], file));
  };
  return { inputs: await side('inputs'), outputs: await side('outputs') };
}

function liteTensor(
  name: string | undefined,
  tensor: Tensor | undefined,
  file: string,
): LiteTensor {
  if (!tensor) throw odd(file, 'its signature names a tensor that is not there');
  const { type, shape } = tensor;
  return { name: name ?? tensor.name, tensor: tensor.name, type, shape };
}

/** The signature of the first graph, which is the one that OpenVINO serves. */
async function signatureOf(root: FlatTable): Promise<FlatTable | undefined> {
  const found: FlatTable[] = [];
  for (const signature of await root.tables(MODEL.signatures)) {
    if (((await signature.number(SIGNATURE.graph)) ?? 0) !== 0) continue;
    if ((await signature.text(SIGNATURE.key)) === 'serving_default') return signature;
    found.push(signature);
  }
  return found.length === 1 ? found[0] : undefined;
}

async function runtimeVersionOf(root: FlatTable): Promise<string> {
  const buffers = await root.tables(MODEL.buffers);
  for (const metadata of await root.tables(MODEL.metadata)) {
    if ((await metadata.text(METADATA.name)) !== 'min_runtime_version') continue;
    const buffer = buffers[(await metadata.number(METADATA.buffer)) ?? 0];
    const written = await buffer?.bytes(0, MOST_VERSION_BYTES);
    return /^\d+(\.\d+)*/.exec(written?.toString('latin1') ?? '')?.[0] ?? '';
  }
  return '';
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function odd(file: string, what: string) {
  return rejected(
    `${file} is damaged: ${what}`,
    'Convert the model again and upload the whole file.',
  );
}
