import { createHash } from 'node:crypto';
import { docker, LABELLED } from './docker.mjs';
import { layersOf } from './layer-plan.mjs';
import { archiveOf } from './model-layer.mjs';

/** @import { Hashes } from './layer-plan.mjs' */
/** @typedef {Awaited<ReturnType<typeof layersOf>>[number]} Layer */
/** @typedef {Readonly<Record<string, string>>} Labels */
/** @typedef {{ environment: string, folder: string, labels: Labels, tag: string, hashes: Hashes, previous: string | null }} Appended */
/** @typedef {{ Id: string, Config: { Labels: Labels | null } }} Inspected */
/** @typedef {{ reference: string, digest: string, labels: Labels, compressedBytes?: number, layers?: number[], uncompressedBytes?: number | undefined }} Image */

/**
 * Where the images of models are: this machine's engine, or a registry.
 * @typedef {{
 *   environment(tag: string): string,
 *   hasEnvironment(tag: string): Promise<boolean>,
 *   find(tag: string): Promise<Image | undefined>,
 *   built(tag: string): string,
 *   keep(tag: string): Promise<Image | undefined>,
 *   discard(tag: string): Promise<unknown>,
 *   append(given: Appended): Promise<Image | undefined>,
 * }} Images
 */

/** Labels: the one that names the weights on an image of weights, and the one on an image made from it. */
const WEIGHTS = 'slipway.weights';
const ARTIFACT = 'slipway.artifact-sha256';

/**
 * The name of an environment's image in the engine.
 * @param {string} tag
 */
export const environmentInEngine = (tag) => `slipway-environment:${tag}`;

/**
 * Images in one machine's Docker engine, used without a registry.
 * @returns {Images}
 */
export function imagesInEngine() {
  return {
    environment: environmentInEngine,
    hasEnvironment: async (tag) => (await look(environmentInEngine(tag))) !== undefined,
    /** {reference, digest, labels} of the image with this tag, or undefined. */
    find: (tag) => look(nameOf(tag)),
    /** The engine's name for an image built there. */
    built: nameOf,
    /** Keeps an image that was built under its name. */
    keep: (tag) => look(nameOf(tag)),
    /** Deletes an image that nobody will start. */
    discard: (tag) => docker(['image', 'rm', nameOf(tag)]),
    /**
     * Makes the image: an environment with the files of `folder`, whose weights are a separate layer.
     * Where an image here has a layer with the same files, by their sha256 in `hashes`, the layer is not made again.
     */
    async append({ environment, folder, labels, tag, hashes }) {
      const layers = await layersOf(folder, hashes);
      const rest = layers.at(-1)?.paths ?? [];
      const { image, isNew } = await withWeights(environment, folder, layers.slice(0, -1));
      try {
        await committed(image, folder, rest, labels, [nameOf(tag)]);
      } catch (error) {
        if (isNew) await docker(['image', 'rm', image]).catch(() => undefined);
        throw error;
      }
      return look(nameOf(tag));
    },
  };
}

/**
 * An image of the environment and the weights; without a name, it goes with the last image that is made of it.
 * @param {string} environment
 * @param {string} folder
 * @param {readonly Layer[]} layers
 */
async function withWeights(environment, folder, layers) {
  const base = environmentInEngine(environment);
  if (layers.length === 0) return { image: base, isNew: false };
  const keys = layers.map(({ key }) => key);
  const key = keys.includes(null) ? '' : keyOf([environment, ...keys]);
  const known = key && (await findWeights(key));
  if (known) return { image: known, isNew: false };
  const paths = [...new Set(layers.flatMap((layer) => layer.paths))];
  return { image: await committed(base, folder, paths, { [WEIGHTS]: key }, []), isNew: true };
}

/**
 * Images made from it have its label too, but also name their artifact.
 * @param {string} key
 * @returns {Promise<string | undefined>}
 */
async function findWeights(key) {
  const all = ['--all', '--quiet', '--no-trunc', '--filter', `label=${WEIGHTS}=${key}`];
  const ids = (await docker(['image', 'ls', ...all])).split('\n').filter(Boolean);
  if (ids.length === 0) return undefined;
  /** @type {Inspected[]} */
  const found = JSON.parse(await docker(['image', 'inspect', ...new Set(ids)]));
  return found.find(({ Config }) => !Config.Labels?.[ARTIFACT])?.Id;
}

/**
 * The id of an image with these paths of `folder` as its last layer.
 * @param {string} image
 * @param {string} folder
 * @param {readonly string[]} paths
 * @param {Labels} labels
 * @param {readonly string[]} name
 */
async function committed(image, folder, paths, labels, name) {
  const container = await docker(['create', ...LABELLED, image]);
  const changes = Object.entries(labels).map(([label, value]) => `LABEL ${label}="${value}"`);
  try {
    await docker(['cp', '-', `${container}:/`], archiveOf(folder, paths));
    const said = changes.flatMap((change) => ['--change', change]);
    return await docker(['commit', ...said, container, ...name]);
  } finally {
    await docker(['rm', '--force', '--volumes', container]);
  }
}

/** @param {readonly (string | null)[]} parts */
function keyOf(parts) {
  return createHash('sha256').update(parts.join(' ')).digest('hex');
}

/** @param {string} tag */
function nameOf(tag) {
  return `slipway/${tag}`;
}

/**
 * @param {string} reference
 * @returns {Promise<Image | undefined>}
 */
async function look(reference) {
  const found = await docker(['image', 'inspect', reference]).catch(() => '[]');
  /** @type {Inspected[]} */
  const [image] = JSON.parse(found);
  return image && { reference: image.Id, digest: image.Id, labels: image.Config.Labels ?? {} };
}
