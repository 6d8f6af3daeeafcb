import { keyProblem } from '#adapters/local/bucket/key.ts';
import { isPart } from '#domain/artifact/hidden-file.ts';
import { MAX_PARTS, maxArtifactBytes } from '#domain/artifact/limit.ts';
import { Failure } from '#domain/failure.ts';
import { TARGETS } from '#domain/placement/target.ts';
import { requirePlain } from './changed-models.ts';
import { dvcFiles, dvcStores, isDvcPointer } from './dvc.ts';
import type { Git } from './git.ts';
import { lfsFile, MOST_POINTER_BYTES } from './lfs.ts';
import type { ModelFile, Stores } from './model-file.ts';

// A manifest with the most examples is smaller.
const MOST_POINTED_BYTES = 64 * 1024;

/**
 * The files of a model at a commit, sorted, with the pointers of Git LFS and DVC resolved; hidden files are no part.
 * Fails with `ArtifactRejected` for a link, a submodule, a path that can be no key, too many files or bytes, and a pointer that is malformed or whose bytes are not here.
 */
export async function modelFiles(
  git: Git,
  { commit, model }: { readonly commit: string; readonly model: string },
  stores: Stores,
): Promise<readonly ModelFile[]> {
  const folder = `models/${model}/`;
  const listed = await git.text('ls-tree', '-r', '-z', '-l', '--full-tree', commit, folder);
  const entries = treeEntries(listed, folder).filter(({ name }) => isPart(name));
  for (const { mode, name } of entries) {
    requirePlain(mode, folder + name);
    requireKey(folder + name);
  }
  requireFew(folder, entries.length);
  const resolved = await resolvedFiles(git, { commit, folder }, { entries, stores });
  // Before hidden files are left out: a path that a pointer names may lead out of the folder.
  for (const { name } of resolved) requireKey(folder + name);
  const files = resolved.filter(({ name }) => isPart(name));
  requireFew(folder, files.length);
  requireRoom(folder, files);
  requireOnce(folder, files);
  return files.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

type Entry = {
  readonly mode: string;
  readonly oid: string;
  readonly sizeBytes: number;
  readonly name: string;
};

/** `MODE TYPE ID SIZE`, tab, path, NUL. https://git-scm.com/docs/git-ls-tree#_output_format */
function treeEntries(listed: string, folder: string): readonly Entry[] {
  return listed.split('\0').flatMap((line) => {
    const tab = line.indexOf('\t');
    if (tab < 0) return [];
    const [mode = '', , oid = '', size = ''] = line.slice(0, tab).split(/ +/);
    const name = line.slice(tab + 1 + folder.length);
    return [{ mode, oid, sizeBytes: size === '-' ? 0 : Number(size), name }];
  });
}

async function resolvedFiles(
  git: Git,
  at: { readonly commit: string; readonly folder: string },
  { entries, stores }: { readonly entries: readonly Entry[]; readonly stores: Stores },
): Promise<readonly ModelFile[]> {
  const small = entries.filter(({ name, sizeBytes }) =>
    isDvcPointer(name) ? sizeBytes <= MOST_POINTED_BYTES : sizeBytes <= MOST_POINTER_BYTES,
  );
  const bytes = await git.blobs(small.map(({ oid }) => oid));
  const textOf = new Map(small.map(({ name }, index) => [name, bytes[index]?.toString() ?? '']));
  const remotes = entries.some(({ name }) => isDvcPointer(name))
    ? await dvcStores(git, at.commit, stores)
    : [];
  const resolved = await Promise.all(
    entries.map(async ({ name, oid, sizeBytes }): Promise<readonly ModelFile[]> => {
      const text = textOf.get(name);
      const path = at.folder + name;
      if (isDvcPointer(name)) return dvcFiles({ path, name, text }, remotes, stores.dvcFix);
      const stored = text === undefined ? undefined : await lfsFile({ path, text }, stores);
      return [stored ? { name, ...stored } : { name, sizeBytes, from: { oid } }];
    }),
  );
  return resolved.flat();
}

function requireKey(path: string): void {
  // Bytes that are not UTF-8 were read as this sign.
  const problem = path.includes('\u{fffd}') ? 'is not valid UTF-8' : keyProblem(path);
  if (problem === undefined) return;
  throw new Failure('ArtifactRejected', `the path ${JSON.stringify(path)} ${problem}`, {
    fix: 'Rename the file: its path is its key in the bucket.',
  });
}

function requireFew(folder: string, count: number): void {
  const most = MAX_PARTS + 1;
  if (count <= most) return;
  throw new Failure('ArtifactRejected', `${folder} has ${count} files; the limit is ${most}`, {
    fix: 'Keep only the files that the model is served from, or an archive of them.',
  });
}

function requireRoom(folder: string, files: readonly ModelFile[]): void {
  const bytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const most = maxArtifactBytes(TARGETS);
  if (bytes <= most) return;
  const words = `${bytes.toLocaleString('en-US')} bytes; the limit is ${most.toLocaleString('en-US')}`;
  throw new Failure('ArtifactRejected', `${folder} has ${words}`, {
    fix: 'Keep only the files that the model is served from.',
  });
}

function requireOnce(folder: string, files: readonly ModelFile[]): void {
  const names = new Set<string>();
  for (const { name } of files) {
    if (names.has(name)) {
      throw new Failure(
        'ArtifactRejected',
        `${folder}${name} is there twice, once as a pointer of DVC`,
        {
          fix: 'Remove one of them.',
        },
      );
    }
    names.add(name);
  }
}
