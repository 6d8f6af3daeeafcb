import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { buildx, docker } from './docker.mjs';
import { imageArguments, namedImages } from './pinned-images.mjs';
import { withoutLogin } from './without-login.mjs';

/** @import { BuildOrder } from '../../src/domain/build/order.ts' */
/** @import { Image, Images, Labels } from './images-in-engine.mjs' */

const { WEB_ADAPTER_IMAGE = '' } = process.env;

/**
 * Makes the image of a model that is itself an image: `wishes.image`, by digest, or one built from the Dockerfile in the artifact's folder. Its runtime's Dockerfile then adds the parts that each target needs.
 * `labels` override existing ones.
 * @param {Pick<BuildOrder, 'runtime' | 'wishes'> & { images: Images, folder: string, labels: Labels, tag: string }} given
 * @returns {Promise<Image | undefined>}
 */
export async function dockerfileImage({ images, runtime, wishes, folder, labels, tag }) {
  /** @type {[string, Awaited<ReturnType<typeof named>>][]} */
  const parts = [];
  try {
    if (WEB_ADAPTER_IMAGE) parts.push(['WEB_ADAPTER_IMAGE', await adapter()]);
    parts.push(['MODEL_IMAGE', await (wishes.image ? pulled(wishes.image) : builtOf(folder))]);
    const given = parts.flatMap(([name, { reference }]) => ['--build-arg', `${name}=${reference}`]);
    const said = Object.entries(labels).flatMap(([name, value]) => ['--label', `${name}=${value}`]);
    const adapters = WEB_ADAPTER_IMAGE ? [] : await imageArguments(await namedImages(runtime));
    const options = [...adapters, ...given, ...said, '--tag', images.built(tag)];
    const build = [...options, join('runtimes', runtime)];
    // An image may contain instructions for images that are built on it (ONBUILD): they may copy from any image that can be pulled.
    // https://docs.docker.com/reference/dockerfile/#onbuild
    await withoutLogin((env) => buildx(build, env));
  } finally {
    for (const [, { remove }] of parts) await remove();
  }
  return images.keep(tag);
}

/** The registry's current image where the registry answers, else the engine's. */
async function adapter() {
  const pull = ['pull', '--quiet', '--platform', 'linux/amd64', WEB_ADAPTER_IMAGE];
  const why = await docker(pull).then(
    () => undefined,
    (error) => error,
  );
  const id = await docker(['image', 'inspect', '--format', '{{.Id}}', WEB_ADAPTER_IMAGE]).catch(
    (error) => {
      throw new Error(`the web adapter cannot be pulled: ${(why ?? error).message}`);
    },
  );
  return named(id);
}

/**
 * An image that the engine already has, by digest or id, need not be in a registry.
 * @param {string} image
 */
async function pulled(image) {
  const [, digest = ''] = image.split('@');
  const reference = await docker(['image', 'inspect', '--format', '{{.Id}}', image])
    .catch(() => docker(['image', 'inspect', '--format', '{{.Id}}', digest]))
    .catch(() => pull(image));
  return named(reference);
}

/** @param {string} image */
async function pull(image) {
  await docker(['pull', '--quiet', '--platform', 'linux/amd64', image]).catch((error) => {
    throw new Error(`the image that model.yaml names cannot be pulled: ${error.message}`);
  });
  return docker(['image', 'inspect', '--format', '{{.Id}}', image]);
}

/** @param {string} folder */
async function builtOf(folder) {
  const reference = temporaryName();
  // The Dockerfile is a stranger's: a login of this host would let it begin FROM any image that the host may pull.
  await withoutLogin((env) => buildx(['--tag', reference, folder], env));
  return { reference, remove: () => docker(['image', 'rm', reference]) };
}

/**
 * A builder only finds a local image by name.
 * @param {string} id
 */
async function named(id) {
  const reference = temporaryName();
  await docker(['tag', id, reference]);
  return { reference, remove: () => docker(['image', 'rm', reference]) };
}

function temporaryName() {
  return `slipway-base:${randomBytes(8).toString('hex')}`;
}
