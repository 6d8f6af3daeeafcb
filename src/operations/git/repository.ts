import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { maxArtifactBytes } from '#domain/artifact/limit.ts';
import { Failure } from '#domain/failure.ts';
import { TARGETS } from '#domain/placement/target.ts';
import { isAlive } from '#operations/is-alive.ts';
import { type Git, type GitEnvironment, openGit } from './git.ts';
import type { Stores } from './model-file.ts';

/** The branch whose models are deployed. */
export const MAIN = 'refs/heads/main';

/** The commit of `main` whose models were deployed last: hidden from those who push. */
export const DEPLOYED = 'refs/slipway/deployed';

export const HOOKS = ['pre-receive', 'post-receive'] as const;
export type Hook = (typeof HOOKS)[number];

/** A repository with models, and what is needed to read them. */
export type Repository = {
  readonly git: Git;
  readonly stores: Stores;
  /** Does a work with a new folder, which is removed afterwards. */
  inFolder<Result>(work: (folder: string) => Promise<Result>): Promise<Result>;
};

/** The bare repository that is pushed to. */
export type PushedRepository = Repository & {
  /** For reports on candidates. */
  readonly reports: string;
  /** Does a work while no other push does one; waits for its turn, at most ten minutes. */
  alone<Result>(work: () => Promise<Result>): Promise<Result>;
};

/** The repository of a data folder where none is named. */
export function usualRepository(dataDir: string): string {
  return join(resolve(dataDir), 'models.git');
}

/** Slipway's own folder in the repository; Git does not look there. */
const OWN = 'slipway';
const MARK = '# Written by `slipway git init`';

type Asked = {
  readonly folder: string;
  readonly dataDir: string;
  /** The program of Node, and the file with Slipway's command. */
  readonly command: readonly [node: string, slipway: string];
  readonly dvcRemotes: readonly string[];
  readonly environment: GitEnvironment;
};

/**
 * Makes a bare repository whose hooks hand what is pushed to the Slipway of a data folder; for one that it made before, writes the hooks again.
 * Fails with `InputInvalid` for a folder that holds something else, or hooks of another program.
 */
export async function initRepository(asked: Asked): Promise<void> {
  const { folder, dataDir, command, dvcRemotes } = asked;
  await requireOwn(folder);
  const own = join(folder, OWN);
  const git = openGit(folder, asked.environment);
  await git.text('init', '--quiet', '--bare', '--initial-branch=main', folder);
  const hooks = join(own, 'hooks');
  await mkdir(hooks, { recursive: true, mode: 0o700 });
  for (const [key, value] of SETTINGS) await git.text('config', key, value);
  // The owner may have another limit.
  if ((await git.found('config', '--get', MOST_INPUT)) === undefined) {
    await git.text('config', MOST_INPUT, String(maxArtifactBytes(TARGETS)));
  }
  const known = await dvcRemotesOf(git);
  for (const each of dvcRemotes.map((it) => resolve(it))) {
    if (!known.includes(each)) await git.text('config', '--add', DVC_REMOTE, each);
  }
  for (const hook of HOOKS) {
    const path = join(hooks, hook);
    await writeFile(path, hookScript(hook, { dataDir: resolve(dataDir), folder, command }));
    await chmod(path, 0o700);
  }
}

const MOST_INPUT = 'receive.maxInputSize';
const DVC_REMOTE = 'slipway.dvcRemote';

/** A user's own settings must neither name other hooks nor leave out the checks. The path of the hooks is relative to the repository, which may be moved. https://git-scm.com/docs/git-config */
const SETTINGS: readonly (readonly [string, string])[] = [
  ['core.hooksPath', `${OWN}/hooks`],
  ['receive.fsckObjects', 'true'],
  ['receive.denyDeletes', 'false'],
  ['receive.denyNonFastForwards', 'false'],
  ['transfer.hideRefs', 'refs/slipway'],
  // A larger blob is streamed and not held in memory.
  ['core.bigFileThreshold', '16m'],
  ['core.logAllRefUpdates', 'true'],
];

async function requireOwn(folder: string): Promise<void> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw new Failure('InputInvalid', `${folder} cannot be a repository (${error.code})`, {
      cause: error,
      fix: 'Name a new folder, or one that this command made before.',
    });
  });
  if (names.length === 0 || (await isOwn(folder))) return;
  throw new Failure('InputInvalid', `${folder} is not empty, and was not made by this command`, {
    fix: 'Name a new folder: `slipway git init FOLDER`. Push your own repository to it.',
  });
}

/** Whether this command made the repository. */
async function isOwn(folder: string): Promise<boolean> {
  const script = await readFile(join(folder, OWN, 'hooks', HOOKS[0]), 'utf8').catch(() => '');
  return script.includes(MARK);
}

