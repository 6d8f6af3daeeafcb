import type { Span } from '#formats/bytes/byte-window.ts';
import { bytes, fixed32, type Handlers, varint, type Wire } from '#formats/bytes/protobuf-walk.ts';
import { rejected } from '#formats/rejected.ts';
import {
  addSaid,
  type Classical,
  handlersOf,
  nothingClassical,
  SAYS_COLUMNS,
  type SaidList,
  saidList,
  withNumbers,
} from './classical.ts';
import {
  addNode,
  addNumbers,
  addTensor,
  emptyList,
  type Fitted,
  hasRoom,
  type NumberList,
  nothingFitted,
} from './fitted.ts';
import { type ExternalRange, readTensor, type Tensor } from './tensor.ts';
import { readValue, type Value } from './value.ts';

export type Opset = { readonly domain: string; readonly version: number };

/**
 * The content of a ModelProto, as written. `inputs`, `outputs` and `initializers` are those of the main graph,
 * `graphs` counts main graphs; everything else covers the whole model. Operators and functions are `domain::name`.
 */
export type OnnxModel = {
  irVersion: number;
  producerName: string;
  producerVersion: string;
  graphs: number;
  parameters: number;
  weightBytes: number;
  readonly opsets: Opset[];
  readonly inputs: Value[];
  readonly outputs: Value[];
  readonly initializers: Set<string>;
  readonly operators: Set<string>;
  readonly functions: Set<string>;
  /** The contents of the main graph, and of each function. */
  readonly main: Body;
  readonly bodies: Map<string, Body>;
  readonly dtypes: Set<string>;
  readonly external: ExternalRange[];
  /** The class labels of each output that the main graph makes with a ZipMap, keyed by the output's name. */
  readonly zipMaps: Map<string, readonly string[]>;
  readonly fitted: Fitted;
  readonly classical: Classical;
};

/** The number of calls of each operator in a graph or a function with its sub-graphs, and the bytes of the tensors in it. */
export type Body = { readonly calls: Map<string, number>; bytes: number };

/** `body` is the graph or function that is being read. */
type Walk = {
  readonly wire: Wire;
  readonly file: string;
  readonly model: OnnxModel;
  readonly body: Body;
};

// protobuf refuses more than 100 nested messages, and each sub-graph takes three: graph, node, attribute.
const DEEPEST_GRAPH = 32;

export const ZIP_MAP = 'ai.onnx.ml::ZipMap';
const GATHER = 'ai.onnx::Gather';

/**
 * Walks a whole ModelProto with its sub-graphs and local functions, but skips tensor data.
 * Field numbers: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
 */
export async function readModel(wire: Wire, file: string): Promise<OnnxModel> {
  const model = emptyModel();
  const walk = { wire, file, model, body: model.main };
  await wire.each(wire.root, {
    [varint(1)]: (field) => {
      model.irVersion = field.value;
    },
    [bytes(2)]: async (field) => {
      model.producerName = await wire.text(field);
    },
    [bytes(3)]: async (field) => {
      model.producerVersion = await wire.text(field);
    },
    [bytes(7)]: (field) => {
      model.graphs += 1;
      return readGraph(walk, field, 1);
    },
    [bytes(8)]: async (field) => {
      model.opsets.push(await readOpset(wire, field));
    },
    [bytes(25)]: (field) => readFunction(walk, field),
  });
  return model;
}

/** The domain of a `domain::name`; a name never contains `::`, a domain may. */
export function domainOf(operator: string): string {
  return operator.slice(0, operator.lastIndexOf('::'));
}

function emptyModel(): OnnxModel {
  return {
    irVersion: 0,
    producerName: '',
    producerVersion: '',
    graphs: 0,
    parameters: 0,
    weightBytes: 0,
    opsets: [],
    inputs: [],
    outputs: [],
    initializers: new Set(),
    operators: new Set(),
    functions: new Set(),
    main: { calls: new Map(), bytes: 0 },
    bodies: new Map(),
    dtypes: new Set(),
    external: [],
    zipMaps: new Map(),
    fitted: nothingFitted(),
    classical: nothingClassical(),
  };
}

