import { readFile } from 'node:fs/promises';

/** @import { Runtime } from '../../src/domain/build/runtime.ts' */

/**
 * The content of `runtimes/NAME/runtime.json`.
 * @param {string} name
 * @returns {Promise<Runtime>}
 */
export async function runtimeNamed(name) {
  return JSON.parse(await readFile(`runtimes/${name}/runtime.json`, 'utf8'));
}
