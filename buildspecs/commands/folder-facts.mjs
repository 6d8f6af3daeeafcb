import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, realpath, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { filesIn, sizeOf } from './files.mjs';

/**
 * The record that a build exports for an image that is a folder, like that for an image in a registry, with the proof in the file PROOF; stores its digest in the folder. Nothing is compressed, so both sizes are the same.
 * @param {string} folder
 * @param {string} proof
 */
export async function folderFacts(folder, proof) {
  const digest = await modelDigest(folder);
  const proven = JSON.parse(await readFile(proof, 'utf8'));
  const served = await filesIn(folder);
  // A converted model is served without it.
  const environment = proven.conversion.kept
    ? []
    : await filesIn(await realpath(join(folder, 'environment')));
  const bytes = await sizeOf([...served, ...environment]);
  await writeFile(join(folder, 'digest'), digest);
  return {
    digest,
    compressedBytes: bytes,
    uncompressedBytes: bytes,
    artifactSha256: process.env.ARTIFACT_SHA256,
    proof: proven,
    smoke: null,
  };
}

/**
 * Names the bytes that are served: the facts, and each file of the model after its path.
 * @param {string} folder
 */
export async function modelDigest(folder) {
  const hash = createHash('sha256');
  hash.update('facts.json\0').update(await readFile(join(folder, 'facts.json')));
  for (const path of await filesIn(join(folder, 'model'))) {
    hash.update(`${relative(folder, path)}\0`);
    await pipeline(createReadStream(path), hash, { end: false });
  }
  return `sha256:${hash.digest('hex')}`;
}
