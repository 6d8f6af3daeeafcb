import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { GONE } from '#adapters/local/integrity/checked-files.ts';
import { checkedFolders } from '#adapters/local/integrity/model-folder.ts';
import type { Bad } from '#control/data-folder.ts';
import { copyTree } from './copy-tree.ts';
import { type DataFolder, imagesOf, keptVersions } from './data-folder.ts';
import { environmentProblem, environmentsIn } from './environments.ts';

/** A folder that a build made; each problem is a predicate, undefined when there is none. */
type Built = {
  readonly name: string;
  readonly models: readonly string[];
  /** An image is not: it may link to another environment since, of which its digest says nothing. */
  readonly isImmutable: boolean;
  problem(): Promise<string | undefined>;
  problemThere(path: string): Promise<string | undefined>;
};

type Copied = { readonly isMended?: boolean; readonly problem?: string };

const SCRUB = 'Run `slipway scrub`, which says what to do.';

/** Copies the built folders and the environments that versions need, except damaged ones. If the backup has one already, its bytes are read from the disk; `mended` had other bytes there. */
export async function copyBuilds(
  folder: DataFolder,
  target: string,
): Promise<{ readonly bad: readonly Bad[]; readonly mended: readonly string[] }> {
  const [bad, mended]: [Bad[], string[]] = [[], []];
  for (const built of await buildsOf(folder)) {
    const { name, models } = built;
    const { isMended, problem } = await copyBuild(built, folder.dataDir, target);
    if (isMended) mended.push(name);
    if (problem) bad.push({ name, reason: `${name} ${problem}`, fix: SCRUB, models });
  }
  return { bad, mended };
}

async function copyBuild(built: Built, dataDir: string, target: string): Promise<Copied> {
  const [source, destination] = [join(dataDir, built.name), join(target, built.name)];
  const there = existsSync(destination) ? await built.problemThere(destination) : GONE;
  if (there === undefined && built.isImmutable) return {};
  const problem = await built.problem();
  // Its versions may have been removed meanwhile.
  if (problem) return there && existsSync(source) ? { problem } : {};
  if (there) await rm(destination, { recursive: true, force: true });
  await copyTree(source, destination);
  return { isMended: there !== undefined && there !== GONE };
}

async function buildsOf({
  registry,
  dataDir,
  imageProblem,
}: DataFolder): Promise<readonly Built[]> {
  if (!imageProblem) return [];
  const kept = await keptVersions(registry);
  const needing = (tags: readonly string[]) =>
    kept.flatMap(({ version, image }) =>
      image && tags.includes(image.tag) ? [version.revision] : [],
    );
  return [
    ...imagesOf(kept).map((image) => ({
      name: `images/images/${image.tag}`,
      models: needing([image.tag]),
      isImmutable: false,
      problem: () => imageProblem(image),
      problemThere: (path: string) => checkedFolders().reread(path, image.digest),
    })),
    ...environmentsIn(dataDir)
      .filter(({ tags }) => tags.length > 0)
      .map(({ name, path, tags }) => ({
        name: `images/environments/${name}`,
        models: needing(tags),
        isImmutable: true,
        problem: () => environmentProblem(path),
        problemThere: environmentProblem,
      })),
  ];
}
