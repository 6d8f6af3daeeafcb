import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { HeadObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { dynamoRegistry } from '#adapters/aws/registry/dynamo-registry.ts';
import { systemClock } from '#adapters/clocks.ts';
import { deploymentId } from '#domain/deployment.ts';
import type { Holder, Registry } from '#ports/registry.ts';
import { upload } from '../worlds/registry.ts';
import { awsClient } from './clients.ts';
import type { Moto } from './moto.ts';

type Stack = { readonly outputs: Readonly<Record<string, string>> };

export type Admitted = { readonly registry: Registry; readonly holder: Holder };

/** Admits the upload that the bucket of a stack in moto has at this key, as its workflow does, and takes the lease of its model. */
export async function admitted(
  moto: Moto,
  { outputs }: Stack,
  { model, key, n }: { readonly model: string; readonly key: string; readonly n: number },
): Promise<Admitted> {
  const Bucket = outputs['Bucket'] ?? '';
  const registry = dynamoRegistry({
    client: awsClient(DynamoDBClient, moto),
    table: outputs['Table'] ?? '',
    clock: systemClock,
  });
  const stored = await awsClient(S3Client, moto).send(
    new HeadObjectCommand({ Bucket, Key: key, ChecksumMode: 'ENABLED' }),
  );
  const versionId = stored.VersionId ?? '';
  const id = await deploymentId(Bucket, key, versionId);
  const part = {
    name: key.split('/').at(-1) ?? '',
    key,
    versionId,
    sizeBytes: stored.ContentLength ?? 0,
    checksum: `crc64nvme:${stored.ChecksumCRC64NVME}`,
  };
  const admission = upload(n, model);
  const artifact = { ...admission.artifact, key, versionId, parts: [part] };
  await registry.admit({ ...admission, deploymentId: id, artifact });
  const asked = { deploymentId: id, execution: `run-${n}`, leaseSeconds: 60, over: null };
  const lease = await registry.acquireLease(asked);
  return {
    registry,
    holder: { deploymentId: id, epoch: lease.kind === 'acquired' ? lease.epoch : 0 },
  };
}
