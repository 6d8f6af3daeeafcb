import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '#domain/failure.ts';

/** A copy of Slipway, cloned or packed, the folder with the user's caches, and the environment variables of commands that run in it. */
export type Copy = {
  readonly root: string;
  readonly caches: string;
  readonly environment: NodeJS.ProcessEnv;
};

/** The stack's folder in a packed copy, made by pack.js, and the folders beside it that the stack needs too. */
const PACKED = 'dist/stack';
const BESIDE = ['buildspecs', 'runtimes'];

const HEX_DIGITS = 16;

/** The folder with the template. Fails with `InputInvalid` for a copy of Slipway without a template. */
export function templateFolder(root: string): string {
  if (isClone(root)) return root;
  const packed = join(root, PACKED);
  if (existsSync(join(packed, 'serverless.yml'))) return packed;
  throw new Failure('InputInvalid', 'this copy of Slipway has no template to deploy', {
    fix: 'Install it again, or clone the repository and run `npm run -s slipway -- deploy` in it.',
  });
}

/**
 * The folder to deploy from: a clone itself; for a packed copy, a folder in the user's cache, made from the copy's content.
 * Below node_modules Node runs no TypeScript, and the user of a copy may not be allowed to write there.
 */
export async function stackFolder({
  root,
  caches,
}: Pick<Copy, 'root' | 'caches'>): Promise<string> {
  if (isClone(root)) return root;
  const packed = join(root, PACKED);
  const lock = await readFile(join(packed, 'package-lock.json'));
  // Its packages serve all copies with the same lock file.
  const id = createHash('sha256').update(lock).digest('hex').slice(0, HEX_DIGITS);
  const folder = join(caches, 'slipway', `stack-${id}`);
  await mkdir(folder, { recursive: true });
  for (const name of await readdir(packed)) await replace(join(packed, name), join(folder, name));
  for (const name of BESIDE) await replace(join(root, name), join(folder, name));
  return folder;
}

function isClone(root: string): boolean {
  return existsSync(join(root, 'serverless.yml'));
}

/** Keeps the modification time: a lock file that looked new would be installed again. */
async function replace(source: string, destination: string): Promise<void> {
  await rm(destination, { recursive: true, force: true });
  await cp(source, destination, { recursive: true, preserveTimestamps: true });
}
