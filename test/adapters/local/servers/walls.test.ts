import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { NO_WALLS, type Walls } from '#adapters/local/servers/walls.ts';
import { needing } from '../../../support/needs.ts';
import {
  type CanaryWorld,
  canaryWorld,
  LAUNCHER,
  MACHINE,
  MACHINE_BY_NODE,
  missingNobody,
  missingWalls,
  NODE_LAUNCHER,
  refusedByKernel,
  type WallKind,
} from '../../../support/walls/canaries.ts';

/** Each attempt of canaries.py, and which of the three refuse it by itself. */
const ATTEMPTS = {
  'reads a file': ['landlock'],
  'lists a folder': ['landlock'],
  'reads another model': ['landlock'],
  'writes a file': ['landlock', 'namespaces'],
  'makes a file beside its model': ['landlock', 'namespaces'],
  'removes a file': ['landlock', 'namespaces'],
  'changes the mode of a file': ['namespaces'],
  'changes the times of a file': ['namespaces'],
  connects: ['landlock', 'seccomp', 'namespaces'],
  'sends a datagram': ['seccomp', 'namespaces'],
  'connects to a socket in a folder': ['seccomp'],
  'connects to an abstract socket': ['landlock', 'seccomp', 'namespaces'],
  'sends to a socket in a folder by a pair': ['seccomp'],
  'takes another port': ['landlock', 'seccomp'],
  'turns its own socket around': ['landlock', 'seccomp'],
  // A gap that Landlock has known since it holds TCP.
  'connects by a first packet': ['seccomp'],
  'signals Slipway': ['landlock'],
  'reads the environment of Slipway': ['landlock', 'namespaces'],
  'reads the memory of Slipway': ['landlock', 'seccomp', 'namespaces'],
  'reads the memory of Slipway as a file': ['landlock', 'namespaces'],
  'traces Slipway': ['landlock', 'seccomp', 'namespaces'],
  'asks for the limits of Slipway': ['seccomp'],
  'slows Slipway down': ['seccomp'],
  'binds Slipway to a processor': ['seccomp'],
  'schedules Slipway behind others': ['seccomp'],
  'takes the disk from Slipway': ['seccomp'],
  'takes the watches that a user has': ['seccomp'],
  'holds a file that others open': ['seccomp'],
  'keeps memory in a file that has no name': ['seccomp'],
  'keeps memory in a secret file': ['seccomp'],
  'keeps memory that is resident for nobody': ['seccomp'],
  'keeps memory by a device': ['landlock'],
  'keeps memory of the system': ['seccomp'],
  'makes a queue of the system': ['seccomp'],
  'makes a queue with a name': ['seccomp'],
  'makes semaphores of the system': ['seccomp'],
  'has a whole disk flushed': ['seccomp'],
  'starts a program': ['landlock'],
  'starts a program of its own': ['landlock'],
  'leaves its group': ['seccomp'],
  "makes a user's namespace": ['seccomp', 'namespaces'],
  'asks the kernel by a ring': ['seccomp'],
} as const;

// Each waits until all are gone that could end it.
const FORKS = `
import os
ended, kept = os.pipe()
for _ in range(20):
    if os.fork() == 0:
        os.close(kept)
        os.read(ended, 1)
        os._exit(0)
`;

const READ_LEFT_OPEN = ['-c', 'import os; print(os.pread(200, 9, 0))'];

// Prints whether its input is a pipe, and the text that it reads there.
const READ_INPUT = [
  '-c',
  'import os, stat; print(stat.S_ISFIFO(os.fstat(0).st_mode), os.read(0, 9))',
];

// Folders in which people keep private keys, sources and settings beside files that every program reads.
const SYSTEM_FOLDERS = [
  '/etc/ssl',
  '/etc/ssl/certs',
  '/etc/ssl/private',
  '/etc/pki',
  '/etc/ca-certificates',
  '/usr',
  '/usr/src',
  '/usr/local/etc',
];

const NAMES = Object.keys(ATTEMPTS);
const KINDS = ['landlock', 'seccomp', 'namespaces'] as const;

const only = (kind: WallKind): Walls => ({
  ...NO_WALLS,
  python: MACHINE.python,
  [kind]: MACHINE[kind],
});

function refusedBy(kind: WallKind): readonly string[] {
  return NAMES.filter((name) =>
    ATTEMPTS[name as keyof typeof ATTEMPTS].some((each: string) => each === kind),
  );
}

