import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ModelServer } from '#adapters/local/servers/model-server.ts';
import { processServers } from '#adapters/local/servers/process-servers.ts';
import { NO_WALLS, serverFiles, type Walls } from '#adapters/local/servers/walls.ts';
import limits from '#domain/data/lambda-limits.json' with { type: 'json' };
import type { RevisionSpec } from '#ports/platform.ts';
import { fakeTimers } from '../../../support/clock/fake-timers.ts';
import { addConstantModel } from '../../../support/models/onnx.ts';
import { needing } from '../../../support/needs.ts';
import {
  LAUNCHER,
  MACHINE,
  MACHINE_BY_NODE,
  missingWalls,
} from '../../../support/walls/canaries.ts';
import { revisionSpec } from '../../../support/worlds/revision-spec.ts';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const CANARIES = join(ROOT, 'test/support/servers/canaries.js');
const ONNX = join(ROOT, 'runtimes/onnx/main.ts');
// Tests under coverage have no compile cache.
const COMPILED = process.env['NODE_COMPILE_CACHE'] ?? mkdtempSync(join(tmpdir(), 'compiled-'));

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'slipway-confined-'));
  mkdirSync(join(root, 'objects'));
  for (const constant of [2, 3]) {
    writeFileSync(join(root, `objects/v${constant - 1}`), addConstantModel({ constant }));
  }
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** Servers by a script behind the walls of a machine; null means no walls. If `isSpare`, each was started before there was a model for it. */
function confined(serverEntry: string, machine: Walls | null, isSpare = false) {
  const said: string[] = [];
  const timers = fakeTimers();
  const servers = processServers({
    directory: join(root, 'revisions'),
    images: join(root, 'images'),
    objectPath: (_key, versionId) => join(root, 'objects', versionId),
    serverEntry,
    walls: machine && {
      machine,
      refuses: null,
      launcher: LAUNCHER,
      serverFiles: serverFiles(serverEntry, ROOT),
      compiled: COMPILED,
    },
    environment: { ...process.env, NODE_COMPILE_CACHE: join(root, 'another cache') },
    timers,
    ...(isSpare && { spares: join(root, 'spares') }),
  });
  const append = async (bytes: Uint8Array) => void said.push(Buffer.from(bytes).toString());
  const begun: ModelServer[] = [];
  return {
    said,
    async begin(spec: RevisionSpec, modelFile = spec.modelFile) {
      servers.keepSpare();
      timers.advance(1_000);
      await servers.prepare(spec);
      writeFileSync(join(root, 'revisions/secret'), '');
      const server = servers.start({ ...spec, modelFile }, { append, tail: async () => said });
      begun.push(server);
      return server.started;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(begun.map((server) => server.kill('the test is over')));
      await servers.close();
    },
  };
}

/** Version 1 of the model, or another one. */
function version(number: number): RevisionSpec {
  return revisionSpec(`v${number}`, { version: number, memoryMiB: limits.memoryPerVcpuMiB });
}

async function started(serverEntry: string, machine: Walls | null, isSpare = false) {
  const servers = confined(serverEntry, machine, isSpare);
  const start = await servers.begin(version(1));
  if (start.kind !== 'ready') throw new Error(`${start.reason}: ${servers.said.join('')}`);
  expect(start.fromSpare ?? false).toBe(isSpare);
  if (isSpare) expect(existsSync(join(root, 'spares/onnx/1/artifact/digits.onnx'))).toBe(true);
  return Object.assign(servers, { origin: start.origin });
}

async function attempts(machine: Walls | null, isSpare = false): Promise<Record<string, string>> {
  const listener = createServer((socket) => socket.destroy());
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  try {
    await using server = await started(CANARIES, machine, isSpare);
    const { port } = listener.address() as AddressInfo;
    return (await (await fetch(`${server.origin}/${port}`)).json()) as Record<string, string>;
  } finally {
    listener.close();
  }
}

const OWN = { 'reads its model': 'done', 'writes to its scratch folder': 'done' };
const DENIED = 'ERR_ACCESS_DENIED';
const BY_NODE = {
  'reads a file': DENIED,
  'lists a folder': DENIED,
  'writes a file': DENIED,
  'writes beside its model': DENIED,
  'starts a program': DENIED,
};
const EVERYTHING = [...Object.keys(BY_NODE), 'signals Slipway', 'connects'];

