'use strict';

const { mkdirSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { build } = require('esbuild');
const { entries } = require('./step-functions.cjs');
const { zip } = require('./zip.cjs');

/** @satisfies {import('esbuild').BuildOptions} */
const OPTIONS = {
  bundle: true,
  minify: true,
  platform: 'node',
  format: 'esm',
  target: 'node24',
  outExtension: { '.js': '.mjs' },
  // ES modules where a package has both: they can be shaken, which makes a bundle of the SDK 40 % smaller.
  mainFields: ['module', 'main'],
  conditions: ['module'],
  // The SDK is bundled too, since the one in Lambda's runtime changes without notice. Left out are ways to credentials that are asked only
  // where the environment has none, which in Lambda it has (@aws-sdk/credential-provider-node, defaultProvider): 100 kB.
  external: [
    '@aws-sdk/credential-provider-http',
    '@aws-sdk/credential-provider-ini',
    '@aws-sdk/credential-provider-process',
    '@aws-sdk/credential-provider-sso',
    '@aws-sdk/credential-provider-web-identity',
  ],
  // Some packages in the bundle are CommonJS.
  banner: {
    js: "import { createRequire } from 'node:module';const require=createRequire(import.meta.url);",
  },
};

/**
 * An osls plugin that bundles the functions and makes a zip of each bundle, which osls then takes as it is. A function that has a zip already is left alone.
 * @param {import('./osls').Serverless} serverless
 * @param {{ readonly function?: string }} options `function` is the only one that `serverless deploy function` packages
 */
function bundles(serverless, options) {
  const pack = async () => {
    const { serviceDir, service } = serverless;
    const names = options.function ? [options.function] : Object.keys(service.functions);
    const functions = names
      .map((name) => ({ name, block: service.getFunction(name) }))
      .filter(({ block }) => !block.package?.artifact);
    const handlers = functions.map(({ block }) => block.handler);
    const { outputFiles } = await bundle(serviceDir, handlers);
    mkdirSync(join(serviceDir, '.serverless'), { recursive: true });
    for (const { name, block } of functions) {
      const path = fileOf(block.handler, 'mjs');
      const output = outputFiles.find((each) => each.path === join(serviceDir, path));
      if (!output) throw new Error(`esbuild made no ${path}`);
      const artifact = join('.serverless', `${name}.zip`);
      writeFileSync(join(serviceDir, artifact), zip({ [path]: output.contents }, { level: 9 }));
      block.package = { artifact };
    }
  };
  return {
    hooks: {
      'before:package:createDeploymentArtifacts': pack,
      'before:deploy:function:packageFunction': pack,
    },
  };
}

module.exports = Object.assign(bundles, { bundle });

/**
 * A bundle for each handler, all made in one call of esbuild, which reads each module once for all of them. Writes nothing.
 * @param {string} root
 * @param {readonly string[]} handlers
 */
async function bundle(root, handlers) {
  return build({
    ...OPTIONS,
    absWorkingDir: root,
    entryPoints: handlers.map((handler) => fileOf(handler, 'ts')),
    plugins: [await stepEntries(root)],
    outbase: root,
    outdir: root,
    metafile: true,
    write: false,
  });
}

/**
 * The entry files of the steps' functions, which are on no disk.
 * @param {string} root
 * @returns {Promise<import('esbuild').Plugin>}
 */
async function stepEntries(root) {
  const sources = new Map(
    (await entries()).map(({ handler, source }) => [join(root, fileOf(handler, 'ts')), source]),
  );
  return {
    name: 'step-entries',
    setup({ onLoad, onResolve }) {
      onResolve({ filter: /^functions\// }, ({ path }) => ({ path: join(root, path) }));
      onLoad({ filter: /\/functions\/[^/]+$/ }, ({ path }) => {
        const contents = sources.get(path);
        return contents === undefined ? null : { contents, loader: 'ts', resolveDir: root };
      });
    },
  };
}

/**
 * @param {string} handler
 * @param {string} extension
 */
function fileOf(handler, extension) {
  return handler.replace(/handler$/, extension);
}
