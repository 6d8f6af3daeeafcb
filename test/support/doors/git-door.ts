import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { run } from '../local/commands.ts';
import type { RunningSlipway } from '../slipway/running.ts';

type Ran = Awaited<ReturnType<typeof run>>;

/** A user's own repository, whose remote `slipway` is the one that `slipway git init` made. */
export type GitClone = {
  readonly path: string;
  /** The repository that is pushed to. */
  readonly remote: string;
  /** Runs Git there, as a user without settings of their own. */
  git(...args: readonly string[]): Promise<Ran>;
  /** The same, for a command whose failure is the test's. Answers its output. */
  done(...args: readonly string[]): Promise<string>;
  write(file: string, bytes: Uint8Array | string): Promise<void>;
  /** Commits all that was written. */
  commit(): Promise<void>;
  push(...refs: readonly string[]): Promise<Ran>;
};

export async function gitClone(
  slipway: Pick<RunningSlipway, 'command'>,
  folder: string,
): Promise<GitClone> {
  const remote = join(folder, 'pushed to', "it's.git");
  const path = join(folder, 'clone');
  await mkdir(folder, { recursive: true });
  const made = await slipway.command('git', 'init', remote);
  if (made.code !== 0) throw new Error(made.err);
  const env = { HOME: folder, GIT_CONFIG_NOSYSTEM: '1' };
  await mkdir(path, { recursive: true });
  const git: GitClone['git'] = (...args) => run('git', ['-C', path, ...args], '', env);
  const done: GitClone['done'] = async (...args) => {
    const { code, out, err } = await git(...args);
    if (code !== 0) throw new Error(`git ${args.join(' ')}: ${err}`);
    return out.trim();
  };
  await done('init', '--quiet', '--initial-branch=main');
  await done('config', 'user.name', 'Ada');
  await done('config', 'user.email', 'ada@example.org');
  await done('remote', 'add', 'slipway', remote);
  return {
    path,
    remote,
    git,
    done,
    async write(file, bytes) {
      await mkdir(dirname(join(path, file)), { recursive: true });
      await writeFile(join(path, file), bytes);
    },
    async commit() {
      await done('add', '--all');
      await done('commit', '--quiet', '--allow-empty', '--message', 'a change');
    },
    push: (...refs) => git('push', 'slipway', ...refs),
  };
}
