import { docker } from './docker.mjs';
import { layersOf } from './layer-plan.mjs';
import { modelLayer } from './model-layer.mjs';
import { digestOf, isTaken, openRepository } from './registry.mjs';
import { UNPACKED } from './unpacked.mjs';

/** @import { Image, Images, Labels, Layer } from './images-in-engine.mjs' */
/** @import { Repository } from './registry.mjs' */
/** @typedef {{ mediaType: string, digest: string, size: number }} Descriptor */
/** @typedef {{ mediaType: string, config: Descriptor, layers: Descriptor[] }} Manifest */
/** @typedef {{ created?: string, created_by?: string, comment?: string, empty_layer?: boolean }} History */
/** @typedef {{ created?: string, config: { Labels?: Labels }, rootfs: { diff_ids: string[] }, history?: History[] }} Config */
/** @typedef {{ digest: string, size: number, diffId: string }} Stored */
/** @typedef {ReadonlyMap<string, Stored>} Known */

/**
 * The layer type for each manifest type: Docker's and OCI's are not mixed in one image.
 * @type {Readonly<Record<string, string>>}
 */
const LAYERS = {
  'application/vnd.oci.image.manifest.v1+json': 'application/vnd.oci.image.layer.v1.tar+gzip',
  'application/vnd.docker.distribution.manifest.v2+json':
    'application/vnd.docker.image.rootfs.diff.tar.gzip',
};

/** Docker's `maxLayerDepth`: https://github.com/moby/moby/blob/v25.0.0/layer/layer_store.go */
const MOST_LAYERS = 125;
const AT_ONCE = 3;
/** The prefix of the key of a layer of weights, in the comment of its history. https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md#properties */
const KEYED = 'slipway: weights ';

/**
 * Images in two repositories of one registry: those of models, and those of the environments that they are based on.
 * @param {string} models
 * @param {string} environments
 * @returns {Promise<Images>}
 */
export async function imagesInRegistry(models, environments) {
  const [to, from] = [await openRepository(models), await openRepository(environments)];
  /** @type {Images} */
  const images = {
    environment: (tag) => `${environments}:${tag}`,
    hasEnvironment: async (tag) => (await from.manifest(tag)) !== undefined,
    /** {reference, digest, labels, compressedBytes, layers, uncompressedBytes} of the image with this tag, or undefined; `layers` are their sizes as they are pulled, and `uncompressedBytes` is undefined where its environment does not say its own. */
    async find(tag) {
      const found = await to.manifest(tag);
      return found && describe(models, found, (await configOf(to, found)).config.Labels ?? {});
    },
    /** The engine's name for an image built there. */
    built: (tag) => `${models}:${tag}`,
    /** Keeps an image that was built under its name. Throws with `isTaken` when another build was first. */
    async keep(tag) {
      await docker(['push', '--quiet', `${models}:${tag}`]).catch((error) => {
        throw Object.assign(error, { isTaken: isTaken(error.message) });
      });
      return images.find(tag);
    },
    /** A build may not delete from the registry; the same bytes would be found again, and fail again. */
    async discard() {},
    /**
     * Makes the image: an environment with the files of `folder` in separate layers. `hashes` has the sha256 of files by path, and `previous` is the tag of an image whose layers it may share, or null.
     * Throws with `isTaken` when another build was first.
     */
    async append({ environment, folder, labels, tag, hashes, previous }) {
      const base = await from.manifest(environment);
      if (!base) throw new Error(`the environment ${environments}:${environment} was not found`);
      const [layers, known] = await Promise.all([layersOf(folder, hashes), layersIn(to, previous)]);
      const manifest = await withModel({ to, from, base, folder, labels, layers, known });
      const bytes = Buffer.from(JSON.stringify(manifest));
      await to.putManifest(tag, bytes, manifest.mediaType);
      return images.find(tag);
    },
  };
  return images;
}

/**
 * The environment's manifest with the model's layers; everything it references is then in the models' repository.
 * @param {{ to: Repository, from: Repository, base: Buffer, folder: string, labels: Labels, layers: readonly Layer[], known: Known }} given
 */
async function withModel({ to, from, base, folder, labels, layers, known }) {
  const { mediaType, config: place, layers: own } = manifestIn(base);
  const layerType = LAYERS[mediaType];
  if (!layerType) throw new Error(`the environment is ${mediaType}, not an image`);
  if (own.length + layers.length > MOST_LAYERS) {
    throw new Error(
      `the environment has ${own.length} layers and the model ${layers.length}; an engine takes ${MOST_LAYERS}`,
    );
  }
  const [settings, added] = await Promise.all([
    configOf(from, base),
    eachOf(layers, (layer) => stored(to, known, folder, layer)),
    ...own.map(({ digest }) => to.take(digest, from.name)),
  ]);
  const config = changedConfig(settings, added, { ...labels, ...unpackedOf(settings, layers) });
  const changed = Buffer.from(JSON.stringify(config));
  await to.put([changed], () => digestOf(changed));
  const descriptors = added.map(({ digest, size }) => ({
    mediaType: layerType,
    digest,
    size,
  }));
  return {
    schemaVersion: 2,
    mediaType,
    config: { ...place, digest: digestOf(changed), size: changed.length },
    layers: [...own, ...descriptors],
  };
}

