import type { SentenceModule } from '#domain/artifact/facts.ts';
import { BY_CODE } from '#domain/artifact/ways-out.ts';
import { within } from '#formats/archives/folder.ts';
import type { ArtifactFile } from '#formats/bytes/artifact-file.ts';
import type { FittedTensor } from '#formats/bytes/tensor-prints.ts';
import { listed, quoted, rejected } from '#formats/rejected.ts';
import { readState } from '#formats/torch/state.ts';
import { countOf, fileIn, isObject, type Json, jsonIn, objectIn, textOf } from './json-file.ts';
import { readSafetensors } from './safetensors.ts';

/** A module as modules.json lists it: the name of its class, and its folder within the model's. */
export type Listed = { readonly kind: string; readonly path: string };

/**
 * The modules that process a pooled vector. `width` is the length of the final vector, null where the modules do not record it;
 * the rest are the totals of their weights.
 */
export type Head = {
  readonly modules: readonly SentenceModule[];
  readonly normalizes: boolean;
  readonly width: number | null;
  readonly parameters: number;
  readonly weightBytes: number;
  /** Empty where a module is a pickle. */
  readonly fitted: readonly FittedTensor[];
};

type Files = readonly ArtifactFile[];
/** The description of one module: `takes` is the length of its input, null where any length is accepted. */
type Part = Omit<Head, 'modules' | 'normalizes'> & {
  readonly takes: number | null;
  readonly module?: SentenceModule;
};
type State = Pick<Head, 'parameters' | 'weightBytes' | 'fitted'> & {
  readonly names: ReadonlySet<string>;
};

/** The modules of torch that may stand at the end of a Dense: runtimes/python/slipway_server/frameworks/pooling.py. */
const ACTIVATIONS: readonly string[] = [
  'Identity',
  'Tanh',
  'ReLU',
  'GELU',
  'SiLU',
  'Sigmoid',
  'LeakyReLU',
  'ELU',
  'SELU',
  'Mish',
  'Softplus',
];
const AFTER_POOLING: readonly string[] = ['Dense', 'LayerNorm', 'Dropout', 'Normalize'];
const VECTOR = 'sentence_embedding';
const NO_WEIGHTS = { takes: null, width: null, parameters: 0, weightBytes: 0, fitted: [] };
const RESAVE =
  'Save the model again with sentence-transformers: `SentenceTransformer(FOLDER).save(FOLDER)`, and upload the whole folder.';

/** Reads the list in modules.json. Fails with `ArtifactRejected` where it names the author's own code. */
export async function listedModules(
  files: Files,
  root: string,
): Promise<readonly Listed[] | undefined> {
  const listed = await jsonIn(files, root, 'modules.json');
  if (listed === undefined) return undefined;
  const name = within(root, 'modules.json');
  if (!Array.isArray(listed)) throw rejected(`${name} is not a list of modules`, RESAVE);
  return listed.map((each) => {
    const type = isObject(each) ? textOf(each['type']) : null;
    const path = isObject(each) && typeof each['path'] === 'string' ? each['path'] : '';
    if (type === null || /(^|\/)\.\.(\/|$)|^\//.test(path)) {
      throw rejected(`${name} has a module without a type, or outside its folder`, RESAVE);
    }
    if (!type.startsWith('sentence_transformers.')) {
      throw rejected(
        `${name} names the module ${quoted(type)}: it is code of its author's own (\`trust_remote_code\`), which is never run unasked`,
        `If you trust that code, ${BY_CODE}; it then runs as your own, behind the same walls as any model.`,
      );
    }
    return { kind: type.slice(type.lastIndexOf('.') + 1), path };
  });
}

/** Whether a module can process a pooled vector. */
export function isAfterPooling({ kind }: Listed): boolean {
  return AFTER_POOLING.includes(kind);
}

/** The modules after the pooling, and their weights; `pooledWidth` is null where the pooling does not record it. Fails with `ArtifactRejected` where they contradict their description, or do not fit. */
export async function headIn(
  files: Files,
  root: string,
  {
    listed,
    pooledWidth,
  }: { readonly listed: readonly Listed[]; readonly pooledWidth: number | null },
): Promise<Head> {
  const parts: Part[] = [];
  let given = pooledWidth;
  for (const each of listed) {
    const folder = within(root, each.path);
    const part = await partOf(files, folder, each);
    if (part.takes !== null && given !== null && part.takes !== given) {
      throw rejected(
        `the ${each.kind} in ${folder} takes ${part.takes} numbers, but what comes before it answers ${given}`,
        RESAVE,
      );
    }
    given = part.width ?? given;
    parts.push(part);
  }
  const modules = parts.flatMap(({ module }) => module ?? []);
  const normalizes = modules.at(-1)?.kind === 'Normalize';
  return {
    modules: normalizes ? modules.slice(0, -1) : modules,
    normalizes,
    width: parts.findLast(({ width }) => width !== null)?.width ?? null,
    parameters: parts.reduce((sum, { parameters }) => sum + parameters, 0),
    weightBytes: parts.reduce((sum, { weightBytes }) => sum + weightBytes, 0),
    fitted: parts.flatMap(({ fitted }) => fitted),
  };
}