async function readOpset(wire: Wire, message: Span): Promise<Opset> {
  const opset = { domain: '', version: 0 };
  await wire.each(message, {
    [bytes(1)]: async (field) => {
      opset.domain = await wire.text(field);
    },
    [varint(2)]: (field) => {
      opset.version = field.value;
    },
  });
  return { ...opset, domain: fullDomain(opset.domain) };
}

// Limits for a sparse tensor: this many elements can be allocated at once without harm, and each value may have this many zeros.
const FINE_ELEMENTS = 1_000_000;
const MOST_ZEROS = 1000;

function readGraph(walk: Walk, graph: Span, depth: number): Promise<void> {
  const { wire, file, model } = walk;
  if (depth > DEEPEST_GRAPH) {
    throw rejected(
      `${file} nests graphs more than ${DEEPEST_GRAPH} deep, the limit of its file format`,
      'Export the model without so many nested branches and loops.',
    );
  }
  const ofMainGraph: Handlers = {
    [bytes(11)]: async (field) => model.inputs.push(await readValue(wire, field)),
    [bytes(12)]: async (field) => model.outputs.push(await readValue(wire, field)),
  };
  return wire.each(graph, {
    ...(depth === 1 ? ofMainGraph : {}),
    [bytes(1)]: async (field) => {
      const operator = await readNode(walk, field, depth);
      if (depth === 1 && operator === ZIP_MAP) await readZipMap(walk, field);
      if (operator === GATHER) await readGather(walk, field);
    },
    [bytes(5)]: async (field) => {
      const { name } = await countTensor(walk, field);
      if (depth === 1) model.initializers.add(name);
    },
    [bytes(15)]: (field) => countSparse(walk, field),
  });
}

async function readNode(walk: Walk, node: Span, depth: number): Promise<string> {
  const { wire, model, body } = walk;
  const from = model.fitted.tensors.length;
  const lists: NumberList[] = [];
  const said: SaidList[] = [];
  let name: Span | undefined;
  let operator = '';
  let domain = '';
  await wire.each(node, {
    [bytes(3)]: (field) => {
      name = field;
    },
    [bytes(4)]: async (field) => {
      operator = await wire.text(field);
    },
    [bytes(5)]: async (field) => {
      // An operator's type comes before its attributes.
      const list = depth === 1 && SAYS_COLUMNS.test(operator) ? saidList() : undefined;
      const numbers = await readAttribute(walk, field, depth, list);
      lists.push(numbers);
      if (list) said.push(withNumbers(list, numbers));
    },
    [bytes(7)]: async (field) => {
      domain = await wire.text(field);
    },
  });
  const full = `${fullDomain(domain)}::${operator}`;
  await addNode(wire, model.fitted, { operator: full, name, from, lists });
  if (domain === 'ai.onnx.ml') addSaid(model.classical, said);
  model.operators.add(full);
  body.calls.set(full, (body.calls.get(full) ?? 0) + 1);
  return full;
}

async function readZipMap({ wire, model }: Walk, node: Span): Promise<void> {
  const labels: string[] = [];
  let output = '';
  const add = (label: string | number) => labels.push(String(label));
  await wire.each(node, {
    [bytes(2)]: async (field) => {
      output = await wire.text(field);
    },
    [bytes(5)]: (attribute) =>
      wire.each(attribute, {
        [varint(8)]: ({ value }) => add(value),
        [bytes(8)]: async (field) => (await wire.varints(field)).forEach(add),
        [bytes(9)]: async (field) => add(await wire.text(field)),
      }),
  });
  model.zipMaps.set(output, labels);
}

/** The table of which a node takes rows. */
async function readGather({ wire, model }: Walk, node: Span): Promise<void> {
  let isFirst = true;
  await wire.each(node, {
    [bytes(1)]: async (field) => {
      if (isFirst) model.fitted.gathered.add(await wire.text(field));
      isFirst = false;
    },
  });
}

