import type { ModelFacts } from '#domain/artifact/facts.ts';
import type { Signature } from '#domain/artifact/signature.ts';
import { BY_CODE } from '#domain/artifact/ways-out.ts';
import { foldersWith, within } from '#formats/archives/folder.ts';
import type { ArtifactFile } from '#formats/bytes/artifact-file.ts';
import { readText } from '#formats/bytes/text-file.ts';
import components from '#formats/data/spacy-components.json' with { type: 'json' };
import type { FindFolders, ReadFolder } from '#formats/reader.ts';
import { quoted, rejected } from '#formats/rejected.ts';
import { type Pipe, readPipeline } from './config.ts';
import { spacy } from './format.ts';

export const read: ReadFolder = (files, root) => inspectSpacy(files, root);

/** Other tools have a `config.cfg` too: the `meta.json` beside it shows that it belongs to spaCy. */
export const folders: FindFolders = async (files) => {
  const found: string[] = [];
  for (const root of foldersWith(files, spacy.folder.marker)) {
    if (await isSpacy(files, root)) found.push(root);
  }
  return found;
};

/** The facts in a spaCy pipeline beyond those of all models: its components, as its file lists them. */
export type SpacyFacts = ModelFacts & {
  readonly format: 'spacy';
  readonly components: readonly string[];
};

const MIB = 2 ** 20;
const MAX_META_BYTES = 4 * MIB;
const MAX_CONFIG_BYTES = MIB;
// Python and the server, spaCy with numpy and its own libraries, and its files as Python tables. 185 MiB in all were measured with 15 MB of English.
const SERVER_BYTES = 64 * MIB;
const SPACY_BYTES = 100 * MIB;
const COPIES = 3;
// The components of spaCy itself. https://spacy.io/api
const OWN: ReadonlySet<string> = new Set(components);
const CATEGORIES: readonly string[] = ['textcat', 'textcat_multilabel'];
// The names of functions that belong to spaCy and thinc: other packages register functions under their own prefixes.
const OWN_FUNCTION = /^((spacy|spacy-legacy|thinc)\.[\w.-]+|[A-Za-z]\w*\.v\d+)$/;
// spaCy's own functions that read other files, or write a log to one.
const OF_FILES = /FromFile|read_|copy_from|Corpus|Logger|PretrainVectors|Lookups/;
const CALLBACKS = ['before_creation', 'after_creation', 'after_pipeline_creation'];
const VERSIONS = /^(?:[<>=~!]=?\s*\d+(?:\.\w+)*\s*,?\s*){1,4}$/;
const RESAVE = 'Save it with `nlp.to_disk(FOLDER)` and upload the whole folder.';

/** Whether the folder of this `config.cfg` is a spaCy pipeline, according to its `meta.json`. */
export async function isSpacy(files: readonly ArtifactFile[], root: string): Promise<boolean> {
  const meta = files.find(({ name }) => name === within(root, 'meta.json'));
  if (!meta || meta.sizeBytes > MAX_META_BYTES) return false;
  return (await readText(meta, MAX_META_BYTES).catch(() => '')).includes('"spacy_version"');
}

/** Reads the facts of the pipeline in the folder `root`. Anything that does not belong to spaCy itself, or is taken from another package, is refused. Fails with `ArtifactRejected`. */
export async function inspectSpacy(
  files: readonly ArtifactFile[],
  root: string,
): Promise<SpacyFacts> {
  const meta = metaOf(await textOf(files, within(root, 'meta.json'), MAX_META_BYTES), root);
  const name = within(root, 'config.cfg');
  const pipes = readPipeline(await textOf(files, name, MAX_CONFIG_BYTES), name);
  for (const pipe of pipes.components) refuseForeign(pipe, name);
  for (const { function: called, at } of pipes.functions) {
    if (!OWN_FUNCTION.test(called))
      throw foreign(name, `the function ${quoted(called)} in [${at}]`);
    if (OF_FILES.test(called)) throw readsFiles(name, called, at);
  }
  for (const key of CALLBACKS) {
    if (pipes.settings.get(key) !== undefined && pipes.settings.get(key) !== 'null') {
      throw foreign(name, `the callback ${quoted(key)}`);
    }
  }
  const own = files.filter((file) => root === '.' || file.name.startsWith(`${root}/`));
  await refusePickles(own);
  const bytes = own.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const factories = pipes.components.map(({ factory }) => factory);
  return {
    format: 'spacy',
    formatVersion: `spaCy ${meta.versions}`,
    framework: null,
    pythonVersion: pythonOf(meta.versions),
    requirements: [`spacy${meta.versions}`, ...(isOld(meta.versions) ? ['numpy<2'] : [])],
    signature: signatureOf(factories),
    takesColumns: false,
    parameters: null,
    weightBytes: bytes,
    dtypes: ['FP32'],
    memory: [
      { name: 'the server', bytes: SERVER_BYTES },
      { name: 'spaCy and its imports', bytes: SPACY_BYTES },
      { name: 'the pipeline', bytes: bytes * COPIES },
    ],
    example: null,
    entrypoint: null,
    components: pipes.components.map((pipe) => pipe.name),
  };
}

