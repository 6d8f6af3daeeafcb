import { docker } from './docker.mjs';
import { modelLayer } from './model-layer.mjs';
import { digestOf, isTaken, openRepository } from './registry.mjs';

/** Of a manifest's type, that of its layers: images of Docker and of OCI are not mixed. */
const LAYERS = {
  'application/vnd.oci.image.manifest.v1+json': 'application/vnd.oci.image.layer.v1.tar+gzip',
  'application/vnd.docker.distribution.manifest.v2+json':
    'application/vnd.docker.image.rootfs.diff.tar.gzip',
};

/** Images in two repositories of one registry: of models, and of the environments that they are made of. */
export async function imagesInRegistry(models, environments) {
  const [to, from] = [await openRepository(models), await openRepository(environments)];
  const described = (bytes, labels) => describe(models, bytes, labels);
  return {
    environment: (tag) => `${environments}:${tag}`,
    hasEnvironment: async (tag) => (await from.manifest(tag)) !== undefined,
    /** {reference, digest, labels, compressedBytes} of the image that has this tag, or undefined. */
    async find(tag) {
      const found = await to.manifest(tag);
      return found && described(found, (await configOf(to, found)).config.Labels ?? {});
    },
    /** The name in the engine of an image that is built there. */
    built: (tag) => `${models}:${tag}`,
    /** Keeps one that was built under its name. Throws with `isTaken` where another build was first. */
    async keep(tag) {
      await docker(['push', '--quiet', `${models}:${tag}`]).catch((error) => {
        throw Object.assign(error, { isTaken: isTaken(error.message) });
      });
      return this.find(tag);
    },
    /** A build may not delete what is in the registry, where the same bytes are found again and fail again. */
    async discard() {},
    /** Makes the image: an environment, with the files of `folder` as its last layer. Throws with `isTaken` where another build was first. */
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

/** The manifest of the environment with one layer more; all that it names is in the models' repository then. */
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

/** What Lambda refuses is better told here. https://docs.aws.amazon.com/lambda/latest/dg/images-create.html */
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
