import { BY_CODE } from '#domain/artifact/ways-out.ts';
import { quoted, rejected } from '#formats/rejected.ts';
import {
  type DeclaredTensor,
  type ElementType,
  TYPES_BY_NAME,
} from '#formats/tensorflow/tensor-types.ts';
import { isOfKeras2, refuseOperations } from './hdf5.ts';

type Json = Readonly<Record<string, unknown>>;

// The Keras modules that define layers and their parts.
const MODULES =
  /^keras(\.src)?(\.(activations|constraints|dtype_policies|initializers|layers|models|ops|random|regularizers|utils|quantizers))*(\.\w+)*$/;
// Keras writes these where a value has no form in JSON; a lambda, which contains code, has another.
const VALUES: ReadonlySet<string> = new Set([
  '__keras_tensor__',
  '__tensor__',
  '__numpy__',
  '__bytes__',
  '__ellipsis__',
  '__slice__',
]);
// Keras layers that run code from the file, or load other files.
const OF_CODE: ReadonlySet<string> = new Set([
  'Lambda',
  '__lambda__',
  'TFSMLayer',
  'JaxLayer',
  'FlaxLayer',
  'TorchModuleWrapper',
]);
// The description of the training. Slipway's loader ignores it, but Keras uses it by default, and in models within models.
const TRAINING = 'compile_config';
const MAX_DEPTH = 200;
const MAX_OBJECTS = 500_000;

type Pending = {
  readonly value: unknown;
  readonly depth: number;
  readonly isTraining: boolean;
};

/** Refuses anything in a model's description that does not belong to Keras itself, or contains code. */
export function refuseForeignObjects(config: unknown, file: string): void {
  const pending: Pending[] = [{ value: config, depth: 0, isTraining: false }];
  for (let seen = 0, next = pending.pop(); next; next = pending.pop(), seen++) {
    const { value, depth, isTraining } = next;
    if (depth > MAX_DEPTH || seen > MAX_OBJECTS) {
      throw rejected(`${file} describes a model that is too large to be read`, RESAVE);
    }
    if (typeof value !== 'object' || value === null) continue;
    if (!Array.isArray(value)) refuseForeign(value as Json, file, isTraining);
    for (const [key, inner] of Object.entries(value)) {
      // Only the training of the whole model may refer to a function of its owner's, by its name.
      const begins = depth === 0 && key === TRAINING;
      pending.push({ value: inner, depth: depth + 1, isTraining: isTraining || begins });
    }
  }
}

function refuseForeign(object: Json, file: string, isTraining: boolean): void {
  const { class_name: name, module, registered_name: registered } = object;
  if (name === undefined) return;
  if (typeof name !== 'string') throw rejected(`${file} has a layer without a class`, RESAVE);
  if (OF_CODE.has(name)) {
    throw rejected(
      `${file} has a layer of the class ${quoted(name)}, which runs code that the file brings`,
      `Replace it by layers of Keras and save the model again, or ${BY_CODE}.`,
    );
  }
  if (VALUES.has(name) || (isTraining && isNamedFunction(object))) return;
  refuseOperations(name, file);
  refuseFiles(object, file);
  if (isTraining && isClassOfOwner(object)) return;
  const isOwn = typeof module === 'string' ? MODULES.test(module) : isOfKeras2(name);
  // Keras registers none of its own objects under another name.
  const isRegistered = typeof registered === 'string' && registered.includes('>');
  if (isOwn && !isRegistered) return;
  throw rejected(
    `${file} has an object of the class ${quoted(typeof registered === 'string' ? registered : [module, name].filter(Boolean).join('.'))}, which is not of Keras itself`,
    isTraining
      ? 'Serving needs no description of the training: save the model again after `model.compile()`, or with `include_optimizer=False`.'
      : `Make the model of layers of Keras, or ${BY_CODE}.`,
  );
}

/** A loss or a metric that its owner wrote is saved by its name; no module is imported for it. */
function isNamedFunction({ class_name: name, module, config, registered_name: registered }: Json) {
  const isNamed = typeof config === 'string' && /^\w+$/.test(config);
  const isOfNobody = module === null || module === 'builtins' || module === '__main__';
  return isOfNobody && isNamed && name === 'function' && registered !== undefined;
}

