import { createHash } from 'node:crypto';
import { docker, LABELLED } from './docker.mjs';
import { layersOf } from './layer-plan.mjs';
import { archiveOf } from './model-layer.mjs';

/** Labels: the one that names the weights on an image of weights, and the one on an image made from it. */
const WEIGHTS = 'slipway.weights';
const ARTIFACT = 'slipway.artifact-sha256';

/** The name of an environment's image in the engine. */
export const environmentInEngine = (tag) => `slipway-environment:${tag}`;

/** Images in one machine's Docker engine, used without a registry. */
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

/** An image of the environment and the weights; without a name, it goes with the last image that is made of it. */
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

/** Images made from it have its label too, but also name their artifact. */
async function findWeights(key) {
  const all = ['--all', '--quiet', '--no-trunc', '--filter', `label=${WEIGHTS}=${key}`];
  const ids = (await docker(['image', 'ls', ...all])).split('\n').filter(Boolean);
  if (ids.length === 0) return undefined;
  const found = JSON.parse(await docker(['image', 'inspect', ...new Set(ids)]));
  return found.find(({ Config }) => !Config.Labels[ARTIFACT])?.Id;
}

/** The id of an image with these paths of `folder` as its last layer. */
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

function keyOf(parts) {
  return createHash('sha256').update(parts.join(' ')).digest('hex');
}

function nameOf(tag) {
  return `slipway/${tag}`;
}

async function look(reference) {
  const found = await docker(['image', 'inspect', reference]).catch(() => '[]');
  const [image] = JSON.parse(found);
  return image && { reference: image.Id, digest: image.Id, labels: image.Config.Labels ?? {} };
}
