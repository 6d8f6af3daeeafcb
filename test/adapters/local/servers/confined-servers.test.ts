import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { processServers } from '#adapters/local/servers/process-servers.ts';
import { NO_WALLS, serverFiles, type Walls } from '#adapters/local/servers/walls.ts';
import { addConstantModel } from '../../../support/models/onnx.ts';
import { LAUNCHER, MACHINE } from '../../../support/walls/canaries.ts';
import { revisionSpec } from '../../../support/worlds/revision-spec.ts';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const CANARIES = join(ROOT, 'test/support/servers/canaries.js');
const ONNX = join(ROOT, 'runtimes/onnx/main.ts');

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'slipway-confined-'));
  mkdirSync(join(root, 'objects'));
  writeFileSync(join(root, 'objects/v1'), addConstantModel({ constant: 2 }));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** Starts a server by its script behind the walls of a machine; null is none at all. */
async function started(serverEntry: string, machine: Walls | null) {
  const said: string[] = [];
  const servers = processServers({
    directory: join(root, 'revisions'),
    images: join(root, 'images'),
    objectPath: (_key, versionId) => join(root, 'objects', versionId),
    serverEntry,
    walls: machine && {
      machine,
      launcher: LAUNCHER,
      serverFiles: serverFiles(serverEntry, ROOT),
      compiled: join(root, 'compiled'),
    },
    environment: process.env,
  });
  const spec = revisionSpec('v1');
  await servers.prepare(spec);
  writeFileSync(join(root, 'revisions/secret'), '');
  const append = async (bytes: Uint8Array) => void said.push(Buffer.from(bytes).toString());
  const server = servers.start(spec, { append, tail: async () => said });
  const start = await server.started;
  if (start.kind !== 'ready') throw new Error(`${start.reason}: ${said.join('')}`);
  return {
    origin: start.origin,
    said,
    async [Symbol.asyncDispose]() {
      await server.kill('the test is over');
      await servers.close();
    },
  };
}

async function attempts(machine: Walls | null): Promise<Record<string, string>> {
  const listener = createServer((socket) => socket.destroy());
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  try {
    await using server = await started(CANARIES, machine);
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

  (MACHINE.landlock > 5 && MACHINE.seccomp ? it : it.skip)(
    'is held by the kernel too, where there is a Python to ask it',
    async () => {
      const found = await attempts(MACHINE);

      expect(found).toEqual({ ...OWN, ...BY_NODE, 'signals Slipway': 'EPERM', connects: 'EACCES' });
    },
  );
});

describe('the ONNX server', () => {
  it.each([
    ['the walls of this machine', MACHINE],
    ['Node’s permissions', NO_WALLS],
  ])('answers behind %s, and has nothing to say of them', async (_, machine) => {
    await using server = await started(ONNX, machine);
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
