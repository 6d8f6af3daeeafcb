import type { ObjectCreated } from '#domain/workflow.ts';
import type { ArtifactStore, StoredObject } from '#ports/artifact-store.ts';

/** The version that an event names, or the newest version of its key when the event names none; with the sequencer of the event, which S3 reports nowhere else. Undefined when it was deleted. */
export async function arrived(
  artifacts: ArtifactStore,
  { detail: { bucket, object } }: ObjectCreated,
): Promise<StoredObject | undefined> {
  const versionId = object['version-id'];
  const found =
    versionId === undefined
      ? await artifacts.latest(bucket.name, object.key)
      : await artifacts.describe({ bucket: bucket.name, key: object.key, versionId });
  return found && { ...found, sequencer: object.sequencer ?? found.sequencer };
}
