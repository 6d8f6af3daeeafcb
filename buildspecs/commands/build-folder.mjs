// build-folder ARTIFACT IMAGES IMAGE_TAG: builds IMAGES/images/IMAGE_TAG, the folder of the artifact fetched to ARTIFACT, following ARTIFACT/order.json, and prints the record that a build exports: src/domain/build/image.ts.
import { readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { folderFacts, modelDigest } from './folder-facts.mjs';
import { makeEnvironments } from './make-environments.mjs';
import { proveModel } from './prove-model.mjs';

/** @import { BuildOrder } from '../../src/domain/build/order.ts' */

const [, , ARTIFACT = '', IMAGES = '', IMAGE_TAG = ''] = process.argv;
const FOLDER = join(IMAGES, 'images', IMAGE_TAG);
const PARTIAL = `${FOLDER}.partial`;

/**
 * A server may be starting from the folder that is there, so it is replaced only when it does not have the same model.
 * @param {string} digest
 */
async function publish(digest) {
  const before = await modelDigest(FOLDER).catch(() => undefined);
  if (before === digest) {
    await rename(join(PARTIAL, 'digest'), join(FOLDER, 'digest'));
    await rm(PARTIAL, { recursive: true, force: true });
    return;
  }
  const gone = `${FOLDER}.gone.partial`;
  await rm(gone, { recursive: true, force: true });
  if (before !== undefined) await rename(FOLDER, gone);
  await rm(FOLDER, { recursive: true, force: true });
  await rename(PARTIAL, FOLDER);
  await rm(gone, { recursive: true, force: true });
}

try {
  /** @type {BuildOrder} */
  const order = JSON.parse(await readFile(join(ARTIFACT, 'order.json'), 'utf8'));
  const { python } = order;
  if (!python)
    throw new Error(`models of ${order.runtime} take no packages, so there is no folder to build`);
  // The leftovers of a killed build of the same image would be in the way.
  await rm(PARTIAL, { recursive: true, force: true });
  const { finish, ...places } = makeEnvironments(IMAGES, PARTIAL, { ...order, python });
  const { served, proof } = await proveModel(ARTIFACT, order, places);
  await finish();
  for (const name of await readdir(served)) await rename(join(served, name), join(PARTIAL, name));
  const built = await folderFacts(PARTIAL, proof);
  await publish(built.digest);
  process.stdout.write(JSON.stringify(built));
} catch (error) {
  process.stderr.write(`build-folder: ${error.stderr?.trim() || error.message}\n`);
  // Abandons everything else in progress.
  process.exit(1);
}
