import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { requireBuilt } from '#operations/account/built-files.ts';
import { COMMANDS, run } from '../../support/local/commands.ts';

type Files = Readonly<Record<string, string>>;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-built-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** The sha256 by which a build knows an artifact of these files. */
async function readByBuild(files: Files): Promise<string> {
  const granted = Object.entries(files).map(async ([name, text], index) => {
    const path = join(folder, String(index));
    await writeFile(path, text);
    return { name, sizeBytes: Buffer.byteLength(text), url: pathToFileURL(path).href };
  });
  const list = join(folder, 'list.json');
  await writeFile(list, JSON.stringify({ order: {}, files: await Promise.all(granted) }));
  const fetch = [join(COMMANDS, 'fetch-artifact.mjs'), join(folder, 'artifact', 'model')];
  const { out, err, code } = await run(process.execPath, fetch, pathToFileURL(list).href);
  expect([code, err]).toEqual([0, '']);
  return out.trim();
}

/** Brings these files with an image that was built of an artifact with this sha256. */
function bring(files: Files, artifactSha256: string): void {
  const carried = Object.entries(files).map(([name, text]) => ({
    part: { name, key: name, versionId: '1', sizeBytes: text.length, checksum: '' },
    sha256: createHash('sha256').update(text).digest('hex'),
  }));
  const image = { artifactSha256 } as NonNullable<Parameters<typeof requireBuilt>[0]['image']>;
  const from = { place: 'staging', version: 3, deploymentId: 'd', imageTag: null };
  requireBuilt({ model: 'digits', from, image }, carried, 'staging');
}

describe('the files of a release', () => {
  it.each<[string, Files]>([
    ['one file', { 'model.onnx': 'a' }],
    ['several, in any order', { 'model.yaml': '', 'b/c.json': '{}', 'Z.txt': 'z', 'é.txt': 'e' }],
    ['none', {}],
  ])('are those that the build has read, where they are %s', async (_name, files) => {
    const sha256 = await readByBuild(files);

    expect(() => bring(files, sha256)).not.toThrow();
  });

  it('are refused where the image was built of others', async () => {
    const sha256 = await readByBuild({ 'model.onnx': 'a' });

    expect(() => bring({ 'model.onnx': 'b' }, sha256)).toThrow(
      expect.objectContaining({
        name: 'ReleaseUntrusted',
        message: expect.stringMatching(
          /^the files of digits version 3 in staging are [0-9a-f]{64}, and its image was built of [0-9a-f]{64}$/,
        ),
      }),
    );
  });
});
