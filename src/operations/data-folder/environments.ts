import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileProblem, GONE, OTHER_BYTES } from '#adapters/local/integrity/checked-files.ts';
import type { Pace } from '#adapters/local/integrity/hashed-file.ts';

/** A Python environment that builds made, and the images that link to it. */
export type KeptEnvironment = {
  readonly name: string;
  readonly path: string;
  readonly tags: readonly string[];
};

const LINKS = ['environment', 'converter'];

export function environmentsIn(dataDir: string): readonly KeptEnvironment[] {
  const environments = join(dataDir, 'images', 'environments');
  const images = join(dataDir, 'images', 'images');
  const linked = namesIn(images).flatMap((tag) =>
    LINKS.flatMap((link) => {
      const path = join(images, tag, link);
      return existsSync(path) ? [{ tag, name: basename(readlinkSync(path)) }] : [];
    }),
  );
  return namesIn(environments)
    .filter((name) => existsSync(join(environments, name, 'lock.txt')))
    .map((name) => ({
      name,
      path: join(environments, name),
      tags: linked.filter((each) => each.name === name).map(({ tag }) => tag),
    }));
}

/**
 * The first file of an environment that differs from its package's, or why the files cannot be checked, as a predicate; undefined when all are the same. Fails with whatever `pace` fails with, such as the end of a scrub.
 * Each wheel lists the sha256 of its files in RECORD, in base64 without padding. https://packaging.python.org/en/latest/specifications/recording-installed-packages/
 */
export async function environmentProblem(path: string, pace?: Pace): Promise<string | undefined> {
  const folders = packageFolders(path);
  if (folders.length === 0) return 'has no folder of packages';
  for (const packages of folders) {
    for (const info of namesIn(packages).filter((name) => name.endsWith('.dist-info'))) {
      const problem = await packageProblem(packages, info, pace);
      if (problem) return problem;
    }
  }
  return undefined;
}

async function packageProblem(
  packages: string,
  info: string,
  pace: Pace | undefined,
): Promise<string | undefined> {
  const record = await readFile(join(packages, info, 'RECORD'), 'utf8').catch(() => undefined);
  if (record === undefined) return `cannot be checked: the RECORD of ${info} cannot be read`;
  for (const { file, sha256 } of recorded(record)) {
    const problem = await fileProblem(join(packages, file), sha256, pace ? { pace } : {});
    if (problem === GONE) return `lacks ${file} of ${info}`;
    if (problem === OTHER_BYTES) return `has other bytes in ${file} than ${info} lists`;
    if (problem) return `cannot be checked: ${file} of ${info} ${problem}`;
  }
  return undefined;
}

function packageFolders(path: string): readonly string[] {
  const lib = join(path, 'lib');
  return namesIn(lib)
    .map((python) => join(lib, python, 'site-packages'))
    .filter((packages) => existsSync(packages));
}

function recorded(record: string) {
  return record.split('\n').flatMap((line) => {
    const [, file = '', sha256 = ''] = /^("[^"]*"|[^,]*),sha256=([\w-]+),\d*\r?$/.exec(line) ?? [];
    const hex = Buffer.from(sha256, 'base64url').toString('hex');
    return file ? [{ file: file.replaceAll('"', ''), sha256: hex }] : [];
  });
}

function namesIn(folder: string): readonly string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}
