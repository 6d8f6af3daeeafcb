import type { DatabaseSync } from 'node:sqlite';
import type { ObjectStore } from '#adapters/local/bucket/object-store.ts';
import type { ObjectVersions } from '#adapters/local/bucket/object-versions.ts';
import type { ProcessImages } from '#adapters/local/images/process-images.ts';
import type { BuiltImage } from '#domain/build/image.ts';
import type { ArtifactPart, ModelVersion } from '#domain/deployment.ts';
import type { Registry } from '#ports/registry.ts';

/** The data folder of one machine, for maintenance. */
export type DataFolder = {
  readonly dataDir: string;
  readonly database: DatabaseSync;
  readonly registry: Registry;
  readonly versions: ObjectVersions;
  readonly objects: ObjectStore;
  /** The check of an object, which fetches its bytes again from the bucket if they are there. */
  readonly soundObject: ObjectStore['problem'];
  /** Null where a Docker engine keeps the images. */
  readonly imageProblem: ProcessImages['problem'] | null;
};

/** A step of a job on the folder, in words; or the job's result. */
export type JobLine<Result> = { readonly progress: string } | { readonly result: Result };
export type Job<Result> = AsyncGenerator<JobLine<Result>, void>;

/** A version that serves or can start again, with the files and the image that it starts from. */
export type KeptVersion = {
  readonly version: ModelVersion;
  readonly parts: readonly ArtifactPart[];
  readonly image: BuiltImage | null;
};

export async function keptVersions(registry: Registry): Promise<readonly KeptVersion[]> {
  const models = await registry.models();
  const all = await Promise.all(models.map(({ name }) => registry.versions(name)));
  const kept = all.flat().filter(({ state }) => state !== 'Removed');
  return Promise.all(
    kept.map(async (version) => {
      const deployment = await registry.deployment(version.deploymentId);
      const parts = deployment ? partsOf(deployment.artifact) : [];
      return { version, parts, image: deployment?.work.image ?? null };
    }),
  );
}

/** The images of these versions, each once. */
export function imagesOf(kept: readonly KeptVersion[]): readonly BuiltImage[] {
  const images = new Map(kept.flatMap(({ image }) => (image ? [[image.tag, image]] : [])));
  return [...images.values()];
}

export function partsOf(artifact: {
  readonly parts: readonly ArtifactPart[];
  readonly manifest: ArtifactPart | null;
}): readonly ArtifactPart[] {
  return artifact.manifest ? [...artifact.parts, artifact.manifest] : artifact.parts;
}

export function sha256Of({ checksum }: Pick<ArtifactPart, 'checksum'>): string {
  return checksum.replace('sha256:', '');
}
