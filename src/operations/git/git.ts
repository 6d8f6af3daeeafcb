import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { Failure } from '#domain/failure.ts';

/** Reads of one repository, by the program `git`, and writes of its refs. No argument passes a shell. */
export type Git = {
  /** The output of a command, at most 64 MiB. Fails with `InputInvalid` and Git's own words where it fails. */
  text(...args: readonly string[]): Promise<string>;
  /** The same; undefined where the command fails, as for a name that does not exist. */
  found(...args: readonly string[]): Promise<string | undefined>;
  /** The bytes of a blob, as they come. */
  blob(oid: string): AsyncGenerator<Buffer, void>;
  /** The bytes of small blobs, by one process. */
  blobs(oids: readonly string[]): Promise<readonly Buffer[]>;
};

const MOST_BYTES = 64 * 1024 * 1024;

/** The environment of the program `git`. In a hook it says where the pushed objects are. */
export type GitEnvironment = Readonly<Record<string, string | undefined>>;

/** Takes the variables of Git out of an environment, and answers what it was: a build that a hook starts must not see them. */
export function takenGitEnvironment(environment: NodeJS.ProcessEnv): GitEnvironment {
  const whole = { ...environment };
  for (const name of Object.keys(whole)) if (name.startsWith('GIT_')) delete environment[name];
  return whole;
}

export function openGit(gitDir: string, environment: GitEnvironment): Git {
  const env = {
    ...environment,
    GIT_DIR: gitDir,
    // A pushed ref below refs/replace would put other objects in the place of those that were inspected.
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_LITERAL_PATHSPECS: '1',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_TERMINAL_PROMPT: '0',
    LC_ALL: 'C',
  };
  const output = (args: readonly string[]) =>
    new Promise<string>((resolve, reject) => {
      execFile('git', [...args], { env, maxBuffer: MOST_BYTES }, (error, out, err) => {
        if (error) reject(explained(args, error, err));
        else resolve(out);
      });
    });

  async function* blob(oid: string): AsyncGenerator<Buffer, void> {
    const child = spawn('git', ['cat-file', 'blob', oid], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const ended = endOf(child, ['cat-file']);
    try {
      for await (const chunk of child.stdout) yield chunk;
      await ended;
    } finally {
      child.kill();
      await ended.catch(() => undefined);
    }
  }

  async function blobs(oids: readonly string[]): Promise<readonly Buffer[]> {
    const child = spawn('git', ['cat-file', '--batch'], { env, stdio: 'pipe' });
    const ended = endOf(child, ['cat-file']);
    child.stdin.on('error', () => undefined);
    child.stdin.end(oids.map((oid) => `${oid}\n`).join(''));
    const chunks: Buffer[] = [];
    for await (const chunk of child.stdout) chunks.push(chunk);
    await ended;
    return batched(Buffer.concat(chunks), oids);
  }

  return {
    text: (...args) => output(args),
    found: (...args) => output(args).catch(() => undefined),
    blob,
    blobs,
  };
}

/** The answer to each id: a line `ID blob SIZE`, its bytes, and a line end. https://git-scm.com/docs/git-cat-file#_batch_output */
function batched(output: Buffer, oids: readonly string[]): readonly Buffer[] {
  let at = 0;
  return oids.map((oid) => {
    const end = output.indexOf('\n', at);
    const [, size = ''] = /^\S+ blob (\d+)$/.exec(output.toString('latin1', at, end)) ?? [];
    if (size === '') throw new Failure('InputInvalid', `the repository has no blob ${oid}`);
    const begin = end + 1;
    at = begin + Number(size) + 1;
    return output.subarray(begin, at - 1);
  });
}

async function endOf(child: ChildProcess, args: readonly string[]): Promise<void> {
  const said = child.stderr ? text(child.stderr) : Promise.resolve('');
  said.catch(() => undefined);
  const [code] = await once(child, 'exit').catch((error: unknown) => {
    throw explained(args, error, '');
  });
  if (code !== 0) throw explained(args, undefined, await said);
}

function explained(args: readonly string[], cause: unknown, said: string): Failure {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (code === 'ENOENT') {
    return new Failure('InputInvalid', 'there is no program `git` on the PATH', {
      cause,
      fix: 'Install Git 2.31 or later.',
    });
  }
  if (code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') {
    return new Failure('InputInvalid', `git ${args[0]} answers more than 64 MiB`, {
      cause,
      fix: 'Keep fewer files below models/: each model has at most 1,000.',
    });
  }
  const words = said.trim().split('\n')[0] || 'it was stopped';
  return new Failure('InputInvalid', `git ${args[0]}: ${words}`, { cause });
}
