import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { lookAtWalls } from '#adapters/local/servers/look-at-walls.ts';
import { type Walls, type Within, wallsVariable } from '#adapters/local/servers/walls.ts';

const run = promisify(execFile);

export const LAUNCHER = fileURLToPath(
  new URL('../../../runtimes/python/slipway_server/walls.py', import.meta.url),
);
export const ENEMY = fileURLToPath(new URL('./enemy.py', import.meta.url));
const CANARIES = fileURLToPath(new URL('./canaries.py', import.meta.url));
const FOLDERS = ['outside', 'other', 'model', 'scratch'] as const;

/** The walls of this machine, for tests: empty without Linux and a Python. */
export const MACHINE: Walls = await lookAtWalls(LAUNCHER, [tmpdir()]);

export const NODE_LAUNCHER = fileURLToPath(
  new URL('../../../runtimes/python/slipway_server/walls.mjs', import.meta.url),
);
/** The walls that it would have without a Python, by Node. */
export const MACHINE_BY_NODE: Walls = await lookAtWalls(LAUNCHER, [tmpdir()], {
  python: '/no/such/python3',
  node: NODE_LAUNCHER,
});

// Calls that a kernel's settings refuse to every process of a user.
const SETTINGS = [
  {
    path: '/proc/sys/kernel/yama/ptrace_scope',
    attempts: [
      'reads the memory of Slipway',
      'reads the memory of Slipway as a file',
      'traces Slipway',
    ],
  },
  { path: '/proc/sys/kernel/io_uring_disabled', attempts: ['asks the kernel by a ring'] },
];

// Exits with 22, EINVAL, where the kernel lets no socket connect that has ever listened: Linux 6.18.44 does, earlier ones did not.
const LISTENS_THEN_CONNECTS = `
import ctypes, socket, sys
there, made = socket.socket(), socket.socket()
there.listen()
made.listen()
made.shutdown(socket.SHUT_RDWR)
ctypes.CDLL(None).connect(made.fileno(), ctypes.create_string_buffer(16), 16)
sys.exit(made.connect_ex(("127.0.0.1", there.getsockname()[1])))
`;

function mayConnectAfterListening(): boolean {
  if (MACHINE.python === null) return true;
  return spawnSync(MACHINE.python, ['-c', LISTENS_THEN_CONNECTS]).status !== 22;
}

/** The attempts of canaries.py that this kernel refuses without any wall. */
export function refusedByKernel(): readonly string[] {
  const isSet = (path: string) => existsSync(path) && Number(readFileSync(path, 'utf8')) > 0;
  return [
    ...SETTINGS.filter(({ path }) => isSet(path)).flatMap(({ attempts }) => attempts),
    ...(MACHINE.namespaces ? [] : ["makes a user's namespace"]),
    ...(availableParallelism() > 1 ? [] : ['binds Slipway to a processor']),
    ...(mayConnectAfterListening()
      ? []
      : ['turns its own socket around', 'connects by a first packet']),
  ];
}

const KINDS = ['landlock', 'seccomp', 'namespaces'] as const;
export type WallKind = (typeof KINDS)[number];
// From this version on, Landlock holds everything that the table says of it.
const WHOLE_LANDLOCK = 6;

/** Says why these walls, or all, cannot be tried on this machine; undefined when they can. */
export function missingWalls(...kinds: readonly WallKind[]): string | undefined {
  if (MACHINE.python === null) return 'there is no python3 that could set the walls';
  const wanted = kinds.length > 0 ? kinds : KINDS;
  const has = { ...MACHINE, landlock: MACHINE.landlock >= WHOLE_LANDLOCK };
  const missing = wanted.filter((kind) => !has[kind]);
  return missing.length > 0 ? `this kernel allows no ${missing.join(', no ')}` : undefined;
}

/** A Python that every user may run, unlike one that root installed for itself. */
const SYSTEM_PYTHON = '/usr/bin/python3';
const NOBODY = 65_534;

/** The reason why a root cannot run a Python as nobody here; undefined when it can, or when this user is not root. */
export const missingNobody =
  process.getuid?.() === 0 && !existsSync(SYSTEM_PYTHON)
    ? `there is no ${SYSTEM_PYTHON}, which nobody could run`
    : undefined;

export type CanaryWorld = Awaited<ReturnType<typeof canaryWorld>>;

