'use strict';

const { createHash } = require('node:crypto');
const { mkdirSync, readdirSync, readFileSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { PutObjectCommand, S3Client } = require('@aws-sdk/client-s3');
const { zipSync } = require('fflate');

/** What CodeBuild needs of this repository to build the images of environments and models. */
const FOLDERS = ['buildspecs', 'runtimes'];
const LEFT_OUT = new Set(['node_modules', 'dist', '__pycache__']);

// Stored as they are, with the same owner's rights and of the first day that a zip can name: the same files make the same bytes on any machine and any day.
const UNIX = 3;
const READABLE_FILE = 0o100644 * 0x10000;
const ALIKE = { level: 0, os: UNIX, attrs: READABLE_FILE, mtime: new Date(1980, 0, 1) };

/**
 * The source of image builds, as a plugin of osls: one zip, named by its bytes, beside the functions' in the deployment bucket.
 * The template reads `${imageSource:key}`, and `${imageSource:environmentHash}`: environments are named by it, and with it and an artifact's hash an image is known, so a change in any of these files, or of the web adapter's image, builds environments and models anew.
 */
module.exports = function imageSource(serverless) {
  // A package given by `--package` is copied here before it is deployed, and from here after it is made.
  const path = join(serverless.serviceDir, '.serverless', 'image-source.zip');
  return {
    configurationVariablesSources: {
      imageSource: { resolve: (asked) => resolve(serverless.serviceDir, asked) },
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

async function resolve(root, { address, resolveVariable }) {
  const bytes = pack(root);
  if (address === 'key') return { value: keyOf(bytes, await resolveVariable('sls:stage')) };
  if (address === 'environmentHash') {
    return { value: hash(hash(bytes) + (await resolveVariable('param:webAdapterImage'))) };
  }
  throw new Error(`imageSource has a key and an environmentHash, no ${address}`);
}

async function upload(serverless, bytes) {
  if (serverless.service.provider.shouldNotDeploy) return;
  const provider = serverless.getProvider('aws');
  const s3 = new S3Client(await provider.getAwsSdkV3Config());
  const Bucket = await provider.getServerlessDeploymentBucketName();
  const Key = keyOf(bytes, provider.getStage());
  await s3.send(new PutObjectCommand({ Bucket, Key, Body: bytes }));
}

/** Under the prefix that `serverless remove` empties, beside the dated folders of which each deployment deletes the oldest. */
function keyOf(bytes, stage) {
  return `serverless/slipway/${stage}/image-source/${hash(bytes)}.zip`;
}

function pack(root) {
  const names = FOLDERS.flatMap((folder) => filesIn(root, folder)).sort();
  return zipSync(
    Object.fromEntries(names.map((name) => [name, readFileSync(join(root, name))])),
    ALIKE,
  );
}

function filesIn(root, folder) {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const name = `${folder}/${entry.name}`;
    if (LEFT_OUT.has(entry.name)) return [];
    return entry.isDirectory() ? filesIn(root, name) : [name];
  });
}

function hash(content) {
  return createHash('sha256').update(content).digest('hex').slice(0, 32);
}
