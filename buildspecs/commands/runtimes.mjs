import { readFile } from 'node:fs/promises';

/** The content of `runtimes/NAME/runtime.json`. */
export async function runtimeNamed(name) {
  return JSON.parse(await readFile(`runtimes/${name}/runtime.json`, 'utf8'));
}
