'use strict';

const { createHash } = require('node:crypto');
const { mkdirSync, readdirSync, readFileSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { PutObjectCommand, S3Client } = require('@aws-sdk/client-s3');
const { zip } = require('./zip.cjs');

/** The parts of this repository that CodeBuild needs to build the images of environments and models. */
const FOLDERS = ['buildspecs', 'runtimes'];
const LEFT_OUT = new Set(['node_modules', 'dist', '__pycache__']);

/**
 * The source of image builds, as an osls plugin: one zip, named by its hash, beside the functions' zips in the deployment bucket.
 * The template reads `${imageSource:key}` and `${imageSource:environmentHash}`. That hash identifies the environments, and together with an artifact's hash an image. So a change to any of these files, or of the web adapter's image, rebuilds environments and models.
 * @param {import('./osls').Serverless} serverless
 */
module.exports = function imageSource(serverless) {
  // `--package` copies a package here before deploying it, and from here after creating it.
  const path = join(serverless.serviceDir, '.serverless', 'image-source.zip');
  return {
    configurationVariablesSources: {
      imageSource: {
        /** @param {import('./osls').SourceInput} asked */
        resolve: (asked) => resolve(serverless.serviceDir, asked),
      },
    },
    hooks: {
      'before:aws:package:finalize:saveServiceState': () => {
        mkdirSync(join(serverless.serviceDir, '.serverless'), { recursive: true });
        writeFileSync(path, pack(serverless.serviceDir));
      },
      'after:aws:deploy:deploy:uploadArtifacts': () => upload(serverless, readFileSync(path)),
    },
  };
};

/**
 * @param {string} root
 * @param {import('./osls').SourceInput} asked
 */
async function resolve(root, { address, resolveVariable }) {
  const bytes = pack(root);
  if (address === 'key') return { value: keyOf(bytes, await resolveVariable('sls:stage')) };
  if (address === 'environmentHash') {
    return { value: hash(hash(bytes) + (await resolveVariable('param:webAdapterImage'))) };
  }
  throw new Error(`imageSource has a key and an environmentHash, no ${address}`);
}

/**
 * @param {import('./osls').Serverless} serverless
 * @param {Uint8Array} bytes
 */
async function upload(serverless, bytes) {
  if (serverless.service.provider.shouldNotDeploy) return;
  const provider = serverless.getProvider('aws');
  const s3 = new S3Client(await provider.getAwsSdkV3Config());
  const Bucket = await provider.getServerlessDeploymentBucketName();
  const Key = keyOf(bytes, provider.getStage());
  await s3.send(new PutObjectCommand({ Bucket, Key, Body: bytes }));
}

/**
 * Under the prefix that `serverless remove` empties, but outside the dated folders, the oldest of which each deployment deletes.
 * @param {Uint8Array} bytes
 * @param {string} stage
 */
function keyOf(bytes, stage) {
  return `serverless/slipway/${stage}/image-source/${hash(bytes)}.zip`;
}

/** @param {string} root */
function pack(root) {
  const names = FOLDERS.flatMap((folder) => filesIn(root, folder)).sort();
  const files = Object.fromEntries(names.map((name) => [name, readFileSync(join(root, name))]));
  return zip(files, { level: 0 });
}

/**
 * @param {string} root
 * @param {string} folder
 * @returns {string[]}
 */
function filesIn(root, folder) {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const name = `${folder}/${entry.name}`;
    if (LEFT_OUT.has(entry.name)) return [];
    return entry.isDirectory() ? filesIn(root, name) : [name];
  });
}

/** @param {Uint8Array | string} content */
function hash(content) {
  return createHash('sha256').update(content).digest('hex').slice(0, 32);
}
