import { execFile } from 'node:child_process';
import { appendFile, cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
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

/** The same for a region whose template differs, to read that template alone: its functions do nothing, since bundling them takes most of the time. */
export function templateFolder(region: string): Promise<string> {
  const empty = async (tree: string) => {
    for (const name of await readdir(join(tree, 'functions'))) {
      await writeFile(join(tree, 'functions', name), 'export const handler = async () => {};\n');
    }
  };
  return made(`-${region}`, empty, region);
}

/** The same of this tree with other code in two of its functions, `authorize` and `sweep`. */
export function changedFolder(): Promise<string> {
  return made('-changed', async (tree) => {
    for (const name of ['authorize', 'sweep']) {
      await appendFile(join(tree, `functions/${name}.ts`), "\nexport const changed = 'changed';\n");
    }
  });
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
  const temporary = join(place, 'temporary');
  try {
    await Promise.all([mkdir(tree), mkdir(temporary)]);
    const filter = (path: string) => isSource(basename(path));
    for (const name of PACKAGED) {
      await cp(join(ROOT, name), join(tree, name), { recursive: true, filter });
    }
    await symlink(join(ROOT, 'node_modules'), join(tree, 'node_modules'));
    await change(tree);
    await packageIn(tree, temporary, region);
    const folder = await mkdtemp(join(parent, 'made-'));
    await cp(join(tree, '.serverless'), folder, { recursive: true });
    return folder;
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}

/** It leaves a folder for each function in `temporary`. */
async function packageIn(tree: string, temporary: string, region: string): Promise<void> {
  const serverless = join(ROOT, 'node_modules/serverless/bin/serverless.js');
  // Packaged with containers, which are more of the template to look at.
  const place = ['--stage', STAGE, '--region', region];
  const command = [serverless, 'package', ...place, '--param=containers=public'];
  await promisify(execFile)(process.execPath, command, {
    cwd: tree,
    // Nobody's credentials, profile or settings.
    env: { PATH: process.env['PATH'], HOME: tree, TMPDIR: temporary },
    timeout: LIMIT_MS,
  });
}

if (import.meta.main) {
  const [, , region] = process.argv;
  process.stdout.write(`${await (region ? templateFolder(region) : packagedFolder())}\n`);
}
