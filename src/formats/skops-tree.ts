import { isVersion } from '#domain/python-environment.ts';
import type { ArtifactFile } from './artifact-file.ts';
import { HANDLES, HOLDERS, type Library } from './held-boosters.ts';
import { type NpyHeader, readNpyHeader } from './npy-header.ts';
import { type Instance, type Ndarray, OPAQUE, type Value } from './pickle-values.ts';
import { rejected } from './rejected.ts';
import type { SkopsTypes } from './skops-types.ts';

/** What a skops file holds, and what its arrays add up to. */
export type SkopsTree = {
  readonly root: Value;
  readonly elements: number;
  readonly weightBytes: number;
  readonly codes: ReadonlySet<string>;
  /** Of scikit-learn, as its estimators note them. */
  readonly sklearnVersions: ReadonlySet<string>;
  readonly nodes: number;
  readonly boosters: readonly Held[];
};

/** The model of another library, as a text or in a member of its own; empty where it is neither. */
export type Held = { readonly library: Library; readonly text?: string; readonly member?: string };

type Node = Readonly<Record<string, unknown>>;

const MAX_DEPTH = 200;
// https://numpy.org/doc/stable/reference/random/bit_generators
const GENERATORS: readonly string[] = ['MT19937', 'PCG64', 'PCG64DXSM', 'Philox', 'SFC64'];
const NO_USE = { call: false, make: false, fill: false } as const;

/** Reads the tree in a `schema.json` and the heads of its arrays; each type in it goes to `types`. Fails with `ArtifactRejected`. */
export async function readSkopsTree(
  schema: unknown,
  file: string,
  { files, types }: { readonly files: readonly ArtifactFile[]; readonly types: SkopsTypes },
): Promise<SkopsTree> {
  const members = new Map(files.map((member) => [member.name, member]));
  const headers = await arrayHeaders(files, file);
  const arrays = new Map<string, Ndarray>();
  const known = new Map<unknown, Value>();
  const sklearnVersions = new Set<string>();
  const boosters: Held[] = [];
  let nodes = 0;

  const odd = (what: string) =>
    rejected(`${file} is no skops file that can be read: ${what}`, 'Save it with skops.io.dump.');

  async function read(node: unknown, depth: number): Promise<Value> {
    if (depth > MAX_DEPTH) throw odd('it is nested too deeply');
    if (Array.isArray(node)) {
      const items: Value[] = [];
      for (const item of node) items.push(await read(item, depth + 1));
      return { kind: 'list', items, length: items.length };
    }
    if (!isNode(node)) return typeof node === 'object' || node === undefined ? null : scalar(node);
    if (!('__loader__' in node)) return entries(node, depth);
    nodes += 1;
    const { __loader__: loader, __module__: module, __class__: name } = node;
    if (typeof loader !== 'string' || typeof module !== 'string' || typeof name !== 'string') {
      throw odd('a node of it has no type');
    }
    types.note(loader, module, name);
    const value = await made(node, loader, `${module}.${name}`, depth);
    known.set(node['__id__'], value);
    return value;
  }

  /** Whatever a loader looks at or does not, each part of the node is read, so that no type in it is passed over. */
  async function made(node: Node, loader: string, name: string, depth: number): Promise<Value> {
    if (loader === 'CachedNode') return known.get(node['__id__']) ?? OPAQUE;
    const { content, __loader__, __module__, __class__, ...others } = node;
    for (const other of Object.values(others)) await read(other, depth + 1);
    if (loader === 'JsonNode') return jsonValue(content);
    const inner = await read(content, depth + 1);
    if (loader === 'NdArrayNode') return array(node, inner);
    if (loader === 'ListNode' || loader === 'TupleNode' || loader === 'DictNode') return inner;
    if (loader === 'RandomGeneratorNode') checkGenerator(inner);
    if (loader !== 'ObjectNode') return OPAQUE;
    const module = String(__module__);
    const attributes = isDict(inner) ? inner.entries : new Map<string, Value>();
    const version = attributes.get('_sklearn_version');
    if (typeof version === 'string' && isVersion(version)) sklearnVersions.add(version);
    const library = HOLDERS[name];
    if (library) boosters.push(...heldIn(library, content));
    const of = { kind: 'global', module, name, uses: NO_USE } as const;
    return { kind: 'instance', of, args: [], attributes } satisfies Instance;
  }

  /** skops calls what the state names as its generator. */
  function checkGenerator(inner: Value): void {
    const name = dictOf(dictOf(inner).get('bit_generator')).get('bit_generator');
    if (typeof name === 'string' && GENERATORS.includes(name)) return;
    throw odd('it has a random generator of no kind that numpy has');
  }

  async function entries(node: Node, depth: number): Promise<Value> {
    const found = new Map<string, Value>();
    for (const [key, value] of Object.entries(node)) found.set(key, await read(value, depth + 1));
    return { kind: 'dict', entries: found, length: found.size, hasUnread: false, isSealed: false };
  }

  async function array(node: Node, inner: Value): Promise<Value> {
    if (node['type'] === 'json') return objects(inner);
    const name = node['file'];
    if (typeof name !== 'string') throw odd('an array of it has no file');
    const before = arrays.get(name);
    if (before) return before;
    const member = members.get(name);
    const header = headers.get(name);
    if (!member || !header) throw odd(`it has no member ${JSON.stringify(name.slice(0, 80))}`);
    const found: Ndarray = {
      kind: 'array',
      ...ofHeader(header.code),
      shape: header.shape,
      items: [],
    };
    const elements = elementsOf(found);
    if (!Number.isSafeInteger(elements)) throw odd(`its array ${name} is of an impossible shape`);
    const bytes = elements * (found.dtype?.itemBytes ?? 1);
    if (header.dataAt + bytes > member.sizeBytes)
      throw odd(`its array ${name} is shorter than it says`);
    arrays.set(name, found);
    return found;
  }

  const root = await read(schema, 0);
  const found = [...arrays.values()];
  return {
    root,
    elements: found.reduce((sum, each) => sum + elementsOf(each), 0),
    weightBytes: found.reduce(
      (sum, each) => sum + elementsOf(each) * (each.dtype?.itemBytes ?? 1),
      0,
    ),
    codes: new Set(found.map(({ dtype }) => dtype?.code ?? '')),
    ...{ sklearnVersions, nodes, boosters },
  };
}

