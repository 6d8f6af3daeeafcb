// The image of a Dockerfile on its way from the build that made it, which has no login to a registry, to the build that pushes it.
import { text } from 'node:stream/consumers';
import { objectAt, putObject } from './bucket.mjs';
import { docker } from './docker.mjs';
import { retried } from './granted.mjs';
import { chunksOf } from './programs.mjs';
import { unpackedBytes } from './unpacked.mjs';

/** @import { SmokeTest } from '../../src/domain/build/image.ts' */

/** The platform that Lambda and the hosts of containers run. */
const PLATFORM = 'linux/amd64';

/**
 * Leaves an image of the engine, and after it the result of its smoke test, at `place`, the URL of an object without its ending.
 * @param {string} place
 * @param {string} image
 * @param {SmokeTest | null} smoke
 */
export async function leaveImage(place, image, smoke) {
  const bytes = await unpackedBytes(image);
  await retried('leaving the image', () =>
    putObject(`${place}.tar`, chunksOf('docker', ['save', image]), bytes),
  );
  const test = JSON.stringify({ smoke });
  await retried('leaving its test', () => putObject(`${place}.json`, test, test.length));
}

/**
 * Has the engine load the image that was left at `place`, without starting it, and returns its {smoke, uncompressedBytes}.
 * `image` is the name by which it was left, and `sha256` that of the artifact from which it must have been made.
 * @param {string} place
 * @param {string} image
 * @param {string} sha256
 */
export async function takeImage(place, image, sha256) {
  /** @type {{ smoke: SmokeTest | null }} */
  const { smoke } = JSON.parse(
    await retried('the test of the image', () => text(objectAt(`${place}.json`))),
  );
  await retried('the image', () => docker(['load', '--quiet'], objectAt(`${place}.tar`)));
  const [found] = JSON.parse(await docker(['image', 'inspect', image]));
  const platform = `${found.Os}/${found.Architecture}`;
  if (platform !== PLATFORM) throw new Error(`the image is of ${platform}, not ${PLATFORM}`);
  const made = found.Config.Labels?.['slipway.artifact-sha256'];
  if (made !== sha256) throw new Error(`the image is of another artifact, ${made}, not ${sha256}`);
  return { smoke, uncompressedBytes: await unpackedBytes(image) };
}
