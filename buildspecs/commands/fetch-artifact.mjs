// Fetches an artifact's files into a folder, and prints the artifact's sha256. Beside the folder, order.json has the build's order, and fetched.json {name, sha256, ino, mtimeMs} of each file.
// Standard input is the URL (s3:, https: or file:) of a JSON object {order, files: [{name, sizeBytes, url}]}, whose own URLs are https: or file:. They are signed, so they are never printed.
// The sha256 of one file is its own; for several, it is that of `sha256sum`'s output for them, sorted by name. There are no files if the model is an image named in the manifest.
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { granted, open, retried } from './granted.mjs';

// Another user reads the files in the image.
process.umask(0o022);

/** @import { Part } from './granted.mjs' */
/** @typedef {{ name: string, sha256: string, ino: number, mtimeMs: number }} Fetched */

const [, , FOLDER = ''] = process.argv;

try {
  const listUrl = (await text(process.stdin)).trim();
  const { order, files: parts } = await granted(listUrl);
  checkParts(parts);
  /** @type {Fetched[]} */
  const fetched = [];
  await mkdir(FOLDER, { recursive: true });
  await writeFile(join(dirname(FOLDER), 'order.json'), JSON.stringify(order ?? null));
  for (const part of [...parts].sort(byName)) {
    const sha256 = await retried(part.name, () => fetchPart(part, FOLDER));
    const { ino, mtimeMs } = await stat(join(FOLDER, part.name));
    fetched.push({ name: part.name, sha256, ino, mtimeMs });
  }
  await writeFile(join(dirname(FOLDER), 'fetched.json'), JSON.stringify(fetched));
  process.stdout.write(`${artifactHash(fetched)}\n`);
} catch (error) {
  process.stderr.write(`fetch-artifact: ${error.message}\n`);
  process.exitCode = 1;
}

/** @param {readonly Part[]} parts */
function checkParts(parts) {
  if (!Array.isArray(parts)) throw new Error('the list names no files');
  for (const { name, sizeBytes, url } of parts) {
    if (!isSafe(name)) throw new Error(`${JSON.stringify(name)} is not a path inside an artifact`);
    if (!Number.isSafeInteger(sizeBytes) || sizeBytes < 0 || typeof url !== 'string') {
      throw new Error(`${name} has no size or URL`);
    }
  }
  const names = parts.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice !== undefined) throw new Error(`${twice} is in the list twice`);
}

/**
 * The uploader chose the names.
 * @param {string} name
 */
function isSafe(name) {
  return (
    typeof name === 'string' &&
    !/[\p{Cc}\\]/u.test(name) &&
    name.split('/').every((segment) => !['', '.', '..'].includes(segment))
  );
}

/**
 * @param {Part} part
 * @param {string} folder
 */
async function fetchPart({ name, sizeBytes, url }, folder) {
  const path = join(folder, name);
  await mkdir(dirname(path), { recursive: true });
  const hash = createHash('sha256');
  /** @param {AsyncIterable<Uint8Array>} chunks */
  async function* counted(chunks) {
    let bytes = 0;
    for await (const chunk of chunks) {
      bytes += chunk.length;
      if (bytes > sizeBytes) break;
      hash.update(chunk);
      yield chunk;
    }
    if (bytes !== sizeBytes) {
      const found = bytes > sizeBytes ? 'more' : bytes;
      throw new Error(`it is ${found} bytes; the list says ${sizeBytes}`);
    }
  }
  await pipeline(await open(url), counted, createWriteStream(path));
  return hash.digest('hex');
}

/**
 * @param {Part} one
 * @param {Part} other
 */
function byName(one, other) {
  return Buffer.compare(Buffer.from(one.name), Buffer.from(other.name));
}

/** @param {readonly Fetched[]} fetched */
function artifactHash(fetched) {
  const [only, ...others] = fetched;
  if (only && others.length === 0) return only.sha256;
  const lines = fetched.map(({ name, sha256 }) => `${sha256}  ${name}\n`);
  return createHash('sha256').update(lines.join('')).digest('hex');
}