/** In the order in which they stand: out of a compressed archive whatever stands before costs the way from its start. */
async function arrayHeaders(
  files: readonly ArtifactFile[],
  file: string,
): Promise<ReadonlyMap<string, NpyHeader>> {
  const headers = new Map<string, NpyHeader>();
  for (const member of files) {
    if (!member.name.endsWith('.npy')) continue;
    headers.set(member.name, await readNpyHeader(await member.open(), `${file}: ${member.name}`));
  }
  return headers;
}

/** What a booster's state names as its handle; a DictNode has its items in a content of its own. */
function heldIn(library: Library, state: unknown): readonly Held[] {
  const items = isNode(state) && isNode(state['content']) ? state['content'] : {};
  return HANDLES.filter((name) => name in items).flatMap((name): Held[] => {
    const node = items[name];
    if (!isNode(node)) return [{ library }];
    const { __loader__: loader, content, file } = node;
    const value = loader === 'JsonNode' ? jsonValue(content) : undefined;
    if (value === null) return [];
    if (typeof value === 'string') return [{ library, text: value }];
    return [typeof file === 'string' ? { library, member: file } : { library }];
  });
}

function dictOf(value: Value | undefined): ReadonlyMap<string, Value> {
  return typeof value === 'object' && value?.kind === 'dict' ? value.entries : new Map();
}

function objects(inner: Value): Ndarray {
  const items = typeof inner === 'object' && inner?.kind === 'list' ? inner.items : [];
  return { kind: 'array', ...ofHeader('O8'), shape: [items.length], items };
}

function ofHeader(code: string) {
  const [, kind = '', digits = ''] = /^([a-zA-Z])(\d*)$/.exec(code) ?? [];
  const itemBytes = Number(digits) * (kind === 'U' ? 4 : 1);
  return { dtype: { kind: 'dtype' as const, code, itemBytes, isBuilt: true } };
}

function elementsOf({ shape }: Ndarray): number {
  return shape.reduce((product, dim) => product * dim, 1);
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isDict(value: Value) {
  return typeof value === 'object' && value !== null && value.kind === 'dict';
}

function jsonValue(content: unknown): Value {
  try {
    return typeof content === 'string' ? scalar(JSON.parse(content)) : null;
  } catch {
    return OPAQUE;
  }
}

function scalar(value: unknown): Value {
  const isPlain = value === null || ['string', 'number', 'boolean'].includes(typeof value);
  return isPlain &&
    (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    ? value
    : value === null
      ? null
      : OPAQUE;
}
