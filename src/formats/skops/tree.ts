import { isDeepStrictEqual } from 'node:util';
import { isVersion } from '#domain/build/python-environment.ts';
import type { ArtifactFile } from '#formats/bytes/artifact-file.ts';
import { HANDLES, HOLDERS, type Library } from '#formats/pickle/held-boosters.ts';
import { type NpyHeader, readNpyHeader } from '#formats/pickle/npy-header.ts';
import {
  type Instance,
  isThing,
  type Ndarray,
  OPAQUE,
  type Value,
} from '#formats/pickle/values.ts';
import { rejected } from '#formats/rejected.ts';
import type { SkopsTypes } from './types.ts';

/** The content of a skops file, and the total size of its arrays. */
export type SkopsTree = {
  readonly root: Value;
  readonly elements: number;
  readonly weightBytes: number;
  readonly codes: ReadonlySet<string>;
  /** The scikit-learn versions that its estimators record. */
  readonly sklearnVersions: ReadonlySet<string>;
  readonly nodes: number;
  readonly boosters: readonly Held[];
};

/** A model of another library, as a string or in a separate member; neither is set when it is stored in another way. */
export type Held = { readonly library: Library; readonly text?: string; readonly member?: string };

type Node = Readonly<Record<string, unknown>>;

const MAX_DEPTH = 200;
// https://numpy.org/doc/stable/reference/random/bit_generators
const GENERATORS: readonly string[] = ['MT19937', 'PCG64', 'PCG64DXSM', 'Philox', 'SFC64'];
const NO_USE = { call: false, make: false, fill: false } as const;

/** Reads the tree in a `schema.json` and the headers of its arrays; each type in it goes to `types`. Fails with `ArtifactRejected`. */
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
    rejected(`${file} is not a readable skops file: ${what}`, 'Save it with skops.io.dump.');

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
      throw odd('a node has no type');
    }
    types.note(loader, module, name);
    const value = await made(node, loader, `${module}.${name}`, depth);
    remember(node['__id__'], value);
    return value;
  }

  /** skops reads only one node per id and ignores the others, so nodes that share an id must be alike. */
  function remember(id: unknown, value: Value): void {
    if (id === undefined || id === null) return;
    if (!Number.isSafeInteger(id)) throw odd('the id of a node is not a number');
    if (!known.has(id)) known.set(id, value);
    else if (!isDeepStrictEqual(known.get(id), value)) {
      throw odd(`two different nodes have the id ${String(id)}`);
    }
  }

  /** Reads every part of the node, whether or not its loader uses it, so that no type is missed. */
  async function made(node: Node, loader: string, name: string, depth: number): Promise<Value> {
    if (loader === 'CachedNode') return known.get(node['__id__']) ?? OPAQUE;
    const { content, __loader__, __module__, __class__, ...others } = node;
    const parts = new Map<string, Value>();
    for (const [key, other] of Object.entries(others)) parts.set(key, await read(other, depth + 1));
    if (loader === 'JsonNode') return jsonValue(content);
    const inner = await read(content, depth + 1);
    if (loader === 'NdArrayNode') return ofClass(String(__class__), await array(node, inner));
    if (loader === 'ListNode' || loader === 'TupleNode') return listIn(inner);
    if (loader === 'DictNode') return typedDict(inner, parts.get('key_types'), odd);
    if (loader === 'TypeNode') {
      return { kind: 'global', module: String(__module__), name, uses: NO_USE };
    }
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

  /** skops calls anything that the state names as its generator. */
  function checkGenerator(inner: Value): void {
    const name = dictOf(dictOf(inner).get('bit_generator')).get('bit_generator');
    if (typeof name === 'string' && GENERATORS.includes(name)) return;
    throw odd('it has a random generator that numpy does not have');
  }

  /** For a scalar of another class, skops returns its array's value, so the two must agree. */
  function ofClass(name: string, value: Value): Value {
    if (name === 'ndarray' || !isThing(value) || value.kind !== 'array') return value;
    if (value.shape.length === 0 && codeOf(name).test(value.dtype?.code ?? '')) return value;
    throw odd('a number has a type other than its class');
  }

  function listIn(inner: Value): Value {
    if (isThing(inner) && inner.kind === 'list') return inner;
    throw odd('a list has no items');
  }

  async function entries(node: Node, depth: number): Promise<Value> {
    // skops takes a node with a known id for that node, even if this one has no type.
    if ('__id__' in node) throw odd('a node has no type');
    const found = new Map<string, Value>();
    for (const [key, value] of Object.entries(node)) found.set(key, await read(value, depth + 1));
    return { kind: 'dict', entries: found, length: found.size, hasUnread: false, isSealed: false };
  }

  async function array(node: Node, inner: Value): Promise<Value> {
    if (node['type'] === 'json') return objects(inner);
    const name = node['file'];
    if (typeof name !== 'string') throw odd('an array has no file');
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
    if (!Number.isSafeInteger(elements)) throw odd(`its array ${name} has an impossible shape`);
    const bytes = elements * (found.dtype?.itemBytes ?? 1);
    if (header.dataAt + bytes > member.sizeBytes)
      throw odd(`its array ${name} is shorter than its header says`);
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
    sklearnVersions,
    nodes,
    boosters,
  };
}

const OTHER_CODES: Readonly<Record<string, RegExp>> = {
  ...({ bool: /^b1$/, bool_: /^b1$/, str_: /^U/, bytes_: /^S/ } as const),
  ...({ longlong: /^i8$/, ulonglong: /^u8$/, longdouble: /^f(12|16)$/ } as const),
};

/** The array type code of a numpy scalar class: `u1` for `uint8`. */
function codeOf(name: string): RegExp {
  const [, unsigned = '', kind = '', bits = ''] = /^(u?)(int|float|complex)(\d+)$/.exec(name) ?? [];
  return OTHER_CODES[name] ?? new RegExp(`^${unsigned || kind.charAt(0)}${Number(bits) / 8}$`);
}

const TEXTS: readonly string[] = ['builtins.str', 'numpy.str_'];
const INTEGER = /^(0|[1-9]\d*)$/;

/** A dict's keys are written as strings, with their types listed in the same order; JavaScript keeps that order except for integer keys. */
function typedDict(inner: Value, types: Value | undefined, odd: (what: string) => Error): Value {
  if (types === undefined) return inner;
  const names = isThing(types) && types.kind === 'list' ? types.items : undefined;
  if (!isThing(inner) || inner.kind !== 'dict' || names?.length !== inner.entries.size) {
    throw odd('a dict has keys without a type, or types without a key');
  }
  const isText = names.map(
    (type) => isThing(type) && type.kind === 'global' && TEXTS.includes(type.name),
  );
  if (isText.every(Boolean)) return inner;
  const all = [...inner.entries];
  const isOrdered = all.every(([key]) => !INTEGER.test(key));
  const entries = new Map(isOrdered ? all.filter((_, at) => isText[at]) : []);
  return { ...inner, entries, hasUnread: true };
}

/** Reads in file order: in a compressed archive, a backward read decompresses from the start. */
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

/** The model in the handle of a booster's state; the items of a DictNode are in its own content. */
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
    if (typeof content !== 'string') return null;
    const value: unknown = JSON.parse(content);
    const isRounded = Number.isInteger(value) && !Number.isSafeInteger(value);
    return isRounded ? OPAQUE : scalar(value);
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
