import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFile,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';

const ROOT = join(import.meta.dirname, '../..');
const CACHE = join(ROOT, 'node_modules/.cache/slipway-template');
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
const LEFT_OUT = new Set(['node_modules', 'dist', '__pycache__']);
const HASH = /^[0-9a-f]{16}(?:-[a-z0-9-]+)?$/;
const LIMIT_MS = 600_000;

export const STAGE = 'test';

const REGION = 'us-east-1';

/** The folder of the package that `serverless package` makes of this tree for a region, made once for the tree as it is. */
export function packagedFolder(region = REGION): Promise<string> {
  return made(region === REGION ? '' : `-${region}`, async () => {}, region);
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
  const hash = await hashOfTree();
  const folder = join(CACHE, hash + suffix);
  if (await exists(folder)) return folder;
  await mkdir(CACHE, { recursive: true });
  const packaged = await packageTree(CACHE, change, region);
  await rename(packaged, folder).catch(async (error: unknown) => {
    // Another process was faster.
    if (!(await exists(folder))) throw error;
    await rm(packaged, { recursive: true });
  });
  const old = (await readdir(CACHE)).filter((name) => HASH.test(name) && !name.startsWith(hash));
  await Promise.all(old.map((name) => rm(join(CACHE, name), { recursive: true, force: true })));
  return folder;
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
    const filter = (path: string) => !LEFT_OUT.has(basename(path));
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

async function hashOfTree(): Promise<string> {
  const hash = createHash('sha256');
  for (const name of PACKAGED) {
    for (const file of (await filesIn(name)).toSorted()) {
      hash.update(`${file}\0`).update(await readFile(join(ROOT, file)));
    }
  }
  return hash.digest('hex').slice(0, 16);
}

async function filesIn(name: string): Promise<string[]> {
  const entries = await readdir(join(ROOT, name), { withFileTypes: true }).catch(() => undefined);
  if (!entries) return [name];
  const kept = entries.filter((entry) => !LEFT_OUT.has(entry.name));
  return (await Promise.all(kept.map((entry) => filesIn(`${name}/${entry.name}`)))).flat();
}

async function exists(folder: string): Promise<boolean> {
  return readdir(folder).then(
    () => true,
    () => false,
  );
}

if (import.meta.main) process.stdout.write(`${await packagedFolder(process.argv[2])}\n`);
