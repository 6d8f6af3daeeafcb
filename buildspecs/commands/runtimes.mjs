import { readFile } from 'node:fs/promises';

/** What `runtimes/NAME/runtime.json` says of a runtime. */
export async function runtimeNamed(name) {
  return JSON.parse(await readFile(`runtimes/${name}/runtime.json`, 'utf8'));
}
