import { modelFolder } from '#adapters/local/bucket/key.ts';
import type { ObjectVersion } from '#adapters/local/bucket/object-versions.ts';
import type { Pruned } from '#control/data-folder.ts';
import { type DataFolder, type Job, keptVersions, partsOf } from './data-folder.ts';

/**
 * Removes objects that nothing needs: neither the bucket, which shows the newest version of each key, nor a version that serves or can start again, nor a deployment in progress.
 * An object that arrives meanwhile stays: it is held until its version is recorded, and a recorded version is checked again right before its bytes are removed.
 */
export async function* prune(folder: DataFolder, isDryRun: boolean): Job<Pruned> {
  const unneeded = await unneededVersions(folder);
  const ids = new Set(unneeded.map(({ versionId }) => versionId));
  const isNeeded = (sha256: string) =>
    folder.versions.ofBytes(sha256).some(({ versionId }) => !ids.has(versionId));
  const all = await folder.objects.all();
  if (!isDryRun) folder.versions.forget(unneeded);
  let [objects, bytes] = [0, 0];
  for (const { sha256, sizeBytes } of all) {
    const isGone = isDryRun
      ? !folder.objects.isHeld(sha256) && !isNeeded(sha256)
      : await folder.objects.remove(sha256, () => isNeeded(sha256));
    if (!isGone) continue;
    objects += 1;
    bytes += sizeBytes;
    if (!isDryRun && objects % 100 === 0) yield { progress: `removed ${objects} objects` };
  }
  const allBytes = all.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const keptObjects = all.length - objects;
  yield { result: { isDryRun, objects, bytes, keptObjects, keptBytes: allBytes - bytes } };
}

/** Versions of keys that were followed by a newer version, or by a delete. */
async function unneededVersions({
  registry,
  versions,
}: DataFolder): Promise<readonly ObjectVersion[]> {
  const followed = versions.followed();
  // A deployment that begins now may be reading its model's folder.
  const busy = new Set(versions.unsettled().map(({ key }) => modelFolder(key)));
  const [kept, unended] = await Promise.all([keptVersions(registry), registry.unended()]);
  const parts = [
    ...kept.flatMap((version) => version.parts),
    ...unended.flatMap(({ artifact }) => partsOf(artifact)),
  ];
  const needed = new Set(parts.map(({ versionId }) => versionId));
  return followed.filter(
    ({ key, versionId }) => !needed.has(versionId) && !busy.has(modelFolder(key)),
  );
}
