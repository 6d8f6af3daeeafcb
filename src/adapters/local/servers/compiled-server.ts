import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir, rm, stat, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { userCaches } from '#adapters/local/files/user-caches.ts';
import type { Environment } from './model-environment.ts';

const MONTH_MS = 30 * 86_400_000;

/** A compile cache in the user's cache folder, apart from Slipway's own, and separate for each version of Node, and for each server and where it lies: Node knows a module by its path. */
export function compiledFolder(environment: Environment, entry: string, hash: string): string {
  const name = createHash('sha256').update(`${entry} ${hash}`).digest('hex').slice(0, 16);
  return join(userCaches(environment), 'slipway/served', `${process.version}-${name}`);
}

// In a process of its own: a Slipway that ends before it, as `start --once` does, needs it the next time. A Ctrl-C ends both of its processes, and half a cache must not pass for a whole one.
const FILL = `
const [entry, partial, folder] = process.argv.slice(1);
const env = { ...process.env, NODE_COMPILE_CACHE: partial };
const { signal } = require('node:child_process').spawnSync(process.execPath, [entry], { env });
if (signal === null) require('node:fs').renameSync(partial, folder);
`;

/**
 * Fills `folder`, once, with Node's compile cache of the ONNX server's modules: a start that exits, as what it is given is no model, when all are loaded, those of onnxruntime too.
 * Model servers only read the cache: anything one of them wrote there, all others would run.
 * The cache makes a server ready after 77 ms instead of 200; servers started before it is filled do without. Resolves when it is filled. Removes entries that no start has wanted for a month.
 */
export async function compileServer(entry: string, folder: string): Promise<void> {
  if (existsSync(folder)) {
    const now = new Date();
    return utimes(folder, now, now).catch(() => {});
  }
  const partial = `${folder}.${process.pid}.partial`;
  const start = spawn(process.execPath, ['--eval', FILL, entry, partial, folder], {
    env: { HOST: '127.0.0.1', PORT: '0', MODEL_NAME: 'none', MODEL_PATH: entry },
    stdio: 'ignore',
  });
  start.unref();
  await once(start, 'close').catch(() => {});
  await rm(partial, { recursive: true, force: true });
  await removeUnwanted(dirname(folder));
}

/** The caches of earlier versions of the server, and of starts that were ended. */
async function removeUnwanted(caches: string): Promise<void> {
  for (const name of await readdir(caches).catch(() => [])) {
    const path = join(caches, name);
    const wantedMs = (await stat(path).catch(() => undefined))?.mtimeMs ?? Date.now();
    if (Date.now() - wantedMs > MONTH_MS) await rm(path, { recursive: true, force: true });
  }
}
