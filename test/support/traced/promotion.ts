import { BatchGetImageCommand, ECRClient, PutImageCommand } from '@aws-sdk/client-ecr';
import { EXAMPLES_FILE } from '#domain/comparison/examples-file.ts';
import { deploymentId } from '#domain/deployment.ts';
import { releaseOf, releasePrefix } from '#domain/promotion/release.ts';
import type { PromotionRequest } from '#domain/workflow.ts';
import { awsClient } from '../aws/clients.ts';
import type { Moto } from '../aws/moto.ts';
import { REQUEST } from '../aws-world/scenarios.ts';
import type { TracedWorld } from './world.ts';

const MODEL = 'brought';

/** Versions that come from another Slipway: one whose execution dies and is taken up, one that is aborted while a person is waited for. An `upload` is compared with the first by the examples that were brought. */
export async function tracedPromotions(
  moto: Moto,
  world: TracedWorld,
  { model, upload }: { readonly model: string; readonly upload: Uint8Array },
): Promise<void> {
  const request = await bring(moto, world, model, false);
  const dead = await world.run(request, { AwaitApproval: (stop) => stop() });
  await world.ended(dead);
  await world.run(request);
  const waiting = await bring(moto, world, model, true);
  const trouble = { name: 'Aborted', reason: 'enough', fix: '' };
  await world.run(waiting, {
    AwaitApproval: () => world.registry.requestAbort(waiting.deploymentId, trouble),
  });
  await world.run(await world.upload(MODEL, upload));
}

/** The live version of `model`, as another Slipway's command would have put it here under another name. */
async function bring(
  moto: Moto,
  world: TracedWorld,
  model: string,
  needsApproval: boolean,
): Promise<PromotionRequest> {
  const { registry, s3, functions } = world;
  const { live } = (await registry.model(model))!;
  const release = await releaseOf((await registry.deployment(live!.deploymentId))!, 'staging');
  const tag = release.image!.tag.replace(model, MODEL);
  const ecr = awsClient(ECRClient, moto);
  const repositoryName = functions.repository.split('/').at(-1)!;
  const imageIds = [{ imageDigest: release.digest }];
  const { images } = await ecr.send(new BatchGetImageCommand({ repositoryName, imageIds }));
  const [{ imageManifest, imageManifestMediaType }] = images as [
    { imageManifest: string; imageManifestMediaType: string },
  ];
  const put = { repositoryName, imageManifest, imageManifestMediaType, imageTag: tag };
  // The second time it is there.
  await ecr.send(new PutImageCommand(put)).catch(() => undefined);
  const prefix = releasePrefix(MODEL, release.digest);
  const parts = [];
  for (const part of release.files.parts) {
    const key = `${prefix}artifact/${part.name}`;
    const versionId = await s3.put(key, new Uint8Array(part.sizeBytes));
    parts.push({ ...part, key, versionId, checksum: 'sha256:1' });
  }
  parts.push(await examples(world, prefix));
  const key = `${prefix}release.json`;
  const image = { ...release.image!, tag };
  const written = { ...release, model: MODEL, image, files: { parts, manifest: null } };
  const versionId = await s3.put(key, JSON.stringify(written));
  return {
    kind: 'promote',
    deploymentId: await deploymentId(s3.bucket, key, versionId),
    model: MODEL,
    release: { bucket: s3.bucket, key, versionId },
    needsApproval,
  };
}

async function examples({ s3 }: TracedWorld, prefix: string) {
  const text = `${JSON.stringify({ request: REQUEST })}\n`;
  const key = `${prefix}artifact/${EXAMPLES_FILE}`;
  const versionId = await s3.put(key, text);
  const sizeBytes = Buffer.byteLength(text);
  return { name: EXAMPLES_FILE, key, versionId, sizeBytes, checksum: 'sha256:1' };
}