function signatureOf(factories: readonly string[]): Signature {
  const text = { name: 'text', datatype: 'BYTES', shape: [-1] } as const;
  const hasCategories = factories.some((each) => CATEGORIES.includes(each));
  const outputs = ['entities', ...(hasCategories ? ['categories'] : [])];
  return { inputs: [text], outputs: outputs.map((name) => ({ ...text, name })) };
}

function refuseForeign({ name, factory, source }: Pipe, file: string): void {
  if (source !== undefined) {
    throw foreign(file, `the component ${quoted(name)} of another package, ${quoted(source)}`);
  }
  if (!OWN.has(factory)) throw foreign(file, `the component ${quoted(factory || name)}`);
}

// spaCy saves MessagePack, JSON and arrays of numbers: a pickle or an array of objects in a pipeline comes from other code.
const PICKLE = /^800[2-5]/;
const ARRAY = /^\x93NUMPY/;
const ARRAY_HEAD_BYTES = 512;
const OF_OBJECTS = /'descr': '\|O'/;
const MAX_LOOKED_AT = 500;

async function refusePickles(files: readonly ArtifactFile[]): Promise<void> {
  if (files.length > MAX_LOOKED_AT) {
    throw rejected(`the pipeline has ${files.length} files; the limit is ${MAX_LOOKED_AT}`, RESAVE);
  }
  for (const file of files) {
    const head = Buffer.from(await (await file.open()).read(0, ARRAY_HEAD_BYTES));
    const isPickle = PICKLE.test(head.toString('hex', 0, 2));
    const written = head.toString('latin1');
    if (!isPickle && !(ARRAY.test(written) && OF_OBJECTS.test(written))) continue;
    throw rejected(
      `${file.name} is a pickle, which can run any code when it is loaded; spaCy saves none`,
      `${RESAVE} Or ${BY_CODE}.`,
    );
  }
}

function readsFiles(file: string, called: string, at: string) {
  return rejected(
    `${file} has the function ${quoted(called)} in [${at}], which reads or writes other files when the pipeline is loaded`,
    RESAVE,
  );
}

function foreign(file: string, what: string) {
  return rejected(
    `${file} has ${what}, which is not of spaCy itself`,
    `Make the pipeline of spaCy's own components, or ${BY_CODE}.`,
  );
}

async function textOf(
  files: readonly ArtifactFile[],
  name: string,
  maxBytes: number,
): Promise<string> {
  const found = files.find((file) => file.name === name);
  if (!found) throw rejected(`${name} is missing`, RESAVE);
  return readText(found, maxBytes);
}

function metaOf(text: string, root: string): { readonly versions: string } {
  let meta: unknown;
  try {
    meta = JSON.parse(text);
  } catch {
    throw rejected(`${within(root, 'meta.json')} is no JSON`, RESAVE);
  }
  const said =
    typeof meta === 'object' && meta !== null && 'spacy_version' in meta ? meta.spacy_version : '';
  const versions = String(said).replaceAll(/\s/g, '');
  if (VERSIONS.test(versions)) return { versions };
  throw rejected(
    `${within(root, 'meta.json')} has the spacy_version ${quoted(versions)}, which names no version`,
    RESAVE,
  );
}

/** The newest Python for which an older spaCy has wheels; null for any. */
function pythonOf(versions: string): string | null {
  const minor = minorOf(versions);
  if (minor < 3) return '3.9';
  if (minor < 5) return '3.10';
  return minor < 7 ? '3.11' : null;
}

/** Versions before 3.8 were built with numpy 1, but do not exclude a newer one. */
function isOld(versions: string): boolean {
  return /<3\.[0-8]\b/.test(versions);
}

function minorOf(versions: string): number {
  return Number(/3\.(\d+)/.exec(versions)?.[1] ?? 8);
}
