import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * The paths of all files under a folder, in a fixed order.
 * @param {string} root
 */
export async function filesIn(root) {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/**
 * The total size of these files, in bytes.
 * @param {readonly string[]} paths
 */
export async function sizeOf(paths) {
  const sizes = await Promise.all(paths.map(async (path) => (await stat(path)).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}
