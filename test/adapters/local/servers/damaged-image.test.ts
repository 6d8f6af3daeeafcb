import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { checkedFiles } from '#adapters/local/integrity/checked-files.ts';
import type { Start } from '#adapters/local/servers/model-server.ts';
import { processServers } from '#adapters/local/servers/process-servers.ts';
import type { Damage } from '#domain/deployment.ts';
import type { RevisionSpec } from '#ports/platform.ts';
import { COMMANDS } from '../../../support/local/commands.ts';
import { behaving } from '../../../support/servers/behaviour.ts';
import { revisionSpec } from '../../../support/worlds/revision-spec.ts';

const { modelDigest }: { modelDigest: (folder: string) => Promise<string> } = await import(
  String(pathToFileURL(join(COMMANDS, 'folder-facts.mjs')))
);

const ANY_SERVER = fileURLToPath(new URL('../../../support/servers/any.ts', import.meta.url));

let root: string;
let image: string;
let model: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'slipway-damaged-'));
  image = join(root, 'images/images/digits');
  model = join(image, 'model/digits.onnx');
  mkdirSync(join(image, 'model'), { recursive: true });
  writeFileSync(join(image, 'facts.json'), '{}');
  writeFileSync(model, behaving('echoes'));
});
afterEach(() => rmSync(root, { recursive: true }));

async function specOfImage(): Promise<RevisionSpec> {
  const built = { compressedBytes: 1, uncompressedBytes: 1, proof: null, smoke: null };
  const artifactSha256 = '1'.repeat(64);
  const digest = await modelDigest(image);
  return revisionSpec('bytes', { image: { tag: 'digits', digest, artifactSha256, ...built } });
}

/** How a server of the image starts, where a damaged one is built again by `rebuild`. */
async function started(spec: RevisionSpec, rebuild: () => boolean) {
  const noted: Damage[] = [];
  const servers = processServers({
    directory: join(root, 'revisions'),
    images: join(root, 'images'),
    objectPath: () => '',
    soundness: {
      objects: { checked: checkedFiles(), problem: async () => undefined },
      rebuilt: async () => rebuild(),
      noted: (_, damage) => noted.push(damage),
    },
    serverEntry: ANY_SERVER,
    walls: null,
    environment: process.env,
  });
  await servers.prepare(spec);
  const server = servers.start(spec, { append: async () => undefined, tail: async () => [] });
  const start: Start = await server.started;
  await server.stop();
  await servers.close();
  return { start, noted };
}

describe('a server of a folder that a build made', () => {
  it('starts while the folder has the model of its build', async () => {
    const { start, noted } = await started(await specOfImage(), () => false);

    expect([start.kind, noted]).toEqual(['ready', []]);
  });

  it('is not started from other bytes, and the reason is noted with the version', async () => {
    const spec = await specOfImage();
    writeFileSync(model, behaving('echoes', Buffer.from('rotten')));

    const { start, noted } = await started(spec, () => false);

    const reason =
      'digits-v1 is not served: images/images/digits, which a build made of models/digits/digits.onnx, has other bytes than it was stored with';
    expect(start).toEqual({ kind: 'died', reason: `was not started: ${reason}` });
    expect(noted).toEqual([{ reason, fix: expect.stringContaining('builds it again') }]);
  });

  it('is started from a folder that was built again', async () => {
    const spec = await specOfImage();
    writeFileSync(model, 'rotten');
    const rebuild = () => {
      writeFileSync(model, behaving('echoes'));
      return true;
    };

    const { start, noted } = await started(spec, rebuild);

    expect([start.kind, noted]).toEqual(['ready', []]);
  });
});
