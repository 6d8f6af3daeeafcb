import { watch } from 'node:fs';
import { mkdir, readdir, readFile, readlink, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '#adapters/clocks.ts';
import { processImages } from '#adapters/local/images/process-images.ts';
import { type Release, readRelease } from '#domain/promotion/release.ts';
import { requireSigned } from '#domain/promotion/signed-release.ts';
import { carryBetweenFolders, type Folders } from '#operations/promotion/folders.ts';
import { fingerprintOf, folderKey, folderTrust } from '#operations/signing/release-signing.ts';
import { userName } from '#operations/user.ts';
import { temporaryFolder } from '../../support/slipway/running.ts';

const TAG = 'rows-1';

/** A data folder with an image of processes, whose environment another image may share, and an object; and an empty one beside it. */
async function folders() {
  const root = await temporaryFolder();
  const [from, to] = [join(root.path, 'staging'), join(root.path, 'prod')];
  const image = join(from, 'images/images', TAG);
  await mkdir(join(image, 'model'), { recursive: true });
  await writeFile(join(image, 'model/model.joblib'), 'weights');
  await writeFile(join(image, 'digest'), 'sha256:1');
  await mkdir(join(from, 'images/environments/e1/bin'), { recursive: true });
  await writeFile(join(from, 'images/environments/e1/bin/pip'), 'pip');
  await symlink('/usr/bin/python3', join(from, 'images/environments/e1/bin/python'));
  await symlink('../../environments/e1', join(image, 'environment'));
  await mkdir(join(from, 'objects'));
  await writeFile(join(from, 'objects/abc'), 'onnx');
  const uploads = new Map<string, string>();
  /** The uploads that were there when each one began. */
  const imagesSeen: string[][] = [];
  const target: Folders['target'] = {
    async upload({ key, file }) {
      imagesSeen.push(await readdir(join(to, 'images/images')).catch(() => []));
      uploads.set(key, file === null ? '' : await readFile(file, 'utf8'));
      return { key, versionId: `v${uploads.size}`, sizeBytes: 0, deploymentId: null };
    },
  };
  return { root, from, to, target, uploads, imagesSeen };
}

const part = (name: string, sizeBytes: number) => ({
  name,
  key: `models/rows/${name}`,
  versionId: '1',
  sizeBytes,
  checksum: 'sha256:abc',
});

function release(imageTag: string | null = TAG): Release {
  return {
    schema: 1,
    model: 'rows',
    from: { place: './staging', version: 3, deploymentId: 'd1', imageTag },
    digest: 'sha256:1',
    files: { parts: [part('model.joblib', 4), part('empty.txt', 0)], manifest: part('m.yaml', 4) },
    image: {
      tag: 'rows-2',
      digest: `sha256:${'1'.repeat(64)}`,
      compressedBytes: 1,
      uncompressedBytes: 1,
      artifactSha256: '1'.repeat(64),
      proof: null,
      smoke: null,
    },
    inspection: {},
    plan: {},
    proof: null,
  } as unknown as Release;
}

describe('bringing a version from one data folder to another', () => {
  it('links its image with its environment under the new tag, and uploads its files, the release last', async () => {
    await using world = await opened();
    const { from, to, target, uploads } = world;

    const carried = await carryBetweenFolders(release(), { from, to, target });

    const image = join(to, 'images/images/rows-2');
    expect(await readFile(join(image, 'environment/bin/pip'), 'utf8')).toBe('pip');
    expect(await readlink(join(to, 'images/environments/e1/bin/python'))).toBe('/usr/bin/python3');
    const weights = (folder: string) => stat(join(folder, 'model/model.joblib'));
    expect((await weights(image)).ino).toBe((await weights(join(from, 'images/images', TAG))).ino);
    expect([...uploads.keys()]).toEqual([
      'promotions/rows/1/artifact/model.joblib',
      'promotions/rows/1/artifact/empty.txt',
      'promotions/rows/1/artifact/m.yaml',
      'promotions/rows/1/release.json',
    ]);
    expect(carried).toEqual({
      key: 'promotions/rows/1/release.json',
      versionId: 'v4',
      sizeBytes: 0,
      deploymentId: null,
    });
    const written = JSON.parse(uploads.get('promotions/rows/1/release.json')!);
    expect(written.files.parts[0]).toEqual({
      ...part('model.joblib', 4),
      key: 'promotions/rows/1/artifact/model.joblib',
      versionId: 'v1',
    });
  });

  it('signs the release for that folder alone, with a key that only its owner may read', async () => {
    await using world = await opened();
    const { root, from, to, target, uploads } = world;

    await carryBetweenFolders(release(), { from, to, target });

    const sent = readRelease(uploads.get('promotions/rows/1/release.json')!);
    const publicKey = await (await folderKey(from)).publicKey();
    const now = { nowMs: systemClock.now(), newestAtMs: 0 };
    const trust = await folderTrust(to, [publicKey]);
    expect(await requireSigned(sent, trust, now)).toMatchObject({
      key: fingerprintOf(publicKey),
      by: userName(),
    });
    const elsewhere = await folderTrust(join(root.path, 'elsewhere'), [publicKey]);
    await expect(requireSigned(sent, elsewhere, now)).rejects.toMatchObject({
      name: 'ReleaseUntrusted',
    });
    expect((await stat(join(from, 'signing-key.pem'))).mode & 0o777).toBe(0o600);
  });

  // The sweep there takes an image that no version is of.
  it('links the image when only the release is still to come', async () => {
    await using world = await opened();
    const { from, to, target, imagesSeen } = world;

    await carryBetweenFolders(release(), { from, to, target });

    expect(imagesSeen).toEqual([[], [], [], ['rows-2']]);
  });

  it('changes nothing where the image is already', async () => {
    await using world = await opened();
    const { from, to, target } = world;
    await carryBetweenFolders(release(), { from, to, target });

    await carryBetweenFolders(release(), { from, to, target });

    expect(await readdir(join(to, 'images/images'))).toEqual(['rows-2']);
  });

  // The Slipway there removes an environment that no image links to, and one that is half made.
  it('makes the links of the image before it brings the environments', async () => {
    await using world = await opened();
    const { from, to, target } = world;
    const images = processImages(join(to, 'images'));
    const removals: Promise<unknown>[] = [];
    await mkdir(join(to, 'images/environments'), { recursive: true });
    using _ = watched(join(to, 'images/environments'), () =>
      removals.push(images.remove({ tag: 'another-1', digest: '' })),
    );

    await carryBetweenFolders(release(), { from, to, target });
    await Promise.all(removals);

    expect(removals).not.toEqual([]);
    expect(await readFile(join(to, 'images/images/rows-2/environment/bin/pip'), 'utf8')).toBe(
      'pip',
    );
  });

  it('may be done twice at once', async () => {
    await using world = await opened();
    const { from, to, target } = world;
    const again = release();

    await Promise.all(
      ['rows-2', 'rows-3', 'rows-4'].map((tag) =>
        carryBetweenFolders({ ...again, image: { ...again.image!, tag } }, { from, to, target }),
      ),
    );

    expect((await readdir(join(to, 'images/images'))).sort()).toEqual([
      'rows-2',
      'rows-3',
      'rows-4',
    ]);
    expect(await readdir(join(to, 'images/environments'))).toEqual(['e1']);
    expect(await readdir(join(to, 'images/environments/e1/bin'))).toEqual(['pip', 'python']);
  });

  it('leaves nothing half there, and says what is wrong, where a folder cannot be written', async () => {
    await using world = await opened();
    const { from, to, target, uploads } = world;
    await mkdir(join(to, 'images'), { recursive: true });
    await writeFile(join(to, 'images/environments'), 'no folder');

    const carried = carryBetweenFolders(release(), { from, to, target });

    await expect(carried).rejects.toMatchObject({
      name: 'PlatformUnavailable',
      message: `${join(to, 'images/environments/e1')}: it is gone`,
    });
    expect(await readdir(join(to, 'images/images'))).toEqual([]);
    expect([...uploads.keys()]).not.toContain('promotions/rows/1/release.json');
  });

  it('says of an image that is no folder what to do', async () => {
    await using world = await opened();
    const { from, to, target, uploads } = world;

    const carried = carryBetweenFolders(release('rows-9'), { from, to, target });

    await expect(carried).rejects.toMatchObject({
      name: 'InputInvalid',
      message: `the image of the version is not a folder in ${from}`,
      fix: 'Images in a Docker engine belong to one data folder: upload the model to the other.',
    });
    expect(uploads.size).toBe(0);
  });
});

/** Calls `onChange` at each change in a folder. */
function watched(folder: string, onChange: () => void): Disposable {
  const watcher = watch(folder, onChange);
  return { [Symbol.dispose]: () => watcher.close() };
}

async function opened() {
  const world = await folders();
  return { ...world, [Symbol.asyncDispose]: () => world.root[Symbol.asyncDispose]() };
}
