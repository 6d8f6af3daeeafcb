import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { access, readFile, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const CACHE = join(homedir(), '.cache', 'slipway-tests');
const MINUTES_5 = 300_000;

/** A package that only a test needs, by its version and its hash. */
export type NpmPackage = {
  readonly name: string;
  readonly version: string;
  readonly integrity: string;
};

/** A folder from which the package can be imported, made once and kept in the user's cache; none of its scripts is run. Without npm or a registry it is missing, with the reason. */
export async function npmPackage(
  wanted: NpmPackage,
): Promise<string | { readonly missing: string }> {
  const kept = join(CACHE, `npm-${wanted.name.replaceAll('/', '-')}-${wanted.version}`);
  try {
    await access(kept).catch(() => installTo(kept, wanted));
    return kept;
  } catch (error) {
    return { missing: String(error).split('\n', 1)[0] ?? '' };
  }
}

/** Two test files may install it at once: the first result stays. */
async function installTo(kept: string, { name, version, integrity }: NpmPackage): Promise<void> {
  const own = `${kept}-${randomUUID()}`;
  const flags = ['--no-audit', '--no-fund', '--ignore-scripts', '--omit=peer', '--silent'];
  try {
    await run('npm', ['install', '--prefix', own, ...flags, `${name}@${version}`], {
      timeout: MINUTES_5,
    });
    const lock = await readFile(join(own, 'node_modules', '.package-lock.json'), 'utf8');
    const found = JSON.parse(lock).packages[`node_modules/${name}`].integrity;
    if (found !== integrity) throw new Error(`${name} is ${found}; ${integrity} was expected`);
    await rename(own, kept).catch(() => undefined);
  } finally {
    await rm(own, { recursive: true, force: true });
  }
}
