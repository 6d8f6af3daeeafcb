import { deploymentId } from '#domain/deployment.ts';
import { type Release, releaseOf, releasePrefix } from '#domain/promotion/release.ts';
import type { PromotionRequest } from '#domain/workflow.ts';
import { BUCKET, type MemoryWorld, MODEL } from './memory.ts';

type Changes = {
  readonly needsApproval?: boolean;
  /** Changes the release before it is written. */
  readonly change?: (release: Release) => object | Promise<object>;
  /** Leaves the image behind. */
  readonly withoutImage?: boolean;
};

/** Brings the live version of `from` to `to`, as `slipway promote` does; returns the input of the workflow. */
export async function promotion(
  from: MemoryWorld,
  to: MemoryWorld,
  { needsApproval = false, change = (release) => release, withoutImage = false }: Changes = {},
): Promise<PromotionRequest> {
  const { live } = (await from.registry.model(MODEL))!;
  const source = await from.recordOf({ deploymentId: live!.deploymentId });
  const release = await releaseOf(source, 'staging');
  const prefix = releasePrefix(MODEL, release.digest);
  const parts = [];
  for (const part of release.files.parts) {
    const bytes = await from.store.open({ bucket: BUCKET, ...part });
    const { key, versionId, checksum } = to.store.put(
      `${prefix}artifact/${part.name}`,
      await bytes.read(0, part.sizeBytes),
      'sha256',
    );
    parts.push({ ...part, key, versionId, checksum });
  }
  if (release.image && !withoutImage) to.images.add(release.image.tag, release.image.digest);
  const written = await change({ ...release, files: { parts, manifest: null } });
  const { bucket, key, versionId } = to.store.put(
    `${prefix}release.json`,
    Buffer.from(JSON.stringify(written)),
  );
  return {
    kind: 'promote',
    deploymentId: await deploymentId(bucket, key, versionId),
    model: MODEL,
    release: { bucket, key, versionId },
    needsApproval,
  };
}
