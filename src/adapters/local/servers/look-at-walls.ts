import { execFile } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { promisify } from 'node:util';
import * as z from 'zod/mini';
import { Failure } from '#domain/failure.ts';
import { NO_WALLS, type Walls } from './walls.ts';

const run = promisify(execFile);

const found = z.object({
  python: z._default(z.nullable(z.string()), null),
  landlock: z.int(),
  seccomp: z.boolean(),
  namespaces: z.boolean(),
  closed: z.array(z.string()),
});

// A look takes 0.1 to 0.3 s; on a machine at fifty times its load it has taken ten.
const LOOKS_MS: readonly number[] = [10_000, 20_000, 30_000];
// The exit codes of a shell, and of a shim such as pyenv's, where there is no program behind the name, or none that may be run.
const NOT_THERE: readonly unknown[] = ['ENOENT', 'EACCES', 126, 127];
const NO_BINDING = 'ERR_MODULE_NOT_FOUND';
// The error of a Python that is too old to read the launcher; one that can read it ends with 127 where it is too old to run it.
const TOO_OLD = 'SyntaxError';

type How = {
  /** The program that looks. */
  readonly python?: string;
  /** The path of runtimes/python/slipway_server/walls.mjs, by which Node looks where there is no such program, and then sets them too. */
  readonly node?: string;
  /** How long each attempt may take; the look has failed when the last one has. */
  readonly limitsMs?: readonly number[];
};

/**
 * Finds out what this machine supports. `launcher` is runtimes/python/slipway_server/walls.py; `paths` are absolute, and what a model server has to read behind the walls.
 * A machine that cannot set any says why in `missing`. Fails with `PlatformUnavailable` where that cannot be told, which is no sign that there are none,
 * and with `PlatformDenied` where a server could not read one of `paths` behind them.
 */
export async function lookAtWalls(
  launcher: string,
  paths: readonly string[],
  { python = 'python3', node, limitsMs = LOOKS_MS }: How = {},
): Promise<Walls> {
  if (process.platform !== 'linux') {
    return { ...NO_WALLS, missing: 'they are made of calls that only the kernel of Linux has' };
  }
  const byPython = [python, '-I', '-S', launcher, '--look'] as const;
  const walls = await looked(byPython, paths, limitsMs);
  if (walls) return walls;
  const missing = `no ${python} from 3.9 on runs to set them`;
  if (!node) return { ...NO_WALLS, missing };
  const byNode = await looked([process.execPath, node, '--look'], paths, limitsMs);
  if (byNode) return { ...byNode, node };
  return { ...NO_WALLS, missing: `${missing}, and koffi, by which Node does, is not installed` };
}

/** Undefined where what looks is not there. */
async function looked(
  [program, ...given]: readonly [string, ...string[]],
  paths: readonly string[],
  limitsMs: readonly number[],
) {
  let last = '';
  for (const timeout of limitsMs) {
    try {
      const { stdout } = await run(program, [...given, ...paths], {
        timeout,
        killSignal: 'SIGKILL',
      });
      const { closed, ...walls } = found.parse(JSON.parse(stdout));
      requireOpen(closed);
      return walls;
    } catch (error) {
      if (error instanceof Failure) throw error;
      if (isMissing(error)) return undefined;
      last = howItFailed(error, timeout);
    }
  }
  throw new Failure(
    'PlatformUnavailable',
    `which walls this machine can set around a model could not be told in ${limitsMs.length} attempts: ${program} ${last}`,
    {
      fix: `See what \`${[program, ...given].join(' ')}\` says: a Python has to be 3.9 or later, and it takes well under a second. On a machine that is busy, try again later. Without a python3 on the PATH, Node sets Landlock and seccomp; models are not served without walls that may be there.`,
    },
  );
}

function isMissing(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const isThere = !('code' in error && NOT_THERE.includes(error.code));
  const said = 'stderr' in error ? String(error.stderr) : '';
  return !isThere || said.includes(NO_BINDING) || said.includes(TOO_OLD);
}

function howItFailed(error: unknown, limitMs: number): string {
  if (!(error instanceof Error)) return `failed: ${error}`;
  if ('killed' in error && error.killed) return `did not answer within ${limitMs / 1000} s`;
  if (!('stderr' in error)) return `gave an answer that cannot be read: ${error.message}`;
  const said = String(error.stderr).trim().split('\n').at(-1);
  return `ended: ${said || error.message}`;
}

/** A root has no right to other users' files behind the walls, where it gives up its capabilities. */
function requireOpen([closed]: readonly string[]): void {
  if (closed === undefined) return;
  const { uid, mode } = statSync(closed);
  const owner = nameOf(uid);
  const me = nameOf(process.getuid?.() ?? 0);
  throw new Failure(
    'PlatformDenied',
    `${closed} belongs to ${owner} and is closed to ${me} (mode 0${(mode & 0o7777).toString(8)}) behind the walls around a model, where a root has no more rights than another user; no model server could read its own files`,
    {
      fix: `Start Slipway as ${owner}; or give ${me} the folder, with all that is in it: \`chown -R ${me} ${closed}\`; or open it: \`chmod -R o+rX ${closed}\`.`,
    },
  );
}

function nameOf(uid: number): string {
  try {
    const line = readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .map((each) => each.split(':'))
      .find(([, , id]) => id === String(uid));
    return line?.[0] || `user ${uid}`;
  } catch {
    return `user ${uid}`;
  }
}
