import {
  bytes,
  type Field,
  type Handlers,
  varint,
  type Wire,
} from '#formats/bytes/protobuf-walk.ts';
import type { GraphFunction } from './function-calls.ts';
import { type DeclaredTensor, TENSORFLOW_TYPES } from './tensor-types.ts';

export type DeclaredSignature = {
  readonly inputs: readonly DeclaredTensor[];
  readonly outputs: readonly DeclaredTensor[];
};

/** A graph of a SavedModel, as far as serving needs it. */
export type MetaGraph = {
  readonly tags: readonly string[];
  readonly tensorflowVersion: string;
  readonly signatures: ReadonlyMap<string, DeclaredSignature>;
  readonly operators: ReadonlySet<string>;
  /** The number of nodes in its graph and functions. */
  readonly nodes: number;
  readonly functions: ReadonlyMap<string, GraphFunction>;
};

// The fields of saved_model.proto, meta_graph.proto, graph.proto and function.proto.
// https://github.com/tensorflow/tensorflow/tree/v2.21.0/tensorflow/core/protobuf
const SAVED = { metaGraph: bytes(2) };
const META = { info: bytes(1), graph: bytes(2), signature: bytes(5) };
const INFO = { tag: bytes(4), version: bytes(5) };
const GRAPH = { node: bytes(1), library: bytes(2) };
const LIBRARY = { function: bytes(1) };
const FUNCTION = { signature: bytes(1), node: bytes(3) };
const NAMED = { name: bytes(1) };
const NODE = { operator: bytes(2), attribute: bytes(5) };
const ATTRIBUTE = { list: bytes(1), function: bytes(10) };
const LIST = { function: bytes(9) };
const ENTRY = { key: bytes(1), value: bytes(2) };
const SIGNATURE = { inputs: bytes(1), outputs: bytes(2) };
const TENSOR = { type: varint(2), shape: bytes(3), name: bytes(1) };
const SHAPE = { dim: bytes(2), unknown: varint(3) };
const DIM = { size: varint(1) };

// The operators that run functions, which they name in their attributes. https://www.tensorflow.org/api_docs/python/tf/raw_ops
const CALLING = /Call|If$|While$|Case$|^(For|Symbolic|Remote|MapDefun|BatchFunction|Xla|Tpu|TPU)/;

/** Reads the graphs of a SavedModel; from their nodes, only the operators and the functions that they call. */
export async function readMetaGraphs(wire: Wire): Promise<readonly MetaGraph[]> {
  const found: MetaGraph[] = [];
  await wire.each(wire.root, {
    [SAVED.metaGraph]: async (field) => found.push(await metaGraph(wire, field)),
  });
  return found;
}

async function metaGraph(wire: Wire, message: Field): Promise<MetaGraph> {
  const tags: string[] = [];
  const operators = new Set<string>();
  let nodes = 0;
  const signatures = new Map<string, DeclaredSignature>();
  const functions = new Map<string, GraphFunction>();
  let tensorflowVersion = '';
  const node = async (field: Field, calls: string[] = []) => {
    nodes += 1;
    const operator = await readNode(wire, field, calls);
    if (operator !== null) operators.add(operator);
  };
  const functionOf = async (field: Field) => {
    const calls: string[] = [];
    const before = nodes;
    let name = '';
    await wire.each(field, {
      [FUNCTION.signature]: async (signature) => {
        name = (await nameIn(wire, signature)) ?? '';
      },
      [FUNCTION.node]: (each) => node(each, calls),
    });
    functions.set(name, { nodes: nodes - before, calls });
  };
  await wire.each(message, {
    [META.info]: (info) =>
      wire.each(info, {
        [INFO.tag]: async (field) => tags.push(await wire.text(field)),
        [INFO.version]: async (field) => {
          tensorflowVersion = await wire.text(field);
        },
      }),
    [META.graph]: (graph) =>
      wire.each(graph, {
        [GRAPH.node]: (each) => node(each),
        [GRAPH.library]: (library) => wire.each(library, { [LIBRARY.function]: functionOf }),
      }),
    [META.signature]: async (entry) => {
      const { key, value } = await mapEntry(wire, entry, signatureIn);
      signatures.set(key, value ?? { inputs: [], outputs: [] });
    },
  });
  return { tags, tensorflowVersion, signatures, operators, nodes, functions };
}

