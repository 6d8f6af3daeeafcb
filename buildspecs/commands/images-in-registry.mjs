import { docker } from './docker.mjs';
import { modelLayer } from './model-layer.mjs';
import { digestOf, isTaken, openRepository } from './registry.mjs';

/** The layer type for each manifest type: Docker's and OCI's are not mixed in one image. */
const LAYERS = {
  'application/vnd.oci.image.manifest.v1+json': 'application/vnd.oci.image.layer.v1.tar+gzip',
  'application/vnd.docker.distribution.manifest.v2+json':
    'application/vnd.docker.image.rootfs.diff.tar.gzip',
};

/** Images in two repositories of one registry: those of models, and those of the environments that they are based on. */
export async function imagesInRegistry(models, environments) {
  const [to, from] = [await openRepository(models), await openRepository(environments)];
  const described = (bytes, labels) => describe(models, bytes, labels);
  return {
    environment: (tag) => `${environments}:${tag}`,
    hasEnvironment: async (tag) => (await from.manifest(tag)) !== undefined,
    /** {reference, digest, labels, compressedBytes} of the image with this tag, or undefined. */
    async find(tag) {
      const found = await to.manifest(tag);
      return found && described(found, (await configOf(to, found)).config.Labels ?? {});
    },
    /** The engine's name for an image built there. */
    built: (tag) => `${models}:${tag}`,
    /** Keeps an image that was built under its name. Throws with `isTaken` when another build was first. */
    async keep(tag) {
      await docker(['push', '--quiet', `${models}:${tag}`]).catch((error) => {
        throw Object.assign(error, { isTaken: isTaken(error.message) });
      });
      return this.find(tag);
    },
    /** A build may not delete from the registry; the same bytes would be found again, and fail again. */
    async discard() {},
    /** Makes the image: an environment with the files of `folder` as its last layer. Throws with `isTaken` when another build was first. */
    async append({ environment, folder, labels, tag }) {
      const base = await from.manifest(environment);
      if (!base) throw new Error(`the environment ${environments}:${environment} was not found`);
      const manifest = await withModel({ to, from, base, folder, labels });
      const bytes = Buffer.from(JSON.stringify(manifest));
      await to.putManifest(tag, bytes, manifest.mediaType);
      return described(bytes, labels);
    },
  };
}

/** The environment's manifest with an additional layer; everything it references is then in the models' repository. */
async function withModel({ to, from, base, folder, labels }) {
  const { mediaType, config, layers } = JSON.parse(base);
  if (!LAYERS[mediaType]) throw new Error(`the environment is ${mediaType}, not an image`);
  const layer = modelLayer(folder);
  const [settings] = await Promise.all([
    configOf(from, base),
    to.put(layer.bytes, () => layer.facts().digest),
    ...layers.map(({ digest }) => to.take(digest, from.name)),
  ]);
  const { digest, size, diffId } = layer.facts();
  const changed = Buffer.from(JSON.stringify(changedConfig(settings, diffId, labels)));
  await to.put([changed], () => digestOf(changed));
  return {
    schemaVersion: 2,
    mediaType,
    config: { ...config, digest: digestOf(changed), size: changed.length },
    layers: [...layers, { mediaType: LAYERS[mediaType], digest, size }],
  };
}

function changedConfig({ config, rootfs, history = [], ...rest }, diffId, labels) {
  return {
    ...rest,
    config: { ...config, Labels: { ...config.Labels, ...labels } },
    rootfs: { ...rootfs, diff_ids: [...rootfs.diff_ids, diffId] },
    history: [...history, { created: rest.created, created_by: 'slipway: the model' }],
  };
}

async function configOf(repository, manifest) {
  return JSON.parse(await repository.blob(JSON.parse(manifest).config.digest));
}

/** Reports here what Lambda would refuse later. https://docs.aws.amazon.com/lambda/latest/dg/images-create.html */
function describe(repository, bytes, labels) {
  const { mediaType, config, layers } = JSON.parse(bytes);
  const other = layers?.find((layer) => !/[.+]gzip$/.test(layer.mediaType));
  if (!layers || other) {
    const found = other ? `a layer of ${other.mediaType}` : mediaType;
    throw new Error(`the image is ${found}; Lambda takes one platform with gzip layers`);
  }
  const compressedBytes = [config, ...layers].reduce((sum, { size }) => sum + size, 0);
  const digest = digestOf(bytes);
  return { reference: `${repository}@${digest}`, digest, labels, compressedBytes };
}
