import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join, posix, relative } from 'node:path';

/**
 * `weightsBytes`: smaller files share a layer with the others, since each further layer costs some requests.
 * `layerBytes`: layers are pulled side by side, and a layer whose files are the same is pulled and stored once. A file is in one layer, however large: no server could join its parts again.
 * `mostShares`: a model has at most twice as many layers as fit its size, and one more, since two neighbours together exceed one layer.
 * Cold starts are predicted by the same numbers: src/domain/build/image-layers.ts.
 * @type {{ weightsBytes: number, layerBytes: number, mostShares: number }}
 */
const LIMITS = JSON.parse(await readFile(new URL('layers.json', import.meta.url), 'utf8'));

/** @typedef {{ path: string, bytes: number }} Entry */
/** @typedef {ReadonlyMap<string, string>} Hashes */

/**
 * The layers of a model's files, as lists of paths below `folder` (`./model/weights.bin`): the weights by whole files, in the order of their names, then all other files.
 * `bytes` is the size of its files; `key` names the content of a layer of weights by the sha256 of its files, which `hashes` has by path; null where it lacks one.
 * @param {string} folder
 * @param {Hashes} hashes
 * @returns {Promise<{ paths: string[], bytes: number, key: string | null }[]>}
 */
export async function layersOf(folder, hashes) {
  const entries = await entriesOf(folder);
  /** @param {Entry} entry */
  const isWeights = ({ bytes }) => bytes >= LIMITS.weightsBytes;
  const rest = entries.filter((entry) => !isWeights(entry));
  return [
    ...packed(entries.filter(isWeights)).map((files) => ({
      paths: withFolders(files.map(({ path }) => path)),
      bytes: sumOf(files),
      key: keyOf(files, hashes),
    })),
    { paths: rest.map(({ path }) => path), bytes: sumOf(rest), key: null },
  ];
}

/**
 * Everything in a folder, itself first, in a fixed order; only files have `bytes`.
 * @param {string} folder
 */
async function entriesOf(folder) {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  const entries = found.map(async (entry) => {
    const path = join(entry.parentPath, entry.name);
    const bytes = entry.isFile() ? (await stat(path)).size : 0;
    return { path: `./${relative(folder, path)}`, bytes };
  });
  const listed = await Promise.all(entries);
  return [{ path: '.', bytes: 0 }, ...listed.sort(byPath)];
}

/**
 * @param {Entry} one
 * @param {Entry} other
 */
function byPath(one, other) {
  return Buffer.compare(Buffer.from(one.path), Buffer.from(other.path));
}

/** @param {readonly Entry[]} files */
function packed(files) {
  const most = Math.max(LIMITS.layerBytes, sumOf(files) / LIMITS.mostShares);
  /** @type {Entry[][]} */
  const layers = [];
  let room = 0;
  for (const file of files) {
    if (file.bytes > room) {
      layers.push([]);
      room = most;
    }
    layers.at(-1)?.push(file);
    room -= file.bytes;
  }
  return layers;
}

/**
 * Adds the folders of the files, whose permissions an engine would otherwise make up.
 * @param {readonly string[]} files
 */
function withFolders(files) {
  const folders = new Set(['.']);
  for (const file of files) {
    const steps = posix.dirname(file).split('/');
    for (let depth = 2; depth <= steps.length; depth += 1) {
      folders.add(steps.slice(0, depth).join('/'));
    }
  }
  return [...folders, ...files];
}

/**
 * @param {readonly Entry[]} files
 * @param {Hashes} hashes
 */
function keyOf(files, hashes) {
  const known = files.map(({ path }) => [path, hashes.get(path)]);
  if (known.some(([, hash]) => !hash)) return null;
  return createHash('sha256').update(JSON.stringify(known)).digest('hex');
}

/** @param {readonly Entry[]} files */
function sumOf(files) {
  return files.reduce((sum, { bytes }) => sum + bytes, 0);
}
