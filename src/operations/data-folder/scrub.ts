import { GONE } from '#adapters/local/integrity/checked-files.ts';
import type { Pace } from '#adapters/local/integrity/hashed-file.ts';
import type { Bad, Scrubbed } from '#control/data-folder.ts';
import type { Damage } from '#domain/deployment.ts';
import {
  type DataFolder,
  imagesOf,
  type Job,
  type KeptVersion,
  keptVersions,
  sha256Of,
} from './data-folder.ts';
import { environmentProblem, environmentsIn } from './environments.ts';

const PROGRESS_MS = 1000;

/** Reads every object, built folder and environment from the disk, compares each with its stored hash, and records with the versions which of them are damaged. */
export async function* scrub(
  folder: DataFolder,
  { pace, signal }: { readonly pace?: Pace; readonly signal?: AbortSignal } = {},
): Job<Scrubbed> {
  const kept = await keptVersions(folder.registry);
  const bad: Bad[] = [];
  const mended: string[] = [];
  let [checked, bytes, toldMs] = [0, 0, performance.now()];
  const counted: Pace = async (read) => {
    bytes += read;
    signal?.throwIfAborted();
    await pace?.(read);
  };
  for (const item of await itemsOf(folder, kept)) {
    signal?.throwIfAborted();
    const { problem, isMended } = await item.look(counted);
    checked += 1;
    if (isMended) mended.push(item.name);
    else if (problem) bad.push(badOf(item, problem, kept));
    if (performance.now() - toldMs < PROGRESS_MS) continue;
    toldMs = performance.now();
    yield { progress: `read ${checked} files, ${Math.round(bytes / 1e6)} MB` };
  }
  await noteDamages(folder, kept, bad);
  yield { result: { checked, bytes, bad, mended } };
}

type Item = {
  readonly name: string;
  readonly fix: string;
  needs(version: KeptVersion): boolean;
  look(pace: Pace): Promise<{ readonly problem?: string | undefined; readonly isMended?: boolean }>;
};

async function itemsOf(folder: DataFolder, kept: readonly KeptVersion[]): Promise<readonly Item[]> {
  return [...(await objectItems(folder)), ...imageItems(folder, kept), ...environmentItems(folder)];
}

async function objectItems({
  objects,
  versions,
  soundObject,
}: DataFolder): Promise<readonly Item[]> {
  const keys = new Map(versions.all().map(({ sha256, key }) => [sha256, key]));
  const stored = (await objects.all()).map(({ sha256 }) => sha256);
  return [...new Set([...keys.keys(), ...stored])].map((sha256) => {
    const key = keys.get(sha256);
    return {
      name: `objects/${sha256}`,
      fix: key
        ? `Drop the same bytes as ${key} again, or restore a backup with \`slipway restore\`.`
        : 'Nothing needs it: `slipway prune` removes it.',
      needs: ({ parts }) => parts.some((part) => sha256Of(part) === sha256),
      async look(pace) {
        const problem = await objects.problem(sha256, { pace });
        if (problem === undefined) return {};
        const isPruned = problem === GONE && versions.ofBytes(sha256).length === 0;
        if (isPruned) return {};
        return { problem, isMended: (await soundObject(sha256)) === undefined };
      },
    };
  });
}

function imageItems(
  { registry, imageProblem }: DataFolder,
  kept: readonly KeptVersion[],
): readonly Item[] {
  if (!imageProblem) return [];
  return imagesOf(kept).map((image) => ({
    name: `images/images/${image.tag}`,
    fix: 'Start Slipway again, which builds it again; or restore a backup with `slipway restore`.',
    needs: (version) => version.image?.tag === image.tag,
    async look(pace) {
      const problem = await imageProblem(image, { pace });
      if (problem === undefined) return {};
      // Its versions may have been removed meanwhile, and the folder with them.
      const isNeeded = (await keptVersions(registry)).some((it) => it.image?.tag === image.tag);
      return isNeeded ? { problem } : {};
    },
  }));
}

function environmentItems({ dataDir, imageProblem }: DataFolder): readonly Item[] {
  if (!imageProblem) return [];
  return environmentsIn(dataDir).map(({ name, path, tags }) => ({
    name: `images/environments/${name}`,
    fix: 'Restore a backup with `slipway restore`; or stop Slipway, delete this folder, the images that link to it and ~/.cache/slipway/environments, and start it again.',
    needs: ({ image }) => image !== null && tags.includes(image.tag),
    look: async (pace) => ({ problem: await environmentProblem(path, pace) }),
  }));
}

function badOf({ name, fix, needs }: Item, problem: string, kept: readonly KeptVersion[]): Bad {
  const models = kept.filter(needs).map(({ version }) => version.revision);
  return { name, reason: `${name} ${problem}`, fix, models };
}

async function noteDamages(
  { registry }: DataFolder,
  kept: readonly KeptVersion[],
  bad: readonly Bad[],
): Promise<void> {
  for (const { version } of kept) {
    const found = bad.find(({ models }) => models.includes(version.revision));
    const damage: Damage | null = found
      ? { reason: `${version.revision} cannot be started: ${found.reason}`, fix: found.fix }
      : null;
    await registry.noteDamage(version, damage);
  }
}
