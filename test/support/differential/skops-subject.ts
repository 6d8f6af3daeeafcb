import { zipFiles } from '#formats/archives/zip-read.ts';
import { inspectSkops } from '#formats/skops/inspect.ts';
import { readSkopsTree } from '#formats/skops/tree.ts';
import { skopsTypes } from '#formats/skops/types.ts';
import { contentOf } from '../bytes/archive-files.ts';
import { bytesSource } from '../bytes/sources.ts';
import { zipOf } from '../bytes/zip.ts';
import { bytesOf, modelsOf } from '../models/saved.ts';
import { canonical } from './canonical.ts';
import { type Chance, mutated } from './chance.ts';
import type { Subject } from './subject.ts';

const FILE = 'model.skops';
const LIMITS = { maxBytes: 2 ** 24, maxEntries: 1000 };
const MAX_SEED_BYTES = 40_000;

type Saved = {
  readonly schema: unknown;
  readonly members: readonly { name: string; content: Buffer }[];
};
type Json = Record<string, unknown>;

const files = modelsOf('skops')
  .map((name) => bytesOf('skops', name))
  .filter(({ length }) => length < MAX_SEED_BYTES);

const saved: Saved[] = [];
for (const bytes of files) {
  const members = [];
  let schema: unknown;
  for (const file of await zipFiles(bytesSource(bytes), FILE, LIMITS)) {
    const content = await contentOf(file);
    if (file.name === 'schema.json') schema = JSON.parse(content.toString());
    else members.push({ name: file.name, content });
  }
  saved.push({ schema, members });
}

const nodes = saved.flatMap(({ schema }) => nodesIn(schema));
const LOADERS = [
  ...new Set(nodes.map((node) => String(node['__loader__']))),
  'FunctionNode',
  'MethodNode',
  'PartialNode',
  'OperatorFuncNode',
  'ReduceNode',
  'TypeNode',
  'CachedNode',
  'JsonNode',
  'UfuncNode',
];
const CLASSES = [
  ...new Set(nodes.map((node) => `${node['__module__']} ${node['__class__']}`)),
  'os system',
  'builtins eval',
  'sklearn.svm._classes SVC',
  'numpy sqrt',
  'builtins str',
  'collections OrderedDict',
];
const VALUES = [
  null,
  0,
  1,
  -1,
  'x',
  '"x"',
  '1.0',
  'null',
  '[]',
  '{"a": 1}',
  [],
  {},
  true,
  'numpy',
  'json',
  'a.npy',
  12345,
  'NaN',
  '1e3',
  '"\\ud800"',
];

/** Trees of real files, of which a node has another type, content or key, and the arrays beside them. */
export const skopsFiles: Subject = {
  reader: 'skops_files',
  make(chance) {
    if (chance.is(0.1)) return mutated(chance.pick(files), files, chance);
    const { schema, members } = chance.pick(saved);
    const copy: unknown = structuredClone(schema);
    for (let changes = 1 + chance.below(2); changes > 0; changes--) change(copy, chance);
    const text = written(JSON.stringify(copy), chance);
    const rest = members.map(({ name, content }) => ({
      name,
      content: chance.is(0.97) ? content : mutated(content, [content], chance),
    }));
    return zipOf([...rest, { name: 'schema.json', content: text }]);
  },
  async inspect(bytes) {
    await inspectSkops(bytesSource(bytes), FILE, []);
    const members = await zipFiles(bytesSource(bytes), FILE, LIMITS);
    const schema: unknown = JSON.parse(
      (await contentOf(members.find(({ name }) => name === 'schema.json')!)).toString(),
    );
    const types: string[] = [];
    const known = skopsTypes(FILE, []);
    const note = (loader: string, module: string, name: string) => {
      types.push(`${module}.${name}`);
      known.note(loader, module, name);
    };
    const { root } = await readSkopsTree(schema, FILE, {
      files: members,
      types: { ...known, note },
    });
    return { types: [...new Set(types)], root: canonical(root) };
  },
};

/** JSON says the same in other ways, and names a key twice. */
function written(text: string, chance: Chance): string {
  if (chance.is(0.9)) return text;
  const at = text.indexOf('"__', chance.below(text.length));
  if (at < 0) return text;
  const put = chance.pick([
    '"__class__": "SVC", ',
    '"__module__": "os", ',
    '"content": null, ',
    '"__loader__": "JsonNode", ',
    ' \n',
    '"__id__": 1, ',
    '"\\u005f_class__": "x", ',
    '"protocol": 0, ',
  ]);
  return `${text.slice(0, at)}${put}${text.slice(at)}`;
}

function change(schema: unknown, chance: Chance): void {
  const node = chance.pick(nodesIn(schema));
  if (!node) return;
  switch (chance.below(8)) {
    case 0:
      node['__loader__'] = chance.pick(LOADERS);
      return;
    case 1: {
      const [module, name] = chance.pick(CLASSES).split(' ');
      Object.assign(node, { __module__: module, __class__: name });
      return;
    }
    case 2:
      node['content'] = chance.pick(VALUES);
      return;
    case 3:
      Object.assign(node, structuredClone(chance.pick(nodes)));
      return;
    case 4:
      node[chance.pick(['__id__', 'type', 'file', 'key_types', 'protocol', 'is_json', 'shape'])] =
        chance.pick(VALUES);
      return;
    case 5:
      delete node[chance.pick(Object.keys(node))];
      return;
    case 6:
      node['content'] = structuredClone(chance.pick(nodes));
      return;
    default: {
      const other = chance.pick(nodesIn(schema));
      Object.assign(node, { __loader__: 'CachedNode', __id__: other?.['__id__'] });
    }
  }
}

function nodesIn(value: unknown): Json[] {
  if (typeof value !== 'object' || value === null) return [];
  const own = '__loader__' in value ? [value as Json] : [];
  return [...own, ...Object.values(value).flatMap(nodesIn)];
}
