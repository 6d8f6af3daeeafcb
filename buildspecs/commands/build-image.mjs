// build-image ARTIFACT: builds the image of the artifact fetched to ARTIFACT, following ARTIFACT/order.json, and prints the record that a build exports: src/domain/build/image.ts.
// Adopts an existing image with this tag and the same bytes: a tag in ECR is immutable.
// Where a Dockerfile is built in a separate project, it runs twice: one build makes and tests the image and leaves it, the other takes it and pushes it, and starts nothing.
import { lstat, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { docker, there } from './docker.mjs';
import { dockerfileImage } from './dockerfile-image.mjs';
import { imagesInEngine } from './images-in-engine.mjs';
import { imagesInRegistry } from './images-in-registry.mjs';
import { leaveImage, takeImage } from './left-image.mjs';
import { progress } from './progress.mjs';
import { proveModel } from './prove-model.mjs';
import { runtimeNamed } from './runtimes.mjs';
import { smokeTest } from './smoke-test.mjs';
import { unpackedBytes } from './unpacked.mjs';

/** @import { BuildOrder } from '../../src/domain/build/order.ts' */
/** @import { SmokeTest } from '../../src/domain/build/image.ts' */
/** @import { BuildProof } from '../../src/domain/build/proof.ts' */
/** @import { Fetched } from './fetch-artifact.mjs' */
/** @import { Image, Images } from './images-in-engine.mjs' */
/** @typedef {{ image: Image, proof?: BuildProof | undefined }} Made */

const [, , ARTIFACT = ''] = process.argv;
const { IMAGE_TAG = '', ARTIFACT_SHA256 = '', REPOSITORY, ENVIRONMENTS = '' } = process.env;

try {
  /** @type {BuildOrder} */
  const order = JSON.parse(await readFile(join(ARTIFACT, 'order.json'), 'utf8'));
  const images = REPOSITORY ? await imagesInRegistry(REPOSITORY, ENVIRONMENTS) : imagesInEngine();
  const { takesImageFrom } = order;
  const { image, proof, smoke, uncompressed } = takesImageFrom
    ? await taken(images, { ...order, takesImageFrom })
    : await tested(images, order);
  if (order.leavesImageAt) await leaveImage(order.leavesImageAt, images.built(IMAGE_TAG), smoke);
  const built = {
    digest: image.digest,
    // The Docker engine keeps images uncompressed.
    compressedBytes: image.compressedBytes ?? uncompressed,
    uncompressedBytes: uncompressed,
    ...(image.layers && { layers: image.layers }),
    artifactSha256: ARTIFACT_SHA256,
    proof: proof ?? null,
    smoke,
  };
  process.stdout.write(JSON.stringify(built));
} catch (error) {
  say(error.stderr?.trim() || error.message);
  // Abandons everything else in progress.
  process.exit(1);
}

/**
 * @param {Images} images
 * @param {BuildOrder} order
 */
async function tested(images, order) {
  const { image, proof } = (await adopted(images, order)) ?? (await made(images, order));
  const smoke = await smokeOf(image, order, proof).catch(async (error) => {
    await images.discard(IMAGE_TAG);
    throw error;
  });
  return { image, proof, smoke, uncompressed: await uncompressedOf(image, order, smoke) };
}

/**
 * The smoke test is the one of the build that made it, and there is no proof of a model that is an image.
 * @param {Images} images
 * @param {BuildOrder & { takesImageFrom: string }} order
 */
async function taken(images, order) {
  const name = imagesInEngine().built(IMAGE_TAG);
  progress('taking the image that was built apart');
  const left = await takeImage(order.takesImageFrom, name, ARTIFACT_SHA256);
  await docker(['tag', name, images.built(IMAGE_TAG)]);
  const known = await adopted(images, order);
  const image = known?.image ?? (await unlessTaken(images.keep(IMAGE_TAG), images, order));
  return { image, proof: undefined, smoke: left.smoke, uncompressed: left.uncompressedBytes };
}

/**
 * Null for an image that cannot be tested here, since it needs a GPU.
 * @param {{ reference: string }} image
 * @param {BuildOrder} order
 * @param {BuildProof | undefined} proof
 */
async function smokeOf({ reference: image }, order, proof) {
  const { server, startupSeconds, facts } = order;
  progress('starting the image');
  // The model is served as it was saved, or as it was converted.
  const { runtime: name, modelFile } = proof ?? { ...facts, runtime: order.runtime };
  const runtime = await runtimeNamed(name);
  if (facts.needsGpu && !runtime.image.ask) return null;
  const request = facts.example ?? proof?.example?.request;
  return smokeTest({ image, runtime, server, startupSeconds, modelFile, request });
}

/**
 * @param {Images} images
 * @param {Pick<BuildOrder, 'runtime'>} order
 * @returns {Promise<Made | undefined>}
 */
async function adopted(images, { runtime }) {
  const image = await images.find(IMAGE_TAG);
  if (!image) return undefined;
  const sha256 = image.labels['slipway.artifact-sha256'];
  if (sha256 !== ARTIFACT_SHA256) {
    if (!REPOSITORY) return undefined;
    throw new Error(
      `${IMAGE_TAG} holds another artifact, ${sha256}; this one is ${ARTIFACT_SHA256}`,
    );
  }
  // A model that is an image is not proven, and could have this label from its Dockerfile.
  const label = (await isOwn(runtime)) ? '' : image.labels['slipway.proof'];
  const text = Buffer.from(label ?? '', 'base64').toString();
  say(`adopted ${IMAGE_TAG}, built before from the same bytes`);
  return { image, proof: parsed(text) };
}

/**
 * @param {Images} images
 * @param {BuildOrder} order
 * @returns {Promise<Made>}
 */
async function made(images, order) {
  return (await isOwn(order.runtime)) ? ownImage(images, order) : appended(images, order);
}

/** @param {string} runtime */
async function isOwn(runtime) {
  return (await runtimeNamed(runtime)).image.madeBy === 'dockerfile';
}

/**
 * @param {Images} images
 * @param {BuildOrder} order
 */
async function ownImage(images, order) {
  const { runtime, wishes } = order;
  const folder = join(ARTIFACT, 'model');
  const labels = { 'slipway.artifact-sha256': ARTIFACT_SHA256 };
  const make = dockerfileImage({ images, runtime, wishes, folder, labels, tag: IMAGE_TAG });
  return { image: await unlessTaken(make, images, order) };
}

/**
 * @param {Images} images
 * @param {BuildOrder} order
 */
async function appended(images, order) {
  const { environments } = order;
  /** @param {string | null | undefined} tag */
  const place = (tag) => (tag ? `docker://${images.environment(tag)}` : '');
  // A framework without a converter has no converter image: the framework serves its models.
  const { python, convert } = environments;
  const converter = convert && (await images.hasEnvironment(convert)) ? convert : null;
  const places = {
    environment: async () => place(python),
    converter: async () => place(converter),
  };
  const { served: folder, proof: found } = await proveModel(ARTIFACT, order, places);
  const text = await readFile(found, 'utf8');
  const proof = parsed(text);
  const labels = {
    'slipway.artifact-sha256': ARTIFACT_SHA256,
    // The environments that one machine keeps for as long as this image exists.
    'slipway.environments': Object.values(environments).filter(Boolean).join(' '),
    'slipway.proof': Buffer.from(text).toString('base64'),
  };
  const environment = await servingTag(environments, (proof ?? order).runtime);
  const hashes = await hashesOf(folder);
  const plan = {
    environment,
    folder,
    labels,
    hashes,
    previous: order.previousImage,
  };
  progress('putting the model into its image');
  const image = await unlessTaken(images.append({ ...plan, tag: IMAGE_TAG }), images, order);
  // The engine is about to fetch the same bytes, and a build's disk need not hold both.
  await rm(folder, { recursive: true });
  return { image, proof };
}

/**
 * The tag of the environment that serves the models of a runtime.
 * @param {BuildOrder['environments']} environments
 * @param {string} runtime
 */
async function servingTag(environments, runtime) {
  const { servesFrom } = (await runtimeNamed(runtime)).image;
  const tag = servesFrom === null ? undefined : environments[servesFrom];
  if (!tag) throw new Error(`no environment was ordered that serves models of ${runtime}`);
  return tag;
}

/**
 * The sha256 of the served files that are unchanged since they were fetched, by path. Files that a build unpacked or converted have none.
 * @param {string} served
 */
async function hashesOf(served) {
  /** @type {Fetched[]} */
  const fetched = JSON.parse(await readFile(join(ARTIFACT, 'fetched.json'), 'utf8'));
  const same = fetched.map(async ({ name, sha256, ino, mtimeMs }) => {
    const path = `./model/${name}`;
    const found = await lstat(join(served, path)).catch(() => undefined);
    return found && found.ino === ino && found.mtimeMs === mtimeMs
      ? [/** @type {const} */ ([path, sha256])]
      : [];
  });
  return new Map((await Promise.all(same)).flat());
}

/**
 * Another build may have pushed this tag meanwhile.
 * @param {Promise<Image | undefined>} making
 * @param {Images} images
 * @param {Pick<BuildOrder, 'runtime'>} order
 * @returns {Promise<Image>}
 */
async function unlessTaken(making, images, order) {
  try {
    const image = await making;
    if (!image) throw new Error(`${IMAGE_TAG} was made, but is not there`);
    return image;
  } catch (error) {
    const other = error.isTaken && (await adopted(images, order));
    if (other) return other.image;
    throw error;
  }
}

/**
 * @param {string} text
 * @returns {BuildProof | undefined}
 */
function parsed(text) {
  return text ? JSON.parse(text) : undefined;
}

/**
 * An image that was not started here, for lack of a GPU, need not be fetched to be measured either.
 * @param {Image} image
 * @param {Pick<BuildOrder, 'runtime'>} order
 * @param {SmokeTest | null} smoke
 */
async function uncompressedOf({ reference, uncompressedBytes }, { runtime }, smoke) {
  // The label of an owner's own image may come from its Dockerfile.
  if (!smoke && uncompressedBytes && !(await isOwn(runtime))) return uncompressedBytes;
  await there(reference);
  return unpackedBytes(reference);
}

/** @param {string} text */
function say(text) {
  process.stderr.write(`build-image: ${text}\n`);
}