/** The numbers in it, where it is a list of fractions; a list that `said` keeps goes there. */
async function readAttribute(
  walk: Walk,
  attribute: Span,
  depth: number,
  said?: SaidList,
): Promise<NumberList> {
  const {
    wire,
    model: { fitted },
  } = walk;
  const list = emptyList();
  const tensor = (field: Span) => countTensor(walk, field);
  const graph = (field: Span) => readGraph(walk, field, depth + 1);
  const sparse = (field: Span) => countSparse(walk, field);
  await wire.each(attribute, {
    ...(said && handlersOf(wire, said)),
    [bytes(1)]: async (field) => {
      list.name = field;
      if (said) said.name = await wire.text(field);
    },
    [fixed32(7)]: (field) => {
      const number = wire.raw(field);
      if (number instanceof Uint8Array) addNumbers(fitted, list, number);
    },
    [bytes(7)]: async (field) => {
      if (hasRoom(fitted, field.end - field.start)) {
        addNumbers(fitted, list, await wire.raw(field));
      } else {
        fitted.isWhole = false;
      }
    },
    [bytes(5)]: tensor,
    [bytes(6)]: graph,
    [bytes(10)]: tensor,
    [bytes(11)]: graph,
    [bytes(22)]: sparse,
    [bytes(23)]: sparse,
  });
  return list;
}

async function readFunction(walk: Walk, message: Span): Promise<void> {
  const { wire, model } = walk;
  const body: Body = { calls: new Map(), bytes: 0 };
  let name = '';
  let domain = '';
  await wire.each(message, {
    [bytes(1)]: async (field) => {
      name = await wire.text(field);
    },
    [bytes(7)]: (field) => readNode({ ...walk, body }, field, 1),
    [bytes(10)]: async (field) => {
      domain = await wire.text(field);
    },
  });
  const full = `${fullDomain(domain)}::${name}`;
  model.functions.add(full);
  // Overloads share a function's name, so a call counts as a call of all of them.
  const known = model.bodies.get(full);
  model.bodies.set(full, known ? joined(known, body) : body);
}

function joined(one: Body, other: Body): Body {
  const calls = new Map(one.calls);
  for (const [name, times] of other.calls) calls.set(name, (calls.get(name) ?? 0) + times);
  return { calls, bytes: one.bytes + other.bytes };
}

async function countTensor(walk: Walk, message: Span): Promise<Tensor> {
  const tensor = await countIndices(walk, message);
  addTensor(walk.model.fitted, tensor);
  walk.model.parameters += tensor.elements;
  walk.model.dtypes.add(tensor.type.datatype ?? tensor.type.name);
  return tensor;
}

/** A sparse tensor's indices take memory but are not parameters. */
async function countIndices({ wire, file, model, body }: Walk, message: Span): Promise<Tensor> {
  const tensor = await readTensor(wire, file, message);
  model.weightBytes += tensor.weightBytes;
  body.bytes += tensor.weightBytes;
  if (tensor.external) model.external.push(tensor.external);
  return tensor;
}

/** onnxruntime expands it to a dense tensor, zeros included. */
async function countSparse(walk: Walk, message: Span): Promise<void> {
  const { wire, file, model } = walk;
  let elements = 1;
  let values: Tensor | undefined;
  const addDim = (dim: number) => {
    elements = dim < 0 ? Number.NaN : elements * dim;
  };
  await wire.each(message, {
    [bytes(1)]: async (field) => {
      values = await countTensor(walk, field);
    },
    [bytes(2)]: (field) => countIndices(walk, field),
    [varint(3)]: (field) => addDim(field.value),
    [bytes(3)]: async (field) => {
      for (const dim of await wire.varints(field)) addDim(dim);
    },
  });
  const most = Math.max(FINE_ELEMENTS, MOST_ZEROS * (values?.elements ?? 0));
  if (!(elements <= most)) {
    throw rejected(
      `${file} has a sparse tensor of ${elements} elements by its shape, but ${values?.elements ?? 0} values; the limit is ${most}`,
      'Export the model again, with that tensor as a dense one.',
    );
  }
  const { weightBytes = 0, elements: stored = 0 } = values ?? {};
  model.weightBytes += stored > 0 ? Math.max(0, elements - stored) * (weightBytes / stored) : 0;
}

/** ONNX's own domain has two names: the empty string and this. */
function fullDomain(domain: string): string {
  return domain === '' ? 'ai.onnx' : domain;
}