type Script = {
  readonly dataDir: string;
  readonly folder: string;
  readonly command: readonly [node: string, slipway: string];
};

function hookScript(hook: Hook, { dataDir, folder, command }: Script): string {
  const [node, slipway] = command.map(quoted);
  return `#!/bin/sh
${MARK}, which writes it again.
if ! [ -x ${node} ] || ! [ -f ${slipway} ]; then
  echo 'slipway: Slipway is no longer where it was when this repository was made; nothing is deployed' >&2
  echo '→ Run its command "git init" for this repository again.' >&2
  exit 1
fi
exec ${node} ${slipway} git hook ${hook} --repository ${quoted(folder)} --data ${quoted(dataDir)}
`;
}

/** A word of the shell, whatever the text. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** Opens a repository that `initRepository` made. Fails with `InputInvalid` for any other folder. */
export async function openPushed(
  folder: string,
  dataDir: string,
  environment: GitEnvironment,
): Promise<PushedRepository> {
  const own = join(folder, OWN);
  if (!(await isOwn(folder))) {
    throw new Failure('InputInvalid', `${folder} is no repository that Slipway made`, {
      fix: 'Make one with `slipway git init`.',
    });
  }
  const git = openGit(folder, environment);
  const reports = join(own, 'reports');
  await mkdir(reports, { recursive: true, mode: 0o700 });
  return {
    git,
    reports,
    stores: {
      lfs: join(folder, 'lfs'),
      lfsFix:
        'Git LFS copies them only to a remote with a name and a path on this machine: `git remote add slipway FOLDER`, `git lfs push --all slipway`, and push again.',
      dvc: await dvcRemotesOf(git),
      bucket: join(resolve(dataDir), 'bucket'),
      dvcFix: `Send them by \`dvc push\`, to a remote s3://bucket/… of this Slipway, or to a folder that this repository may read: git -C ${folder} config --add ${DVC_REMOTE} FOLDER.`,
    },
    inFolder: (work) => inFolder(join(own, 'work'), work),
    async alone(work) {
      const unlock = locked(join(own, 'lock'));
      try {
        return await work();
      } finally {
        unlock();
      }
    },
  };
}

const MOST_WAIT_MS = 600_000;

/** Locks a file for this process, which waits meanwhile. SQLite's file lock is the one lock that Node has; the system frees it when the process dies. */
function locked(path: string): () => void {
  const lock = new DatabaseSync(path, { timeout: MOST_WAIT_MS });
  try {
    lock.exec('PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE');
  } catch (cause) {
    lock.close();
    throw new Failure('PlatformUnavailable', 'another push has not begun its deployments yet', {
      cause,
      fix: 'Push again in a while, or run `slipway git deploy`: the commits are here already.',
    });
  }
  return () => lock.close();
}

async function dvcRemotesOf(git: Git): Promise<readonly string[]> {
  const found = (await git.found('config', '-z', '--get-all', DVC_REMOTE)) ?? '';
  return found.split('\0').filter((folder) => folder !== '');
}

/** Opens the repository of a working folder, as a CI job has it. Fails with `InputInvalid` outside any. */
export async function openCheckout(
  folder: string,
  environment: GitEnvironment,
): Promise<Repository> {
  const top = resolve(folder);
  const git = openGit(join(top, '.git'), environment);
  const found = await git.found('rev-parse', '--path-format=absolute', '--git-common-dir');
  if (found === undefined) {
    throw new Failure('InputInvalid', `${top} is not the top of a checkout of Git`, {
      fix: 'Run the command in the folder that has .git, or name it with --repository.',
    });
  }
  const common = found.trim();
  return {
    git,
    stores: {
      lfs: join(common, 'lfs'),
      lfsFix: 'Fetch them first: `git lfs fetch`, or `lfs: true` for actions/checkout.',
      dvc: [join(top, '.dvc', 'cache')],
      bucket: null,
      dvcFix: 'Fetch them first: `dvc fetch`.',
    },
    inFolder: (work) => inFolder(join(common, OWN), work),
  };
}

/** Each folder has the number of its process, so that the next process removes those that a killed one has left. */
async function inFolder<Result>(
  parent: string,
  work: (folder: string) => Promise<Result>,
): Promise<Result> {
  await mkdir(parent, { recursive: true, mode: 0o700 });
  for (const name of await readdir(parent)) {
    const [, pid] = /^(\d+)-/.exec(name) ?? [];
    if (pid && !isAlive(Number(pid)))
      await rm(join(parent, name), { recursive: true, force: true });
  }
  const folder = await mkdtemp(join(parent, `${process.pid}-`));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
