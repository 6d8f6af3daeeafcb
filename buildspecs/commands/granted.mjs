// Reads the files that Slipway granted a build, from s3:, https: or file: URLs. They let their holder read, so they are never printed.
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { objectAt } from './bucket.mjs';

/** @typedef {{ name: string, sizeBytes: number, url: string }} Part */

const ATTEMPTS = 3;

/**
 * A build's order, and the files of its artifact.
 * @param {string} url
 * @returns {Promise<{ order?: object | null, files: Part[] }>}
 */
export async function granted(url) {
  return retried('the list of files', async () => {
    // In an account, the build's own role reads it: a person who may see the build but not read the bucket gains nothing by its URL.
    const list = url.startsWith('s3:') ? objectAt(url) : await open(url);
    return JSON.parse(await text(list));
  });
}

/** @param {string} address */
export async function open(address) {
  const url = new URL(address);
  if (url.protocol === 'file:') return createReadStream(url);
  if (url.protocol !== 'https:') throw new Error(`${url.protocol} is neither https: nor file:`);
  const response = await fetch(url, { redirect: 'error' });
  if (response.ok && response.body) return Readable.fromWeb(response.body);
  await response.body?.cancel();
  const error = new Error(`${url.host} answered ${response.status}`);
  throw Object.assign(error, { isPassing: response.status >= 500 });
}

/**
 * @template Result
 * @param {string} name
 * @param {() => Promise<Result>} task
 * @returns {Promise<Result>}
 */
export async function retried(name, task) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await task();
    } catch (error) {
      // For a connection failure, fetch throws a TypeError with the reason as its cause.
      const isPassing = error.isPassing ?? (error instanceof TypeError && 'cause' in error);
      if (attempt === ATTEMPTS || !isPassing) {
        throw new Error(`${name}: ${error.cause?.message || error.message}`);
      }
      await sleep(1000 * attempt);
    }
  }
}
