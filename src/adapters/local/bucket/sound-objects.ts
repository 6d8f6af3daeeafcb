import { join } from 'node:path';
import { Failure } from '#domain/failure.ts';
import type { ObjectStore } from './object-store.ts';
import type { ObjectVersion, ObjectVersions } from './object-versions.ts';

/** Why an object does not have its bytes, as a predicate; undefined when it does, or when a file of the bucket had them and it was mended. */
export function soundObjects(
  bucketFolder: string,
  objects: Pick<ObjectStore, 'problem' | 'mend'>,
  versions: Pick<ObjectVersions, 'ofBytes'>,
): ObjectStore['problem'] {
  return async (sha256, reread) => {
    const problem = await objects.problem(sha256, reread);
    if (problem === undefined) return undefined;
    const keys = new Set(versions.ofBytes(sha256).map(({ key }) => key));
    const files = [...keys].map((key) => join(bucketFolder, key));
    return (await objects.mend(sha256, files)) ? undefined : problem;
  };
}

/** Fails with `ArtifactRejected` when the version's bytes are no longer there. */
export async function soundVersion(
  version: ObjectVersion,
  objects: Pick<ObjectStore, 'problem'>,
): Promise<ObjectVersion> {
  const problem = await objects.problem(version.sha256);
  if (problem === undefined) return version;
  throw new Failure(
    'ArtifactRejected',
    `objects/${version.sha256}, which has the bytes of ${version.key}, ${problem}`,
    { fix: `Upload ${version.key} again.` },
  );
}
