import { docker } from './docker.mjs';

/** The label of an image in a registry that says its unpacked size in bytes, which no registry knows. */
export const UNPACKED = 'slipway.unpacked-bytes';

/**
 * The same of an image in the engine.
 * @param {string} image
 */
export async function unpackedBytes(image) {
  const sizes = await docker(['history', '--human=false', '--format', '{{.Size}}', image]);
  return sizes.split('\n').reduce((sum, size) => sum + Number(size), 0);
}
