import { randomUUID } from 'node:crypto';
import { readdirSync, readlinkSync, renameSync } from 'node:fs';
import { readdir, readFile, readlink, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { errorCode } from '#adapters/local/files/file-state.ts';
import type { Pace } from '#adapters/local/integrity/hashed-file.ts';
import { checkedFolders } from '#adapters/local/integrity/model-folder.ts';
import type { BuiltImage } from '#domain/build/image.ts';
import { Failure } from '#domain/failure.ts';
import type { ModelImages } from '#ports/model-images.ts';
import type { RevisionSpec } from '#ports/platform.ts';
import { ownImage } from './own-image.ts';

/** The paths that an image's server needs. */
export type ImagePaths = {
  readonly folder: string;
  readonly python: string;
  readonly modelPath: string;
  readonly factsPath: string;
};

export type ProcessImages = ModelImages & {
  /** Fails with `RevisionFailed` when the image does not exist. */
  require(image: BuiltImage): Promise<void>;
  /** Why the image does not have the model and the environment it was built with, as a predicate; undefined when it has; packages are not compared. `reread` reads it from the disk even if it is known. */
  problem(
    image: Pick<BuiltImage, 'tag' | 'digest'>,
    reread?: { readonly pace?: Pace },
  ): Promise<string | undefined>;
  paths(image: BuiltImage, modelFile: string): ImagePaths;
  /** Where the environment of this hash is, or will be. */
  environment(hash: string): string;
  /** Deletes a revision's image, and environments that no image needs any more. An image shared with another revision stays. */
  discard(revision: string, specs: readonly RevisionSpec[]): Promise<void>;
};

/**
 * Images where models run as processes: under `directory`, `images/<tag>` has the folder `model`, the files `facts.json` and `digest`, and links to its Python virtual environments in `environments`.
 * The builds of buildspecs/process.yml make them; an unfinished build leaves `images/<tag>.partial`, an image without a digest.
 */
export function processImages(directory: string): ProcessImages {
  const folder = ({ tag }: Pick<BuiltImage, 'tag'>) => join(directory, 'images', tag);
  const checked = checkedFolders();

  async function remove(image: Pick<BuiltImage, 'tag'>): Promise<void> {
    await rm(folder(image), { recursive: true, force: true });
    await rm(`${folder(image)}${PARTIAL}`, { recursive: true, force: true });
    await removeUnused(directory);
  }

  return {
    async require(image) {
      const isThere = await stat(join(folder(image), 'model')).catch(() => undefined);
      if (isThere) return;
      throw new Failure('RevisionFailed', `the image ${image.tag} is gone from ${directory}`, {
        fix: 'Upload the model again.',
      });
    },
    async problem(image, reread) {
      if (await hasLostEnvironment(folder(image))) return 'has lost its Python environment';
      return reread
        ? checked.reread(folder(image), image.digest, reread.pace)
        : checked.problem(folder(image), image.digest);
    },
    paths: (image, modelFile) => ({
      folder: folder(image),
      python: join(folder(image), 'environment', 'bin', 'python'),
      modelPath: join(folder(image), 'model', modelFile),
      factsPath: join(folder(image), 'facts.json'),
    }),
    environment: (hash) => join(directory, 'environments', hash),
    async discard(revision, specs) {
      const image = ownImage(revision, specs);
      if (image) await remove(image);
    },
    async all() {
      const folders = await names(join(directory, 'images'));
      const tags = new Set(folders.map((name) => name.replace(PARTIAL, '')));
      return Promise.all(
        [...tags].map(async (tag) => {
          const digest = await readFile(join(folder({ tag }), 'digest'), 'utf8').catch(() => '');
          return { tag, digest };
        }),
      );
    },
    async remove(image) {
      await remove(image);
      return true;
    },
  };
}

const PARTIAL = '.partial';

const LINKS = ['environment', 'converter'] as const;

/** An image of an ONNX model has none, and no link to one. */
async function hasLostEnvironment(image: string): Promise<boolean> {
  const link = join(image, 'environment');
  const isLinked = await readlink(link).catch(() => undefined);
  if (isLinked === undefined) return false;
  const python = await stat(join(link, 'bin', 'python')).catch(() => undefined);
  return python === undefined;
}

async function removeUnused(directory: string): Promise<void> {
  const environments = join(directory, 'environments');
  for (const environment of await names(environments)) {
    // Under its own name a build that begins meanwhile would find it half deleted, and could make no other there.
    const gone = join(environments, `removed.${randomUUID()}`);
    if (isTaken(directory, environment, gone)) await rm(gone, { recursive: true, force: true });
  }
}

/** Moves an environment that no image needs; false where one does, or another removal has taken it. In one go, as builds make links and rename images meanwhile. */
function isTaken(directory: string, environment: string, gone: string): boolean {
  // An environment that is being built has a longer name.
  const name = environment.split('.')[0] ?? '';
  const place = join(directory, 'environments', environment);
  if (linked(directory).has(name) || !isMoved(place, gone)) return false;
  // A build makes its link before it looks for the environment: one that came first counts on this one.
  return !linked(directory).has(name) || !isMoved(gone, place);
}

/** The environments to which images link. */
function linked(directory: string): ReadonlySet<string> {
  const images = join(directory, 'images');
  for (let tags = namesNow(images); ; ) {
    const paths = tags.flatMap((tag) => LINKS.map((link) => join(images, tag, link)));
    const found = paths.map(linkAt);
    // A build that ends renames its image.
    const now = namesNow(images);
    if (now.join() === tags.join()) return new Set(found.map((link) => basename(link)));
    tags = now;
  }
}

function isMoved(from: string, to: string): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch (error) {
    if (['ENOENT', 'ENOTEMPTY', 'EEXIST'].includes(errorCode(error))) return false;
    throw error;
  }
}

function linkAt(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

function namesNow(folder: string): readonly string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

function names(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch(() => []);
}
