import { existsSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import limits from '#domain/data/lambda-limits.json' with { type: 'json' };

/**
 * The means of this machine to confine a process that loads a model: Landlock's version (0: none), system call filters (seccomp), unprivileged user namespaces.
 * `python` is the program that sets them for a server not written in Python; null when there is none. Then none of the others is available either, but for those that Node sets by itself: `node`.
 */
export type Walls = {
  readonly python: string | null;
  /** The path of runtimes/python/slipway_server/walls.mjs, where that sets them. */
  readonly node?: string;
  readonly landlock: number;
  readonly seccomp: boolean;
  readonly namespaces: boolean;
  /** Why there is no such program, as a clause. */
  readonly missing?: string;
};

export const NO_WALLS: Walls = { python: null, landlock: 0, seccomp: false, namespaces: false };

const MEBIBYTE = 1024 * 1024;
/** The most open files of a replica in a container, by default. */
const MOST_FILES = 4096;
const GIBIBYTE = 1024 * MEBIBYTE;
const MOST_BUILD_BYTES = 16 * GIBIBYTE;
const BUILD_CPU_SECONDS = 1800;

/** A one-line summary for people. */
export function wallsLine({ landlock, seccomp, namespaces, missing }: Walls): string {
  if (missing) return `none: ${missing}`;
  const there = [
    ...(landlock > 0 ? [`Landlock ${landlock}`] : []),
    ...(seccomp ? ['seccomp'] : []),
    ...(namespaces ? ['namespaces'] : []),
  ];
  return there.join(', ') || 'none';
}

// From this version on (Linux 6.12), Landlock enforces everything that is asked of it here.
const WHOLE_LANDLOCK = 6;

/** The things that a model could still do on this machine, as predicates; empty when all walls stand. `isRoot`: Slipway runs as root. */
export function leftOpen(walls: Walls, isRoot: boolean): readonly string[] {
  const { landlock, seccomp, namespaces } = walls;
  if (areNone(walls)) return ['can read and write your files, and reach the network'];
  return [
    ...(landlock === 0 ? ['can read your files, and start programs'] : []),
    ...(landlock < WHOLE_LANDLOCK ? ['can signal your processes'] : []),
    ...(seccomp
      ? []
      : ['can reach Unix sockets, such as that of Docker', 'can slow your processes down']),
    ...(seccomp || namespaces || landlock >= WHOLE_LANDLOCK ? [] : ['can reach the network']),
    ...(landlock > 0 || namespaces ? [] : ["can read Slipway's environment and memory"]),
    ...(namespaces ? [] : ['can change the mode and the times of your files']),
    ...(namespaces && !isRoot ? [] : ['can start as many processes as fit']),
  ];
}

/**
 * Why this machine keeps nothing of yours from a model that Python loads, as a clause; null where a wall of the kernel does.
 * Node's own permissions hold a model of the ONNX server, but nothing holds a Python without them.
 */
export function unwalled(walls: Walls): string | null {
  const { landlock, namespaces, missing } = walls;
  if (areNone(walls)) return missing ?? 'no python3 runs to set them';
  if (landlock > 0 || namespaces) return null;
  return 'this kernel, or the container that Slipway is in, allows neither Landlock nor namespaces of users';
}

function areNone({ python, node }: Walls): boolean {
  return python === null && node === undefined;
}

/** The files that a process which loads a model reads, the folders that it writes, and its limits. */
export type Within = {
  readonly read: readonly string[];
  readonly write: readonly string[];
  /** The programs that the launcher may become. */
  readonly execute?: readonly string[];
  readonly limits: Readonly<Record<string, number>>;
};

/** The variable from which a Python process, or the launcher, sets the walls; empty when this machine has none. */
export function wallsVariable(walls: Walls, within: Within): Readonly<Record<string, string>> {
  if (areNone(walls)) return {};
  const { landlock, seccomp, namespaces } = walls;
  return { SLIPWAY_WALLS: JSON.stringify({ landlock, seccomp, namespaces, ...within }) };
}

/** `dataBytes` limits what it may allocate: a little more than twice the memory limit, which itself is enforced by watching resident memory. */
export function servingLimits(memoryMiB: number): Readonly<Record<string, number>> {
  return {
    files: MOST_FILES,
    processes: limits.processesMax,
    fileBytes: limits.ephemeralMinMiB * MEBIBYTE,
    dataBytes: 2 * memoryMiB * MEBIBYTE + 2 * GIBIBYTE,
  };
}

/** The walls around a model loaded in a build, without its files, which the build knows: for buildspecs/commands/model-python.mjs, which loads no model without being told of them. `isAllowed`: where there are none, it is to load models all the same. */
export function buildWalls(walls: Walls, isAllowed: boolean): Readonly<Record<string, string>> {
  if (unwalled(walls) !== null && !isAllowed) return {};
  const { SLIPWAY_WALLS } = wallsVariable(walls, {
    read: [],
    write: [],
    limits: {
      files: MOST_FILES,
      processes: limits.processesMax,
      dataBytes: mostBuildMiB() * MEBIBYTE,
      cpuSeconds: BUILD_CPU_SECONDS,
    },
  });
  return { WALLS: SLIPWAY_WALLS ?? 'none' };
}

/** How much memory a build may hold: each of its processes that loads a model by the walls, and all of them together. */
export function mostBuildMiB(): number {
  return Math.floor(Math.min(MOST_BUILD_BYTES, totalmem() * 0.75) / MEBIBYTE);
}

/** Node's own permissions: they confine its JavaScript on every system; onnxruntime's native code is only confined by the kernel. */
export function nodePermissions({ read, write }: Pick<Within, 'read' | 'write'>) {
  return [
    '--permission',
    ...read.map((path) => `--allow-fs-read=${path}`),
    ...write.flatMap((path) => [`--allow-fs-read=${path}`, `--allow-fs-write=${path}`]),
    // onnxruntime is an addon, and runs in a worker.
    ...['--allow-addons', '--allow-worker', '--disable-warning=SecurityWarning'],
    // Before Node 25, the network needed no permission.
    ...(process.allowedNodeEnvironmentFlags.has('--allow-net') ? ['--allow-net'] : []),
  ];
}

/** The files of the ONNX server: its script and the modules beside it, its packages, and what Node reads to resolve them. `root` holds all of Slipway. */
export function serverFiles(serverEntry: string, root: string): readonly string[] {
  const library = createRequire(serverEntry).resolve('onnxruntime-node/package.json');
  const scopes = [dirname(serverEntry), dirname(dirname(serverEntry)), root];
  const named = [
    ...[dirname(serverEntry), dirname(dirname(library)), join(root, 'node_modules')],
    ...scopes.map((folder) => join(folder, 'package.json')),
  ].filter(existsSync);
  return [...new Set([...named, ...named.map((path) => realpathSync(path))])];
}