/** The node's operator, or null; the functions that it calls are added to `calls`, and its operator may be a function too. */
async function readNode(wire: Wire, field: Field, calls: string[]): Promise<string | null> {
  let operator: string | null = null;
  const attributes: Field[] = [];
  await wire.each(field, {
    [NODE.operator]: async (text) => {
      operator = await wire.text(text);
    },
    [NODE.attribute]: (attribute) => {
      attributes.push(attribute);
    },
  });
  if (operator === null) return null;
  calls.push(operator);
  if (!CALLING.test(operator)) return operator;
  const called = async (each: Field) => calls.push((await nameIn(wire, each)) ?? '');
  for (const attribute of attributes) {
    await wire.each(attribute, {
      [ENTRY.value]: (value) =>
        wire.each(value, {
          [ATTRIBUTE.function]: called,
          [ATTRIBUTE.list]: (list) => wire.each(list, { [LIST.function]: called }),
        }),
    });
  }
  return operator;
}

async function nameIn(wire: Wire, message: Field): Promise<string | undefined> {
  let name: string | undefined;
  await wire.each(message, {
    [NAMED.name]: async (field) => {
      name = await wire.text(field);
    },
  });
  return name;
}

async function signatureIn(wire: Wire, message: Field): Promise<DeclaredSignature> {
  const inputs: DeclaredTensor[] = [];
  const outputs: DeclaredTensor[] = [];
  const into = (side: DeclaredTensor[]) => async (entry: Field) => {
    const { key, value } = await mapEntry(wire, entry, tensorIn);
    side.push({ name: key, type: UNTYPED, shape: null, ...value });
  };
  await wire.each(message, {
    [SIGNATURE.inputs]: into(inputs),
    [SIGNATURE.outputs]: into(outputs),
  });
  // The entries of a map are unordered.
  const byName = (one: DeclaredTensor, other: DeclaredTensor) => (one.name < other.name ? -1 : 1);
  return { inputs: inputs.sort(byName), outputs: outputs.sort(byName) };
}

const UNTYPED = { name: 'none', bits: 0 };

/** A tensor without a name is sparse, or composed of several. */
async function tensorIn(wire: Wire, message: Field): Promise<Omit<DeclaredTensor, 'name'>> {
  let type = 0;
  let isDense = false;
  let shape: number[] | null = [];
  const handlers: Handlers = {
    [TENSOR.name]: () => {
      isDense = true;
    },
    [TENSOR.type]: ({ value }) => {
      type = value;
    },
    [TENSOR.shape]: (field) =>
      wire.each(field, {
        [SHAPE.dim]: async (dim) => {
          let size = 0;
          await wire.each(dim, {
            [DIM.size]: ({ value }) => {
              size = value;
            },
          });
          shape?.push(Math.max(size, -1));
        },
        [SHAPE.unknown]: ({ value }) => {
          if (value) shape = null;
        },
      }),
  };
  await wire.each(message, handlers);
  const known = isDense
    ? TENSORFLOW_TYPES[type]
    : { name: 'a sparse or composite tensor', bits: 0 };
  return { type: known ?? { name: `type ${type}`, bits: 0 }, shape };
}

async function mapEntry<Value>(
  wire: Wire,
  entry: Field,
  read: (wire: Wire, message: Field) => Promise<Value>,
): Promise<{ readonly key: string; readonly value: Value | undefined }> {
  let key = '';
  let value: Value | undefined;
  await wire.each(entry, {
    [ENTRY.key]: async (field) => {
      key = await wire.text(field);
    },
    [ENTRY.value]: async (field) => {
      value = await read(wire, field);
    },
  });
  return { key, value };
}