needing(MACHINE.python === null ? missingWalls() : undefined, () => {
  describe('a process that loads a model', () => {
    let world: CanaryWorld;
    beforeEach(async () => {
      world = await canaryWorld();
    });
    afterEach(() => world.close());

    it('could do anything that its user can, without walls', async () => {
      const refused = await world.refused(NO_WALLS);

      const refusedToAll = refusedByKernel();
      expect(refused.filter((name) => !refusedToAll.includes(name))).toEqual([]);
      expect(existsSync(world.path('outside/removable'))).toBe(false);
    });

    needing(missingWalls(), () => {
      it('can do nothing of that behind all of them', async () => {
        const refused = await world.refused(MACHINE);

        expect(refused).toEqual(NAMES);
        expect(readFileSync(world.path('scratch/scratch'), 'utf8')).toBe('may be written');
        expect(readFileSync(world.path('outside/writable'), 'utf8')).toBe('x');
        expect(existsSync(world.path('outside/removable'))).toBe(true);
      });
    });

    for (const kind of KINDS) {
      needing(missingWalls(kind), () => {
        it(`is refused by ${kind} alone at least what the table says`, async () => {
          const refused = await world.refused(only(kind));

          expect(refused).toEqual(expect.arrayContaining([...refusedBy(kind)]));
        });
      });
    }

    needing(missingWalls(), () => {
      it('reaches the network when its code is its owner’s and his manifest opens it, but nothing else of this machine', async () => {
        writeFileSync(
          world.path('model/facts.json'),
          JSON.stringify({ format: 'python', brings: 'code', network: 'open' }),
        );

        const refused = await world.refused(MACHINE, {
          MODEL_FACTS: world.path('model/facts.json'),
        });

        const opened = NAMES.filter((name) => !refused.includes(name));
        const wanted = [
          'connects',
          'sends a datagram',
          'sends to a socket in a folder by a pair',
          'takes another port',
          'turns its own socket around',
          'connects by a first packet',
          'starts a program',
          'starts a program of its own',
        ];
        const refusedToAll = refusedByKernel();
        expect(opened).toEqual(wanted.filter((name) => !refusedToAll.includes(name)));
      });
    });

    needing(missingWalls(), () => {
      it.each([
        ['data', { format: 'sklearn', brings: 'data', network: 'open' }],
        [
          'code whose manifest does not open it',
          { format: 'python', brings: 'code', network: 'none' },
        ],
      ])('does not reach it for a model of %s', async (_, facts) => {
        writeFileSync(world.path('model/facts.json'), JSON.stringify(facts));

        const refused = await world.refused(MACHINE, {
          MODEL_FACTS: world.path('model/facts.json'),
        });

        expect(refused).toContain('connects');
      });
    });

    it.each([
      [
        'files',
        { files: 20 },
        'kept = [open("/dev/null") for _ in range(30)]',
        'Too many open files',
      ],
      [
        'bytes in a file',
        { fileBytes: 1000 },
        'import os; os.write(os.open("big", os.O_CREAT | os.O_WRONLY), bytes(1000)); os.write(os.open("big", os.O_APPEND | os.O_WRONLY), b"x")',
        'File too large',
      ],
      ['memory', { dataBytes: 2 ** 28 }, 'bytearray(2 ** 29)', 'MemoryError'],
      ['CPU', { cpuSeconds: 1 }, 'while True: pass', 'SIGXCPU'],
    ])('gets no more %s than its limit', async (_, limits, code, says) => {
      const ended = await world.python(MACHINE, ['-c', code], { limits }).catch((error) => error);

      expect(`${ended.signal} ${ended.stderr}`).toContain(says);
    });

    needing(missingWalls('namespaces') ?? missingNobody, () => {
      it('starts no more processes than its limit, unless it is of a root', async () => {
        const ended = await world.pythonOfNobody(FORKS, { processes: 10 }).catch((error) => error);

        expect(ended.stderr).toContain('BlockingIOError');
      });
    });

    needing(missingWalls('landlock'), () => {
      it('has an input of its own, which is over: it could close the machine’s /dev/null to everybody', async () => {
        expect(await world.python(MACHINE, READ_INPUT)).toBe("True b''\n");
      });
    });

    it('has a file that was left open when Slipway started, without walls', async () => {
      const told = { LEFT_OPEN: world.path('outside/secret') };

      expect(await world.python(NO_WALLS, READ_LEFT_OPEN, {}, told)).toBe("b'x'\n");
    });

    for (const kind of KINDS) {
      needing(missingWalls(kind), () => {
        it(`does not have it behind ${kind} alone`, async () => {
          const told = { LEFT_OPEN: world.path('outside/secret') };

          const ended = await world
            .python(only(kind), READ_LEFT_OPEN, {}, told)
            .catch((error) => error);

          expect(ended.stderr).toContain('Bad file descriptor');
        });
      });
    }

    needing(missingWalls('landlock'), () => {
      const landlock = only('landlock');

      it.each(SYSTEM_FOLDERS.filter(existsSync))('does not list %s', async (folder) => {
        const code = `import os; os.listdir(${JSON.stringify(folder)})`;

        const ended = await world.python(landlock, ['-c', code]).catch((error) => error);

        expect(ended.stderr).toContain('PermissionError');
      });

      it('has the certificates that a client needs all the same', async () => {
        const code = 'import ssl; print(len(ssl.create_default_context().get_ca_certs()))';

        const behind = await world.python(landlock, ['-c', code]);

        expect(behind).toBe(await world.python(NO_WALLS, ['-c', code]));
      });

      it('reads of the folder that Python is installed in what programs are made of, and nothing else where that is a home', async () => {
        mkdirSync(world.path('outside/lib'));
        writeFileSync(world.path('outside/lib/module'), 'x');
        const code = `
import json, os, sys
sys.path.insert(0, ${JSON.stringify(dirname(LAUNCHER))})
import walls
sys.prefix = sys.exec_prefix = sys.base_prefix = sys.base_exec_prefix = ${JSON.stringify(world.path('outside'))}
walls.enter(os.environ)
for path in ("lib/module", "secret"):
    print(path, os.access(sys.prefix, os.X_OK), end=" ")
    try:
        print(open(os.path.join(sys.prefix, path)).read())
    except OSError as error:
        print(error.strerror)
`;
        const within = { landlock: landlock.landlock, seccomp: false, namespaces: false };
        const told = { ...within, read: [], write: [world.path('scratch')], limits: {} };

        const said = await world.python(
          NO_WALLS,
          ['-c', code],
          {},
          {
            SLIPWAY_WALLS: JSON.stringify(told),
          },
        );

        expect(said).toBe('lib/module True x\nsecret True Permission denied\n');
      });
    });

    needing(missingWalls('landlock', 'seccomp'), () => {
      describe('without a Python, for which Node sets them', () => {
        const byNode = (kind: 'landlock' | 'seccomp'): Walls => ({
          ...NO_WALLS,
          node: NODE_LAUNCHER,
          [kind]: MACHINE_BY_NODE[kind],
        });

        it('has those that Node can set', () => {
          const { landlock, seccomp } = MACHINE;

          expect(MACHINE_BY_NODE).toEqual({
            ...{ python: null, node: NODE_LAUNCHER },
            ...{ landlock, seccomp, namespaces: false },
          });
        });

        it('is refused all but what only a namespace holds', async () => {
          const refused = await world.refused(MACHINE_BY_NODE);

          expect(NAMES.filter((name) => !refused.includes(name))).toEqual([
            'changes the mode of a file',
            'changes the times of a file',
          ]);
          expect(readFileSync(world.path('scratch/scratch'), 'utf8')).toBe('may be written');
        });

        it.each(['landlock', 'seccomp'] as const)(
          'is refused by %s alone what it is refused by a Python’s',
          async (kind) => {
            const refused = await world.refused(byNode(kind));

            expect(refused).toEqual(expect.arrayContaining([...refusedBy(kind)]));
          },
        );

        it.each([
          ['files', { files: 40 }, 'kept = [open("/dev/null") for _ in range(50)]', 'Too many'],
          [
            'bytes in a file',
            { fileBytes: 1000 },
            'import os; os.write(os.open("big", os.O_CREAT | os.O_WRONLY), bytes(1000)); os.write(os.open("big", os.O_APPEND | os.O_WRONLY), b"x")',
            'File too large',
          ],
          ['memory', { dataBytes: 2 ** 30 }, 'bytearray(2 ** 31)', 'MemoryError'],
          ['CPU', { cpuSeconds: 1 }, 'while True: pass', 'SIGXCPU'],
        ])('gets no more %s than its limit', async (_, limits, code, says) => {
          const ended = await world
            .python(MACHINE_BY_NODE, ['-c', code], { limits })
            .catch((error) => error);

          expect(`${ended.signal} ${ended.stderr}`).toContain(says);
        });

        it('has an input of its own, which is over', async () => {
          expect(await world.python(MACHINE_BY_NODE, READ_INPUT)).toBe("True b''\n");
        });

        it('has no file that was left open when Slipway started', async () => {
          const told = { LEFT_OPEN: world.path('outside/secret') };

          const ended = await world
            .python(MACHINE_BY_NODE, READ_LEFT_OPEN, {}, told)
            .catch((error) => error);

          expect(ended.stderr).toContain('Bad file descriptor');
        });

        it('does not run where a wall that is asked for cannot be set', async () => {
          const asked = { ...MACHINE_BY_NODE, namespaces: true };

          const ended = await world.python(asked, ['-c', 'print("runs")']).catch((error) => error);

          expect(ended.code).toBe(2);
          expect(ended.stderr).toContain('the walls around the model cannot be set');
        });
      });
    });

    it('does not run where a wall that is asked for cannot be set', async () => {
      const asked = { ...MACHINE, landlock: 1000 };

      const ended = await world
        .python(asked, ['-c', 'print("runs")'], { write: [world.path('missing')] })
        .catch((error) => error);

      expect(ended.code).toBe(2);
      expect(ended.stderr).toContain('the walls around the model cannot be set');
    });
  });
});
