import { execFile } from 'node:child_process';
import { appendFile, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { hashOfSource, isSource, keptFolder } from '../support/slipway/kept.ts';

const ROOT = join(import.meta.dirname, '../..');
/** The files of this repository that `serverless package` takes. */
export const PACKAGED = [
  'buildspecs',
  'functions',
  'infra',
  'runtimes',
  'src',
  'statemachines',
  'package-lock.json',
  'package.json',
  'serverless.yml',
  'tsconfig.json',
];
const LIMIT_MS = 600_000;

export const STAGE = 'test';

const REGION = 'us-east-1';

/** The folder of the package that `serverless package` makes of this tree, made once for the tree as it is. */
export function packagedFolder(): Promise<string> {
  return made('', async () => {});
}

/** The same for a region whose template differs. */
export function templateFolder(region: string): Promise<string> {
  return made(`-${region}`, (tree) => takeZips(tree, []), region);
}

/** The same of this tree with other code in two of its functions, `authorize` and `sweep`. */
export function changedFolder(): Promise<string> {
  const changed = ['authorize', 'sweep'];
  return made('-changed', async (tree) => {
    for (const name of changed) {
      await appendFile(join(tree, `functions/${name}.ts`), "\nexport const changed = 'changed';\n");
    }
    await takeZips(tree, changed);
  });
}

/** Gives the functions of a copied tree, except `changed`, the zips that were made of this one: bundling takes most of the time. */
async function takeZips(tree: string, changed: readonly string[]): Promise<void> {
  const from = JSON.stringify(await packagedFolder());
  const plugin = `
const { cpSync } = require('node:fs');
module.exports = function takeZips({ service }) {
  const take = () => {
    for (const [name, block] of Object.entries(service.functions)) {
      if (${JSON.stringify(changed)}.includes(name)) continue;
      const artifact = '.serverless/' + name + '.zip';
      cpSync(${from} + '/' + name + '.zip', artifact);
      block.package = { artifact };
    }
  };
  return { hooks: { 'before:package:createDeploymentArtifacts': take } };
};
`;
  await writeFile(join(tree, 'infra/take-zips.cjs'), plugin);
  const template = join(tree, 'serverless.yml');
  const bundles = '  - ./infra/bundles.cjs\n';
  const text = await readFile(template, 'utf8');
  await writeFile(template, text.replace(bundles, `  - ./infra/take-zips.cjs\n${bundles}`));
}

async function made(
  suffix: string,
  change: (tree: string) => Promise<unknown>,
  region = REGION,
): Promise<string> {
  const hash = await hashOfSource(PACKAGED);
  return keptFolder('slipway-template', { hash, suffix }, (parent) =>
    packageTree(parent, change, region),
  );
}

/** Packages a copy of the tree, changed by `change`, without credentials; answers the folder in `parent`, which is the caller's. */
async function packageTree(
  parent: string,
  change: (tree: string) => Promise<unknown>,
  region: string,
): Promise<string> {
  const place = await mkdtemp(join(tmpdir(), 'slipway-tree-'));
  const tree = join(place, 'tree');
  try {
    await mkdir(tree);
    const filter = (path: string) => isSource(basename(path));
    for (const name of PACKAGED) {
      await cp(join(ROOT, name), join(tree, name), { recursive: true, filter });
    }
    await symlink(join(ROOT, 'node_modules'), join(tree, 'node_modules'));
    await change(tree);
    await packageIn(tree, region);
    const folder = await mkdtemp(join(parent, 'made-'));
    await cp(join(tree, '.serverless'), folder, { recursive: true });
    return folder;
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}

async function packageIn(tree: string, region: string): Promise<void> {
  const serverless = join(ROOT, 'node_modules/serverless/bin/serverless.js');
  // Packaged with containers, which are more of the template to look at.
  const place = ['--stage', STAGE, '--region', region];
  const command = [serverless, 'package', ...place, '--param=containers=public'];
  await promisify(execFile)(process.execPath, command, {
    cwd: tree,
    // Nobody's credentials, profile or settings.
    env: { PATH: process.env['PATH'], HOME: tree },
    timeout: LIMIT_MS,
  });
}

if (import.meta.main) {
  const [, , region] = process.argv;
  process.stdout.write(`${await (region ? templateFolder(region) : packagedFolder())}\n`);
}
