import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { buildx, docker } from './docker.mjs';
import { withoutLogin } from './without-login.mjs';

const { WEB_ADAPTER_IMAGE } = process.env;

/**
 * Makes the image of a model that is itself an image: `wishes.image`, by digest, or else built from the Dockerfile in the artifact's folder. Its runtime's Dockerfile then adds what each target needs.
 * `labels` override existing ones.
 */
export async function dockerfileImage({ images, runtime, wishes, folder, labels, tag }) {
  const base = wishes.image ? await pulled(wishes.image) : await builtOf(folder);
  const said = Object.entries(labels).flatMap(([name, value]) => ['--label', `${name}=${value}`]);
  const adapter = WEB_ADAPTER_IMAGE
    ? ['--build-arg', `WEB_ADAPTER_IMAGE=${WEB_ADAPTER_IMAGE}`]
    : [];
  const wanted = ['--build-arg', `MODEL_IMAGE=${base.reference}`, ...adapter, ...said];
  try {
    await buildx([...wanted, '--tag', images.built(tag), join('runtimes', runtime)]);
  } finally {
    await base.remove();
  }
  return images.keep(tag);
}

/** An image that the engine already has, by digest or id, need not be in a registry. */
async function pulled(image) {
  const [, digest] = image.split('@');
  const reference = await docker(['image', 'inspect', '--format', '{{.Id}}', image])
    .catch(() => docker(['image', 'inspect', '--format', '{{.Id}}', digest]))
    .catch(() => pull(image));
  return named(reference);
}

async function pull(image) {
  await docker(['pull', '--quiet', '--platform', 'linux/amd64', image]).catch((error) => {
    throw new Error(`the image that model.yaml names cannot be pulled: ${error.message}`);
  });
  return docker(['image', 'inspect', '--format', '{{.Id}}', image]);
}

async function builtOf(folder) {
  const reference = temporaryName();
  // The Dockerfile is a stranger's: a login of this host would let it begin FROM any image that the host may pull.
  await withoutLogin((env) => buildx(['--tag', reference, folder], env));
  return { reference, remove: () => docker(['image', 'rm', reference]) };
}

/** A builder only finds a local image by name. */
async function named(id) {
  const reference = temporaryName();
  await docker(['tag', id, reference]);
  return { reference, remove: () => docker(['image', 'rm', reference]) };
}

function temporaryName() {
  return `slipway-base:${randomBytes(8).toString('hex')}`;
}
