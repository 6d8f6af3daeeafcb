import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import {
  copyFile,
  link,
  mkdir,
  mkdtemp,
  readdir,
  readlink,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { systemClock } from '#adapters/clocks.ts';
import { storageFailure } from '#adapters/local/registry/storage-failure.ts';
import type { Slipway, Upload } from '#control/slipway.ts';
import type { ArtifactPart } from '#domain/deployment.ts';
import { Failure } from '#domain/failure.ts';
import { type Release, releasePrefix } from '#domain/promotion/release.ts';
import { folderKey, folderName, signedRelease } from '#operations/signing/release-signing.ts';
import { userName } from '#operations/user.ts';

type Carried = { readonly key: string; readonly versionId: string };

/** The folders of two Slipways on this machine, and the Slipway of the destination, which runs. */
export type Folders = {
  readonly from: string;
  readonly to: string;
  readonly target: Pick<Slipway, 'upload'>;
};

/**
 * Copies a release from one data folder to another: its files, then its image, and last the object that describes it.
 * The image comes late, since the sweep there deletes an image that belongs to no version. The folder of origin signs the release for the destination.
 */
export async function carryBetweenFolders(release: Release, folders: Folders): Promise<Carried> {
  const { from, to, target } = folders;
  const image = release.image && (await imageIn(from, release));
  const prefix = releasePrefix(release.model, release.digest);
  const signal = new AbortController().signal;
  const upload = (key: string, file: Upload['file']) =>
    target.upload({ key, file, signal, onSent: () => undefined });
  const carry = async (part: ArtifactPart): Promise<ArtifactPart> => {
    const file = part.sizeBytes === 0 ? null : objectIn(from, part);
    const { key, versionId } = await upload(`${prefix}artifact/${part.name}`, file);
    return { ...part, key, versionId };
  };
  const parts: ArtifactPart[] = [];
  for (const part of release.files.parts) parts.push(await carry(part));
  const manifest = release.files.manifest && (await carry(release.files.manifest));
  if (image) await linkImage(image, folders);
  const releasing = { to: await folderName(to), by: userName(), atMs: systemClock.now() };
  const carried = { ...release, files: { parts, manifest } };
  const written = JSON.stringify(await signedRelease(carried, await folderKey(from), releasing));
  const folder = await mkdtemp(join(tmpdir(), 'slipway-release-'));
  try {
    await writeFile(join(folder, 'release.json'), written);
    return await upload(`${prefix}release.json`, join(folder, 'release.json'));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The store of a data folder names bytes by their hash. */
function objectIn(dataDir: string, { checksum }: ArtifactPart): string {
  return join(dataDir, 'objects', checksum.replace('sha256:', ''));
}

/** The folder of a release's image, and the tag that it gets. */
type Image = { readonly source: string; readonly tag: string };

/** Fails with `InputInvalid` for an image that is in a Docker engine. */
async function imageIn(dataDir: string, { from, image }: Release): Promise<Image> {
  const source = join(dataDir, 'images', 'images', from.imageTag ?? '');
  if (image && (await isThere(join(source, 'model')))) return { source, tag: image.tag };
  throw new Failure('InputInvalid', `the image of the version is not a folder in ${dataDir}`, {
    fix: 'Images in a Docker engine belong to one data folder: upload the model to the other.',
  });
}

/**
 * Images of processes are folders with links to the environments beside them, which several images share.
 * The image's links are made before its environments: the Slipway there removes an environment to which no image links.
 */
async function linkImage({ source, tag }: Image, { from, to }: Folders): Promise<void> {
  await linkFolder(source, join(to, 'images', 'images', tag), async () => {
    for (const environment of await environmentsOf(source)) {
      const at = (dataDir: string) => join(dataDir, 'images', 'environments', environment);
      await linkFolder(at(from), at(to));
    }
  });
}

async function environmentsOf(image: string): Promise<readonly string[]> {
  const entries = await readdir(image, { withFileTypes: true });
  const links = entries.filter((entry) => entry.isSymbolicLink());
  const targets = await Promise.all(links.map(({ name }) => readlink(join(image, name))));
  return [...new Set(targets.map((path) => basename(path)))];
}

/** A copy of a folder that shares its files' bytes, whole or not at all; its content is never written to again. `beforeIsThere` runs before the copy has its name. Fails as writes do. */
async function linkFolder(
  source: string,
  destination: string,
  beforeIsThere = async () => {},
): Promise<void> {
  if (await isThere(destination)) return;
  // Another promotion may bring the same environment at the same time.
  const partial = `${destination}.${randomUUID()}.partial`;
  try {
    await linkEntries(source, partial);
    await beforeIsThere();
    await rename(partial, destination);
  } catch (error) {
    if (!(await isThere(destination))) throw storageFailure(error, destination);
  } finally {
    // Where it cannot be removed, its own error says less than the one before.
    await rm(partial, { recursive: true, force: true }).catch(() => undefined);
  }
}

async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

async function linkEntries(source: string, destination: string): Promise<void> {
  await mkdir(destination, { recursive: true });
  for (const entry of await readdir(source, { withFileTypes: true })) {
    const [path, copy] = [join(source, entry.name), join(destination, entry.name)];
    if (entry.isDirectory()) await linkEntries(path, copy);
    else if (entry.isSymbolicLink()) await symlink(await readlink(path), copy);
    else await link(path, copy).catch(() => copyFile(path, copy, constants.COPYFILE_FICLONE));
  }
}