/**
 * The label with the image's unpacked size: that of its environment and the layers; left out where the environment was built before there was this label.
 * @param {Config} settings
 * @param {readonly Layer[]} layers
 * @returns {Labels}
 */
function unpackedOf({ config: { Labels } }, layers) {
  const own = Number(Labels?.[UNPACKED]);
  const sum = layers.reduce((total, { bytes }) => total + bytes, own);
  return own ? { [UNPACKED]: String(sum) } : {};
}

/**
 * {digest, size, diffId, key} of a layer that is found in the repository under its key, or else is made and stored there.
 * @param {Repository} to
 * @param {Known} known
 * @param {string} folder
 * @param {Layer} layer
 * @returns {Promise<Stored & { key: string | null }>}
 */
async function stored(to, known, folder, { paths, key }) {
  const found = key === null ? undefined : known.get(key);
  if (found && (await to.has(found.digest))) return { ...found, key };
  const layer = modelLayer(folder, paths);
  await to.put(layer.bytes, () => layer.facts().digest);
  return { ...layer.facts(), key };
}

/**
 * Stores the layers, as many at once as an engine pushes.
 * @template Result
 * @param {readonly Layer[]} layers
 * @param {(layer: Layer) => Promise<Result>} store
 */
async function eachOf(layers, store) {
  /** @type {Result[]} */
  const done = [];
  const left = layers.entries();
  const worker = async () => {
    for (const [index, layer] of left) done[index] = await store(layer);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return done;
}

/**
 * @param {Config} settings
 * @param {readonly (Stored & { key: string | null })[]} added
 * @param {Labels} labels
 */
function changedConfig({ config, rootfs, history = [], ...rest }, added, labels) {
  const diffIds = added.map(({ diffId }) => diffId);
  const made = added.map(({ key }) => ({
    created: rest.created,
    created_by: 'slipway: the model',
    ...(key && { comment: `${KEYED}${key}` }),
  }));
  return {
    ...rest,
    config: { ...config, Labels: { ...config.Labels, ...labels } },
    rootfs: { ...rootfs, diff_ids: [...rootfs.diff_ids, ...diffIds] },
    history: [...history, ...made],
  };
}

/**
 * {digest, size, diffId} of the layers of weights in an image, by their keys; empty where there is no such image.
 * @param {Repository} repository
 * @param {string | null} tag
 * @returns {Promise<Known>}
 */
async function layersIn(repository, tag) {
  const manifest = tag && (await repository.manifest(tag));
  if (!manifest) return new Map();
  const { history = [], rootfs } = await configOf(repository, manifest);
  const filled = history.filter((entry) => !entry.empty_layer);
  const { layers } = manifestIn(manifest);
  if (filled.length !== layers.length) return new Map();
  return new Map(
    layers.flatMap(({ digest, size }, index) => {
      const { comment = '' } = filled[index] ?? {};
      const key = comment.startsWith(KEYED) && comment.slice(KEYED.length);
      const diffId = rootfs.diff_ids[index] ?? '';
      return key ? [[key, { digest, size, diffId }]] : [];
    }),
  );
}

/**
 * @param {Repository} repository
 * @param {Buffer} manifest
 * @returns {Promise<Config>}
 */
async function configOf(repository, manifest) {
  return JSON.parse((await repository.blob(manifestIn(manifest).config.digest)).toString());
}

/**
 * @param {Buffer} bytes
 * @returns {Manifest}
 */
function manifestIn(bytes) {
  return JSON.parse(bytes.toString());
}

/**
 * Describes the image, and reports here a limit for which Lambda would refuse it later. https://docs.aws.amazon.com/lambda/latest/dg/images-create.html
 * @param {string} repository
 * @param {Buffer} bytes
 * @param {Labels} labels
 * @returns {Image}
 */
function describe(repository, bytes, labels) {
  const { mediaType, config, layers } = manifestIn(bytes);
  const other = layers?.find((layer) => !/[.+]gzip$/.test(layer.mediaType));
  if (!layers || other) {
    const found = other ? `a layer of ${other.mediaType}` : mediaType;
    throw new Error(`the image is ${found}; Lambda takes one platform with gzip layers`);
  }
  const compressedBytes = [config, ...layers].reduce((sum, { size }) => sum + size, 0);
  const digest = digestOf(bytes);
  const uncompressedBytes = Number(labels[UNPACKED]) || undefined;
  return {
    reference: `${repository}@${digest}`,
    digest,
    labels,
    compressedBytes,
    layers: layers.map(({ size }) => size),
    uncompressedBytes,
  };
}