describe('a server that is none of Python’s', () => {
  it('could do what its user can, where it is not confined', async () => {
    const found = await attempts(null);

    expect(Object.values(found).every((result) => result === 'done')).toBe(true);
    expect(Object.keys(found)).toEqual(expect.arrayContaining(EVERYTHING));
  });

  it('is held by Node’s permissions alone, where there is nothing else: its network and signals are not', async () => {
    const found = await attempts(NO_WALLS);

    expect(found).toEqual({ ...OWN, ...BY_NODE, 'signals Slipway': 'done', connects: 'done' });
    expect(existsSync(join(root, 'revisions/written'))).toBe(false);
  });

  needing(missingWalls('landlock', 'seccomp'), () => {
    it('is held by the kernel too, where there is a Python to ask it', async () => {
      const found = await attempts(MACHINE);

      expect(found).toEqual({ ...OWN, ...BY_NODE, 'signals Slipway': 'EPERM', connects: 'EACCES' });
    });
  });

  needing(missingWalls('landlock', 'seccomp'), () => {
    it('is held by the kernel too where there is no Python, by calls that Node makes', async () => {
      const found = await attempts(MACHINE_BY_NODE);

      expect(found).toEqual({ ...OWN, ...BY_NODE, 'signals Slipway': 'EPERM', connects: 'EACCES' });
    });
  });

  it('is held in the same way where it was started before there was a model for it', async () => {
    const found = await attempts(MACHINE, true);

    expect(found).toEqual(await attempts(MACHINE));
  });
});

describe.each([
  ['the walls of this machine', MACHINE],
  ['Node’s permissions', NO_WALLS],
])('a server behind %s', (_, machine) => {
  it('takes what was compiled before from the cache that it may read, wherever that of Slipway itself is', async () => {
    await using server = await started(CANARIES, machine);

    const compiled = await (await fetch(`${server.origin}/compiled`)).text();

    expect(dirname(compiled)).toBe(COMPILED);
  });
});

describe('a server that was started before there was a model for it', () => {
  const paths = () =>
    ['objects/v2', 'revisions/digits-v2/artifact', 'spares/onnx/2/artifact'].map((path) => {
      const found = join(root, path);
      return statSync(found).isDirectory() ? join(found, 'digits.onnx') : found;
    });

  it('reads the model that it was given, and not that of another', async () => {
    await using servers = await started(CANARIES, MACHINE, true);
    await servers.begin(version(2));

    const read = async (path: string) => (await fetch(`${servers.origin}/read${path}`)).text();

    expect(await read(join(root, 'spares/onnx/1/artifact/digits.onnx'))).toBe('done');
    expect(await Promise.all(paths().map(read))).toEqual([DENIED, DENIED, DENIED]);
  });

  needing(missingWalls('landlock'), () => {
    it('cannot load another model either by what Node’s permissions do not hold, which is onnxruntime itself', async () => {
      await using servers = await started(ONNX, MACHINE, true);

      const outside = await servers.begin(version(2), '../../../../objects/v2');

      expect(outside).toEqual({ kind: 'died', reason: 'exited with code 1' });
      expect(servers.said.join('')).toMatch(/objects\/v2 failed:system error number 13/);
    });
  });

  it('is not used for a model that is to have other limits', async () => {
    await using servers = confined(ONNX, MACHINE, true);

    const start = await servers.begin({ ...version(1), memoryMiB: 512 });

    expect(start.kind).toBe('ready');
    expect(readdirSync(join(root, 'spares/onnx/1/artifact'))).toEqual([]);
  });

  it('leaves no folder behind', async () => {
    {
      await using _ = await started(ONNX, MACHINE, true);
    }

    expect(readdirSync(join(root, 'spares/onnx'))).toEqual([]);
  });
});

describe('a Slipway without walls that was not told to do without', () => {
  it('starts no server of Python, also of a version that was deployed before', async () => {
    const directory = join(root, 'revisions');
    const servers = processServers({
      directory,
      images: join(root, 'images'),
      objectPath: () => '',
      serverEntry: ONNX,
      walls: {
        machine: NO_WALLS,
        refuses: 'no python3 runs to set them',
        launcher: LAUNCHER,
        serverFiles: [],
        compiled: COMPILED,
      },
      environment: {},
    });

    const server = servers.start(
      { ...version(1), runtime: 'python' },
      { append: async () => {}, tail: async () => [] },
    );

    expect(await server.started).toEqual({
      kind: 'died',
      reason: expect.stringMatching(/^was not started: Python loads it, .*: no python3 runs/),
    });
    await servers.close();
  });
});

describe('the ONNX server', () => {
  it.each([
    ['the walls of this machine', MACHINE, false],
    ['the walls that Node sets', MACHINE_BY_NODE, false],
    ['Node’s permissions', NO_WALLS, false],
    ['the walls of this machine, in which it was before its model', MACHINE, true],
    ['Node’s permissions, with which it was before its model', NO_WALLS, true],
  ])('answers behind %s, and has nothing to say of them', async (_, machine, isSpare) => {
    await using server = await started(ONNX, machine, isSpare);
    const inputs = [{ name: 'x', datatype: 'FP32', shape: [1], data: [40] }];

    const answer = await fetch(`${server.origin}/v2/models/digits/infer`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ inputs }),
    });

    expect(await answer.json()).toMatchObject({ outputs: [{ name: 'y', data: [42] }] });
    expect(server.said.join('')).not.toMatch(/warning|denied/i);
  });
});
