import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { docker } from './docker.mjs';
import { succeeds } from './programs.mjs';

// `ARG NAME_IMAGE=IMAGE:TAG`, and the digest if it has one.
const IMAGE = /^ARG ([A-Z0-9_]+_IMAGE)=(\S+)$/gm;
const DIGEST = /@sha256:[0-9a-f]{64}$/;

/**
 * The images that a runtime's Dockerfile names, by the build arguments that override them.
 * @param {string} runtime
 */
export async function namedImages(runtime) {
  const text = await readFile(join('runtimes', runtime, 'Dockerfile'), 'utf8');
  return Object.fromEntries([...text.matchAll(IMAGE)].map(([, name, image]) => [name, image]));
}

/**
 * The name by which this engine can use an image: its own, by its digest, once it is here. Without a network it is the name without the digest, if somebody has put an image of that name into the engine.
 * Undefined where there is neither.
 * @param {string} image
 */
export async function usable(image) {
  const tag = image.replace(DIGEST, '');
  if (await succeeds(docker(['image', 'inspect', image]))) return image;
  if (await succeeds(docker(['pull', '--quiet', '--platform', 'linux/amd64', image]))) return image;
  return tag !== image && (await succeeds(docker(['image', 'inspect', tag]))) ? tag : undefined;
}

/**
 * The build arguments without which a build would not find these images of its Dockerfile. An image that is nowhere is left to the builder, which says why.
 * @param {Readonly<Record<string, string>>} images
 */
export async function imageArguments(images) {
  const given = [];
  for (const [name, image] of Object.entries(images)) {
    const found = await usable(image);
    if (found && found !== image) given.push('--build-arg', `${name}=${found}`);
  }
  return given;
}