async function partOf(files: Files, folder: string, { kind, path }: Listed): Promise<Part> {
  const config = (await objectIn(files, folder, 'config.json')) ?? {};
  refuseOthers(config, within(folder, 'config.json'));
  if (kind === 'Dense') return denseIn(files, folder, { config, path });
  if (kind === 'Normalize') return { ...NO_WEIGHTS, module: { kind } };
  // Dropout does nothing when a model answers.
  if (kind !== 'LayerNorm') return NO_WEIGHTS;
  const width = countOf(config['dimension']);
  const weights = await stateIn(files, folder);
  hold(weights, folder, ['norm.weight', 'norm.bias'], 2 * (width ?? 0));
  return { ...weights, takes: width, width, module: { kind, path } };
}

/** Rejects a module with an input other than the vector of a text, or with another output. */
function refuseOthers(config: Json, name: string): void {
  const key = ['module_input_name', 'module_output_name'].find(
    (each) => (config[each] ?? VECTOR) !== VECTOR,
  );
  if (key === undefined) return;
  throw rejected(
    `${name} has the ${key} ${quoted(String(config[key]))}; this version has modules over the vector of a text alone, ${VECTOR}`,
    `Serve it by code of your own: ${BY_CODE}.`,
  );
}

type Dense = { readonly config: Json; readonly path: string };

async function denseIn(files: Files, folder: string, { config, path }: Dense): Promise<Part> {
  const [inputs, width] = [countOf(config['in_features']), countOf(config['out_features'])];
  if (inputs === null || width === null) {
    throw rejected(`${within(folder, 'config.json')} has no in_features and out_features`, RESAVE);
  }
  const isResidual = config['use_residual'] === true;
  const weights = await stateIn(files, folder);
  const biased = config['bias'] !== false;
  const isWidened = isResidual && inputs !== width;
  const names = [
    'linear.weight',
    ...(biased ? ['linear.bias'] : []),
    ...(isWidened ? ['residual.weight'] : []),
  ];
  hold(weights, folder, names, inputs * width * (isWidened ? 2 : 1) + (biased ? width : 0));
  const activation = activationOf(config, within(folder, 'config.json'));
  return {
    ...weights,
    takes: inputs,
    width,
    module: { kind: 'Dense', path, activation, ...(isResidual && { isResidual }) },
  };
}

/** The activation function that its class names; sentence-transformers uses tanh where none is named. */
function activationOf(config: Json, name: string): string {
  const said = config['activation_function'] ?? 'torch.nn.modules.activation.Tanh';
  const [, kind = ''] = /^torch\.nn\.(?:modules\.\w+\.)?(\w+)$/.exec(String(said)) ?? [];
  if (ACTIVATIONS.includes(kind)) return kind;
  throw rejected(
    `${name} has the activation_function ${quoted(String(said))}; this version has ${ACTIVATIONS.join(', ')}, of torch.nn`,
    `Serve it by code of your own: ${BY_CODE}.`,
  );
}

async function stateIn(files: Files, folder: string): Promise<State> {
  const tensors = fileIn(files, folder, 'model.safetensors');
  if (tensors) {
    const read = await readSafetensors(await tensors.open(), tensors.name);
    const { names, parameters, bytes } = read;
    return { names, parameters, weightBytes: bytes, fitted: namedIn(folder, read.fitted) };
  }
  const pickled = fileIn(files, folder, 'pytorch_model.bin');
  if (pickled) {
    const { fitted, ...read } = await readState(await pickled.open(), pickled.name, RESAVE);
    return { ...read, fitted: namedIn(folder, fitted) };
  }
  throw rejected(`${folder} has no model.safetensors and no pytorch_model.bin`, RESAVE);
}

/** The tensors of a module, by the name of its folder too: each module has a `linear.weight`. */
function namedIn(folder: string, fitted: readonly FittedTensor[]): readonly FittedTensor[] {
  return fitted.map((each) => ({ ...each, name: `${folder}/${each.name}` }));
}

function hold(
  { names, parameters }: State,
  folder: string,
  wanted: readonly string[],
  count: number,
): void {
  if (names.size === wanted.length && wanted.every((name) => names.has(name))) {
    if (parameters === count) return;
    throw rejected(
      `the weights in ${folder} are ${parameters} numbers; its config.json asks for ${count}`,
      RESAVE,
    );
  }
  throw rejected(
    `${folder} has the weights ${listed([...names])}; its config.json asks for ${wanted.join(', ')}`,
    RESAVE,
  );
}
