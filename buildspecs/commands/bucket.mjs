// Reads and writes objects of a bucket by the role of a build. Their URLs have a secret, so they are never printed.
import { chunksOf, ran } from './programs.mjs';

/** @import { Input } from './programs.mjs' */

const COPY = ['s3', 'cp', '--only-show-errors'];

/**
 * The bytes of an object, as chunks. Fails after the last one if some are missing.
 * @param {string} url
 */
export async function* objectAt(url) {
  try {
    yield* chunksOf('aws', [...COPY, url, '-']);
  } catch (error) {
    throw withoutUrl(error, url);
  }
}

/**
 * Writes an object from a text or chunks, of about `bytes`.
 * @param {string} url
 * @param {Input} content
 * @param {number} bytes
 */
export async function putObject(url, content, bytes) {
  // The CLI chooses the size of parts by this, since S3 limits the number of an object's parts.
  const command = [...COPY, '--expected-size', String(bytes), '-', url];
  await ran('aws', command, content).catch((error) => {
    throw withoutUrl(error, url);
  });
}

/**
 * @param {Error & { exitCode?: number }} error
 * @param {string} url
 */
function withoutUrl(error, url) {
  const message = error.message.replaceAll(url, 'it');
  return Object.assign(new Error(message), { exitCode: error.exitCode, isPassing: true });
}
