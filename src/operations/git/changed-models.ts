import { isHidden } from '#domain/artifact/hidden-file.ts';
import { readKey } from '#domain/artifact/object-key.ts';
import { Failure } from '#domain/failure.ts';
import { isModelName, nearestModelName } from '#domain/identity.ts';
import type { Git } from './git.ts';

/** The most models that one push may change: each is inspected before the push is taken. */
const MOST_MODELS = 100;

/** The models whose folders below models/ differ between two commits: those that the second still has, and those that it has no more; each by name. */
export type ChangedModels = {
  readonly changed: readonly string[];
  readonly removed: readonly string[];
};

/**
 * Compares two commits or trees; null for one that does not exist.
 * Fails with `ArtifactRejected` for a folder that is not named as a model, a model file outside such a folder, a symbolic link or a submodule in the place of one, and more than 100 models.
 */
export async function changedModels(
  git: Git,
  before: string | null,
  after: string,
): Promise<ChangedModels> {
  const from = before ?? (await git.text('hash-object', '-t', 'tree', '/dev/null')).trim();
  const found = await git.text(
    'diff-tree',
    '-r',
    '-z',
    '--raw',
    '--no-renames',
    from,
    after,
    '--',
    'models',
  );
  const names = new Set<string>();
  for (const { mode, path } of rawEntries(found)) {
    const [, name = '', ...rest] = path.split('/');
    if (rest.length > 0 && !isHidden(name)) names.add(modelNamed(name));
    else if (mode !== GONE) requireNoModel(mode, path);
    if (names.size > MOST_MODELS) throw tooMany();
  }
  const kept = new Set(await modelsAt(git, after));
  const sorted = [...names].toSorted();
  return {
    changed: sorted.filter((name) => kept.has(name)),
    removed: sorted.filter((name) => !kept.has(name)),
  };
}

/** The names of the folders below models/ at a commit that are names of models. */
export async function modelsAt(git: Git, commit: string): Promise<readonly string[]> {
  const listed = await git.text(
    'ls-tree',
    '-z',
    '-d',
    '--name-only',
    '--full-tree',
    commit,
    'models/',
  );
  const names = listed.split('\0').map((path) => path.slice('models/'.length));
  return names.filter(isModelName);
}

const GONE = '000000';
const LINK = '120000';
const SUBMODULE = '160000';

/** `:MODE MODE ID ID STATUS`, NUL, path, NUL. https://git-scm.com/docs/git-diff-tree#_raw_output_format */
function* rawEntries(output: string): Generator<{ readonly mode: string; readonly path: string }> {
  const fields = output.split('\0');
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const [, mode = ''] = (fields[at] ?? '').split(' ');
    yield { mode, path: fields[at + 1] ?? '' };
  }
}

function modelNamed(name: string): string {
  if (isModelName(name)) return name;
  throw new Failure('ArtifactRejected', `models/${name} is not named as a model`, {
    fix: `Rename the folder: 1 to 40 lower-case letters, digits and inner hyphens, as in models/${nearestModelName(name) ?? 'digits'}.`,
  });
}

/** Refuses a model directly in models/, or in its place; files that explain the models may be there. */
function requireNoModel(mode: string, path: string): void {
  requirePlain(mode, path);
  if (readKey(path).kind !== 'misnamed') return;
  throw new Failure('ArtifactRejected', `${path} is a model outside a model's folder`, {
    fix: 'Move it into models/NAME/, where NAME is to be the name of the model.',
  });
}

/** Fails with `ArtifactRejected` for an entry of a tree that is neither a file nor a folder. */
export function requirePlain(mode: string, path: string): void {
  if (mode === LINK) {
    throw new Failure('ArtifactRejected', `${path} is a symbolic link`, {
      fix: 'Commit the file itself in its place: links are not followed.',
    });
  }
  if (mode === SUBMODULE) {
    throw new Failure('ArtifactRejected', `${path} is a submodule`, {
      fix: 'Commit the files themselves in its place: other repositories are not fetched.',
    });
  }
}

function tooMany(): Failure {
  return new Failure('ArtifactRejected', `more than ${MOST_MODELS} models change`, {
    fix: `Push the commits in parts, each with at most ${MOST_MODELS} models.`,
  });
}