// Opened as Slipway opens a server's files: a listening socket, and no input. The process that started Slipway may have left a file open.
const OPENED = `
import os, socket, sys
made = socket.create_server(("127.0.0.1", 0))
os.environ["LISTENING_FD"] = str(os.dup2(made.fileno(), 4))
os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
if left := os.environ.get("LEFT_OPEN"):
    os.dup2(os.open(left, os.O_RDWR), 200)
os.execv(sys.argv[1], sys.argv[1:])
`;

/** A folder with a model, its scratch, and all that the model has no business with: files, sockets, another model, a listener. */
export async function canaryWorld() {
  const root = mkdtempSync(join(tmpdir(), 'slipway-canaries-'));
  const path = (name: string) => join(root, name);
  for (const name of FOLDERS) mkdirSync(path(name));
  for (const name of [
    'outside/secret',
    'outside/writable',
    'outside/removable',
    'model/model.bin',
    'other/model.bin',
  ])
    writeFileSync(path(name), 'x');
  const listener = await listening({ port: 0, host: '127.0.0.1' });
  const { port } = listener.address() as AddressInfo;
  const servers = [
    listener,
    await listening({ path: path('outside/socket') }),
    await listening({ path: `\0slipway-${port}` }),
  ];
  const datagrams = await receiving(path('outside/datagrams'));
  const arguments_ = [path('outside'), path('other'), String(port), path('model'), path('scratch')];

  /** Runs a Python behind these walls, and returns its output. */
  async function python(
    walls: Walls,
    given: readonly string[],
    over: Partial<Within> = {},
    told: Readonly<Record<string, string>> = {},
  ) {
    const program = String(MACHINE.python);
    const within = {
      // Python's own walls know where it is.
      read: [path('model'), CANARIES, ...(walls.node ? [dirname(dirname(program))] : [])],
      write: [path('scratch')],
      execute: [program],
      limits: {},
      ...over,
    };
    const env = { PATH: '/usr/bin:/bin', ...told, ...wallsVariable(walls, within) };
    const command = [program, ...given];
    const started = [...launcherOf(walls), ...command];
    const opened = ['-I', '-S', '-c', OPENED, ...started];
    return (await run(program, opened, { env, cwd: path('scratch') })).stdout;
  }

  return {
    path,
    port,
    python,
    /** Some rights of root are not limited, so a root runs this as nobody. */
    async pythonOfNobody(code: string, limits: Readonly<Record<string, number>>) {
      const isRoot = process.getuid?.() === 0;
      const program = isRoot ? SYSTEM_PYTHON : String(MACHINE.python);
      const user = isRoot ? { uid: NOBODY, gid: NOBODY } : {};
      if (isRoot) {
        chmodSync(root, 0o755);
        chownSync(path('scratch'), NOBODY, NOBODY);
      }
      const within = {
        read: [],
        write: [path('scratch')],
        execute: [program],
        limits,
      };
      const env = { PATH: '/usr/bin:/bin', ...wallsVariable(MACHINE, within) };
      const given = ['-I', '-S', LAUNCHER, program, '-c', code];
      return (await run(program, given, { env, cwd: path('scratch'), ...user })).stdout;
    },
    /** Runs all attempts, and answers the names of those that were refused. */
    async refused(
      walls: Walls,
      told: Readonly<Record<string, string>> = {},
    ): Promise<readonly string[]> {
      const said = await python(walls, [CANARIES, ...arguments_], {}, told);
      const found: Record<string, string> = JSON.parse(said);
      return Object.entries(found).flatMap(([name, result]) => (result === 'done' ? [] : [name]));
    },
    close() {
      datagrams.stdin.end();
      for (const server of servers) server.close();
      rmSync(root, { recursive: true, force: true });
    },
  };
}

/** A server without walls is started as if there were no walls at all. */
function launcherOf({ python, node }: Walls): readonly string[] {
  if (python) return [python, '-I', '-S', LAUNCHER];
  return node ? [process.execPath, node] : [];
}

// Node has no socket of datagrams in a folder.
const RECEIVE = `
import socket, sys
made = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
made.bind(sys.argv[1])
print("bound", flush=True)
sys.stdin.read()
`;

async function receiving(path: string) {
  const child = spawn(String(MACHINE.python), ['-c', RECEIVE, path], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  return child;
}

async function listening(at: { port: number; host: string } | { path: string }): Promise<Server> {
  const server = createServer((socket) => socket.destroy());
  server.listen(at);
  await once(server, 'listening');
  return server;
}
