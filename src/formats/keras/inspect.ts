import type { ModelFacts } from '#domain/artifact/facts.ts';
import { zipFiles } from '#formats/archives/zip-read.ts';
import type { ArtifactFile } from '#formats/bytes/artifact-file.ts';
import { readText } from '#formats/bytes/text-file.ts';
import type { ReadFile } from '#formats/reader.ts';
import { rejected } from '#formats/rejected.ts';
import { BY_OPENVINO, openvinoMemory } from '#formats/tensorflow/served.ts';
import { elementsOf, inputsOf } from '#formats/tensorflow/tensor-types.ts';
import type { ByteSource } from '#ports/artifact-store.ts';
import { kerasInputs, kerasLayers, refuseForeignObjects } from './config.ts';
import { hdf5Model, isHdf5 } from './hdf5.ts';
import { kerasPrints } from './weights.ts';

export const read: ReadFile = inspectKeras;

/** The facts in a Keras model beyond those of all models: the classes of its layers, sorted. */
export type KerasFacts = ModelFacts & {
  readonly format: 'keras';
  readonly layers: readonly string[];
};

// This version reads the files of all versions of Keras 3, and has every fix; its OpenVINO backend needs scipy without declaring it.
const READER: readonly string[] = ['keras==3.15.0', 'scipy>=1.14,<2'];
// Measured with networks of a few layers: 191 to 199 MiB in all.
const KERAS_BYTES = 96 * 2 ** 20;
const MAX_MEMBERS = 1000;
const MAX_BYTES = 64 * 2 ** 30;
const MAX_CONFIG_BYTES = 16 * 2 ** 20;
const HDF5_SIGN = '894844460d0a1a0a';
const RESAVE =
  'Save the model with `model.save("model.keras")` in Keras 3 and upload the whole file.';

/**
 * Reads the facts of a model that Keras saved, in a zip or in HDF5: its layers and inputs, and prints of its weights. The build finds out the outputs.
 * Anything that does not belong to Keras itself, or contains code, is refused. Fails with `ArtifactRejected`.
 */
export async function inspectKeras(source: ByteSource, file: string): Promise<KerasFacts> {
  const head = Buffer.from(await source.read(0, 8)).toString('hex');
  if (head === HDF5_SIGN && !isHdf5(file)) {
    throw rejected(`${file} is an HDF5 file by another name`, 'Upload it as `model.h5`.');
  }
  const { config, version, weightBytes, open } = isHdf5(file)
    ? await inHdf5(source, file)
    : await zipped(source, file);
  refuseForeignObjects(config, file);
  const inputs = kerasInputs(config, file);
  const prints = await kerasPrints(await open(), file);
  const rowBytes = inputs.reduce(
    (sum, { shape, type }) => sum + (elementsOf(shape ?? []) * type.bits) / 8,
    0,
  );
  return {
    format: 'keras',
    formatVersion: /^[\w.+-]{1,40}$/.test(version) ? `Keras ${version}` : '',
    ...BY_OPENVINO,
    requirements: [...READER, ...BY_OPENVINO.requirements],
    signature: inputsOf(file, inputs),
    parameters: null,
    weightBytes,
    dtypes: [...new Set(inputs.map(({ type }) => type.name))].sort(),
    ...(prints && { weights: prints }),
    memory: [
      ...openvinoMemory({ weightBytes, activationBytes: rowBytes, graphBytes: 0 }),
      { name: 'Keras and its imports', bytes: KERAS_BYTES },
    ],
    layers: kerasLayers(config),
  };
}

/** A model's description by Keras, and the size of its weights. */
type Described = {
  readonly config: unknown;
  readonly version: string;
  readonly weightBytes: number;
  /** Opens the HDF5 file with the weights. */
  readonly open: () => Promise<ByteSource>;
};

async function zipped(source: ByteSource, file: string): Promise<Described> {
  const members = await zipFiles(source, file, { maxBytes: MAX_BYTES, maxEntries: MAX_MEMBERS });
  const config = jsonOf(await member(members, 'config.json', file), file);
  const metadata = jsonOf(await member(members, 'metadata.json', file), file);
  const weights = members.find(({ name }) => name === 'model.weights.h5');
  if (!weights) throw rejected(`${file} has no weights (model.weights.h5)`, RESAVE);
  return {
    config,
    version: versionOf(metadata),
    weightBytes: weights.sizeBytes,
    open: weights.open,
  };
}

async function inHdf5(source: ByteSource, file: string): Promise<Described> {
  const { config, version } = await hdf5Model(source, file);
  return {
    config: jsonOf(config, file),
    version,
    weightBytes: source.sizeBytes,
    open: async () => source,
  };
}

async function member(
  members: readonly ArtifactFile[],
  name: string,
  file: string,
): Promise<string> {
  const found = members.find((each) => each.name === name);
  if (!found) throw rejected(`${file} is no Keras model: it has no ${name}`, RESAVE);
  return readText({ ...found, name: `${name} in ${file}` }, MAX_CONFIG_BYTES);
}

function jsonOf(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw rejected(`${file} describes its model in what is no JSON`, RESAVE);
  }
}

function versionOf(metadata: unknown): string {
  return typeof metadata === 'object' && metadata !== null && 'keras_version' in metadata
    ? String(metadata.keras_version)
    : '';
}
