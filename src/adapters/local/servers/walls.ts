import { execFile } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import * as z from 'zod/mini';
import limits from '#domain/data/lambda-limits.json' with { type: 'json' };

const run = promisify(execFile);

/**
 * What this machine has to keep a process that loads a model to itself: the version of Landlock (0: none), filters of system calls (seccomp), namespaces of a user's own.
 * `python` is the program that sets them for a server which is none of Python's; null where there is none, and then all others are not there.
 */
export type Walls = {
  readonly python: string | null;
  readonly landlock: number;
  readonly seccomp: boolean;
  readonly namespaces: boolean;
};

export const NO_WALLS: Walls = { python: null, landlock: 0, seccomp: false, namespaces: false };

const found = z.object({
  python: z.string(),
  landlock: z.int(),
  seccomp: z.boolean(),
  namespaces: z.boolean(),
});

const LOOK_MS = 10_000;
const MEBIBYTE = 1024 * 1024;
/** What a replica in a container has open at most, where it does not say otherwise. */
const MOST_FILES = 4096;
const GIBIBYTE = 1024 * MEBIBYTE;
const MOST_BUILD_BYTES = 16 * GIBIBYTE;
const BUILD_CPU_SECONDS = 1800;

/**
 * Looks at what this machine has; nothing is what it answers where it cannot. `launcher` is runtimes/python/slipway_server/walls.py.
 * Namespaces are used only where `folders` can be read in them: there a root has no right to the files of others.
 */
export async function lookAtWalls(launcher: string, folders: readonly string[]): Promise<Walls> {
  if (process.platform !== 'linux') return NO_WALLS;
  const given = ['-I', '-S', launcher, '--look', ...folders];
  try {
    const { stdout } = await run('python3', given, { timeout: LOOK_MS });
    return found.parse(JSON.parse(stdout));
  } catch {
    return NO_WALLS;
  }
}

/** In one line, for people. */
export function wallsLine({ landlock, seccomp, namespaces }: Walls): string {
  const there = [
    ...(landlock > 0 ? [`Landlock ${landlock}`] : []),
    ...(seccomp ? ['seccomp'] : []),
    ...(namespaces ? ['namespaces'] : []),
  ];
  return there.join(', ') || 'none';
}

// As of these, Landlock holds all that it is asked for here: Linux 6.12.
const WHOLE_LANDLOCK = 6;

/** What a model could still do on this machine, each as a predicate; empty where all walls stand. `isRoot`: Slipway runs as root. */
export function leftOpen(walls: Walls, isRoot: boolean): readonly string[] {
  const { python, landlock, seccomp, namespaces } = walls;
  if (python === null) return ['can read and write your files, and reach the network'];
  return [
    ...(landlock === 0 ? ['can read your files, and start programs'] : []),
    ...(landlock < WHOLE_LANDLOCK ? ['can signal your processes'] : []),
    ...(seccomp ? [] : ['can reach Unix sockets, such as that of Docker']),
    ...(seccomp || namespaces || landlock >= WHOLE_LANDLOCK ? [] : ['can reach the network']),
    ...(namespaces ? [] : ['can change the mode and the times of your files']),
    ...(namespaces && !isRoot ? [] : ['can start as many processes as fit']),
  ];
}

/** What a process that loads a model needs: files that it reads, folders that it may write to, and how much of the machine. */
export type Within = {
  readonly read: readonly string[];
  readonly write: readonly string[];
  /** The programs that the launcher becomes. */
  readonly execute?: readonly string[];
  /** Whether it gets a socket on HOST and PORT. */
  readonly listens: boolean;
  readonly limits: Readonly<Record<string, number>>;
};

/** The variable by which a process of Python, or the launcher, sets them; nothing where this machine has none. */
export function wallsVariable(walls: Walls, within: Within): Readonly<Record<string, string>> {
  if (walls.python === null) return {};
  const { landlock, seccomp, namespaces } = walls;
  return { SLIPWAY_WALLS: JSON.stringify({ landlock, seccomp, namespaces, ...within }) };
}

/** Memory is what it may ask for, not what it holds: a little more than twice that, as one who is over is ended by a look at what it holds. */
export function servingLimits(memoryMiB: number): Readonly<Record<string, number>> {
  return {
    files: MOST_FILES,
    processes: limits.processesMax,
    fileBytes: limits.ephemeralMinMiB * MEBIBYTE,
    dataBytes: 2 * memoryMiB * MEBIBYTE + 2 * GIBIBYTE,
  };
}

/** Those around what loads a model in a build, but for its files, which the build knows: for buildspecs/commands/prove-model.mjs. */
export function buildWalls(walls: Walls): Readonly<Record<string, string>> {
  const { SLIPWAY_WALLS } = wallsVariable(walls, {
    read: [],
    write: [],
    listens: false,
    limits: {
      files: MOST_FILES,
      processes: limits.processesMax,
      dataBytes: Math.min(MOST_BUILD_BYTES, Math.floor(totalmem() * 0.75)),
      cpuSeconds: BUILD_CPU_SECONDS,
    },
  });
  return SLIPWAY_WALLS === undefined ? {} : { WALLS: SLIPWAY_WALLS };
}

/** Node's own permissions: they hold its JavaScript, on every system; what onnxruntime does itself, only the kernel does. */
export function nodePermissions({ read, write }: Pick<Within, 'read' | 'write'>) {
  return [
    '--permission',
    ...read.map((path) => `--allow-fs-read=${path}`),
    ...write.flatMap((path) => [`--allow-fs-read=${path}`, `--allow-fs-write=${path}`]),
    // onnxruntime is one, and has a thread of its own.
    ...['--allow-addons', '--allow-worker', '--disable-warning=SecurityWarning'],
    // Before Node 25 the network was not asked for.
    ...(process.allowedNodeEnvironmentFlags.has('--allow-net') ? ['--allow-net'] : []),
  ];
}

/** What the server of ONNX models is made of: its script with the others beside it, its packages, and what Node reads to find those. `root` holds all of Slipway. */
export function serverFiles(serverEntry: string, root: string): readonly string[] {
  const library = createRequire(serverEntry).resolve('onnxruntime-node/package.json');
  const scopes = [dirname(serverEntry), dirname(dirname(serverEntry)), root];
  const named = [
    ...[dirname(serverEntry), dirname(dirname(library)), join(root, 'node_modules')],
    ...scopes.map((folder) => join(folder, 'package.json')),
  ].filter(existsSync);
  return [...new Set([...named, ...named.map((path) => realpathSync(path))])];
}