/** The same holds for an object of a class that its owner wrote in a notebook, or registered: the loading program has that class already, or Keras finds nothing. Any other module would be imported, which runs it. */
function isClassOfOwner({ module, registered_name: registered }: Json) {
  const isOfNoModule = module === null || module === '__main__';
  return isOfNoModule && typeof registered === 'string' && /^(\w+>)?\w+$/.test(registered);
}

/** Lookup layers may name a vocabulary file, which Keras would read. */
function refuseFiles({ class_name: name, config }: Json, file: string): void {
  const { vocabulary, idf_weights: weights } =
    typeof config === 'object' && config !== null ? (config as Json) : {};
  const read = [vocabulary, weights].find((each) => typeof each === 'string');
  if (read === undefined) return;
  throw rejected(
    `${file} has a layer of the class ${quoted(String(name))} that reads its words from the file ${quoted(String(read))}`,
    'Give the layer its words as a list, and save the model again.',
  );
}

const RESAVE = 'Save the model again with Keras 3 and upload the whole file.';

/** The classes of all layers, sorted. */
export function kerasLayers(config: unknown): readonly string[] {
  const layers = layersOf(config).map(({ class_name: name }) => String(name));
  return [...new Set(layers)].filter((name) => name !== 'InputLayer').sort();
}

/** The inputs of a model in the order in which Keras takes them: those of a dict by its keys, else as they are listed. */
export function kerasInputs(config: unknown, file: string): readonly DeclaredTensor[] {
  const given = layersOf(config).filter(({ class_name: name }) => name === 'InputLayer');
  const byName = new Map(given.map((layer) => [nameOf(layer), layer]));
  const { input_layers: listed } = inner(config);
  const named =
    listed === undefined ? [...byName.keys()].map((each) => [each, each]) : inputNames(listed);
  const inputs = named.map(([name = '', layer = '']) => {
    const found = byName.get(layer);
    if (!found)
      throw rejected(`${file} names the input ${quoted(layer)}, which it does not have`, RESAVE);
    return { name, ...tensorOf(inner(found), file) };
  });
  if (inputs.length > 0) return inputs;
  throw rejected(
    `${file} does not say what it takes: it has no input layer`,
    'Call the model once, or begin it with `keras.Input(shape=…)`, and save it again.',
  );
}

/** Pairs of an input's name in requests and its layer. One is `[layer, 0, 0]`; several are a list or a dict of these. */
function inputNames(listed: unknown): readonly (readonly [string, string])[] {
  if (isReference(listed)) return [[listed[0], listed[0]]];
  if (Array.isArray(listed)) {
    return listed.filter(isReference).map(([layer]) => [layer, layer] as const);
  }
  if (typeof listed !== 'object' || listed === null) return [];
  return Object.entries(listed)
    .flatMap(([key, value]) => (isReference(value) ? [[key, value[0]] as const] : []))
    .sort(([one], [other]) => (one < other ? -1 : 1));
}

function isReference(value: unknown): value is readonly [string, ...unknown[]] {
  return Array.isArray(value) && typeof value[0] === 'string';
}

function tensorOf(config: Json, file: string): Omit<DeclaredTensor, 'name'> {
  const { batch_shape: shape = config['batch_input_shape'], dtype } = config;
  const type: ElementType | undefined =
    typeof dtype === 'string' ? TYPES_BY_NAME.get(dtype) : undefined;
  if (!Array.isArray(shape) || shape.length === 0 || !shape.every(isDimension) || !type) {
    throw rejected(
      `${file} has the input ${quoted(String(config['name']))} of no shape or type that can be served`,
      RESAVE,
    );
  }
  return { type, shape: shape.map((dim) => dim ?? -1) };
}

function isDimension(dim: unknown): dim is number | null {
  return dim === null || (Number.isSafeInteger(dim) && Number(dim) >= 0);
}

function layersOf(config: unknown): readonly Json[] {
  const { layers } = inner(config);
  return Array.isArray(layers)
    ? layers.filter((each) => typeof each === 'object' && each !== null)
    : [];
}

function inner(object: unknown): Json {
  const config =
    typeof object === 'object' && object !== null && 'config' in object ? object.config : null;
  return typeof config === 'object' && config !== null ? (config as Json) : {};
}

function nameOf(layer: Json): string {
  return String(inner(layer)['name'] ?? layer['name'] ?? '');
}
