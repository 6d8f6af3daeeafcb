import { createHash } from 'node:crypto';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  BatchGetImageCommand,
  CompleteLayerUploadCommand,
  CreateRepositoryCommand,
  ECRClient,
  InitiateLayerUploadCommand,
  PutImageCommand,
  UploadLayerPartCommand,
} from '@aws-sdk/client-ecr';
import { CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { DescribeExecutionCommand, ListExecutionsCommand, SFNClient } from '@aws-sdk/client-sfn';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { kmsPublicKey } from '#adapters/aws/kms-signature.ts';
import { dynamoRegistry } from '#adapters/aws/registry/dynamo-registry.ts';
import { copyImage } from '#adapters/aws/store/ecr-copy.ts';
import { ecrTaggedImages } from '#adapters/aws/store/ecr-model-images.ts';
import { s3ArtifactStore } from '#adapters/aws/store/s3-artifact-store.ts';
import { systemClock } from '#adapters/clocks.ts';
import type { DeploymentWork } from '#domain/deployment.ts';
import type { Signer } from '#domain/promotion/signed-release.ts';
import { promotionRequest } from '#domain/workflow.ts';
import { trustedSigners } from '#operations/signing/release-signing.ts';
import type { Registry } from '#ports/registry.ts';
import { admitPromotion } from '#steps/admit-promotion.ts';
import { awaitApproval } from '#steps/await-approval.ts';
import { awsClient } from '../support/aws/clients.ts';
import { describeOnMoto } from '../support/aws/moto.ts';
import { eventually } from '../support/clock/eventually.ts';
import { type EcrLayersFront, startEcrLayersFront } from '../support/fronts/ecr-layers.ts';
import { memoryExecutions } from '../support/memory/executions.ts';
import { runHere } from '../support/slipway/command-line.ts';
import { candidateOf, idOf, leaseFor, upload } from '../support/worlds/registry.ts';
import { type CliWorld, installInMoto, motoEnvironment } from './cli-world.ts';

const PROMOTER = 'arn:aws:iam::210987654321:role/Promoter';
const SIGNER = 'arn:aws:iam::123456789012:role/Signer';
const LAYER = 'application/vnd.oci.image.layer.v1.tar+gzip';
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const INDEX = 'application/vnd.oci.image.index.v1+json';
const OTHER = `sha256:${'0'.repeat(64)}`;

type Side = { readonly endpoint: string; readonly credentials?: Credentials };
type Credentials = {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
};

const sha256 = (bytes: Uint8Array | string) =>
  `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

describeOnMoto('slipway promote between two accounts', (moto) => {
  let front: EcrLayersFront;
  let ours: Side;
  let theirs: Side & { readonly credentials: Credentials };
  let staging: CliWorld;
  let prod: CliWorld;
  let trusted: readonly Signer[];
  const before = { ...process.env };

  beforeAll(async () => {
    front = await startEcrLayersFront();
    front.standBefore(moto());
    ours = { endpoint: front.endpoint };
    theirs = { ...ours, credentials: await roleIn(ours, PROMOTER) };
    const kms = awsClient(KMSClient, ours);
    const create = new CreateKeyCommand({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' });
    const keyId = (await kms.send(create)).KeyMetadata!.Arn!;
    trusted = trustedSigners(await kmsPublicKey({ client: kms, keyId }));
    const signing = { Containers: 'off', SigningKey: keyId, Signer: SIGNER };
    staging = await installInMoto({ ...moto(), ...ours }, 'staging', { containers: signing });
    prod = await installInMoto({ ...moto(), ...theirs }, 'prod');
    Object.assign(process.env, motoEnvironment(ours));
  });

  afterAll(async () => {
    for (const name of Object.keys(motoEnvironment({ endpoint: '' }))) delete process.env[name];
    Object.assign(process.env, before);
    await front.close();
  });

  const registryOf = (side: Side, { outputs }: CliWorld) =>
    dynamoRegistry({
      client: awsClient(DynamoDBClient, side),
      table: outputs['Table']!,
      clock: systemClock,
    });
  const manifestOf = async (side: Side, repositoryName: string, imageDigest: string) => {
    const get = new BatchGetImageCommand({ repositoryName, imageIds: [{ imageDigest }] });
    const { images = [] } = await awsClient(ECRClient, side).send(get);
    return images.map(({ imageId, imageManifest }) => ({ tag: imageId?.imageTag, imageManifest }));
  };

  /** A layer in a repository, whose bytes can be had. */
  async function push(side: Side, repositoryName: string, text: string): Promise<string> {
    const layerPartBlob = Buffer.from(text);
    const client = awsClient(ECRClient, side);
    const digest = sha256(layerPartBlob);
    const { uploadId } = await client.send(new InitiateLayerUploadCommand({ repositoryName }));
    const part = { partFirstByte: 0, partLastByte: layerPartBlob.length - 1, layerPartBlob };
    await client.send(new UploadLayerPartCommand({ repositoryName, uploadId, ...part }));
    const whole = { repositoryName, uploadId, layerDigests: [digest] };
    await client.send(new CompleteLayerUploadCommand(whole));
    front.keep(digest, layerPartBlob);
    return digest;
  }

  /** An image of a config and two layers; its digest. */
  async function pushImage(side: Side, repositoryName: string, tag: string | null, name = tag) {
    const blob = async (text: string, mediaType: string) => ({
      mediaType,
      digest: await push(side, repositoryName, text),
      size: text.length,
    });
    const imageManifest = JSON.stringify({
      schemaVersion: 2,
      mediaType: MANIFEST,
      config: await blob(`{"of":"${name}"}`, 'application/vnd.oci.image.config.v1+json'),
      layers: [await blob('an environment', LAYER), await blob(`the model ${name}`, LAYER)],
    });
    return putManifest(side, repositoryName, imageManifest, MANIFEST, tag);
  }

  async function putManifest(
    side: Side,
    repositoryName: string,
    imageManifest: string,
    imageManifestMediaType: string,
    tag: string | null,
  ): Promise<string> {
    const imageDigest = sha256(imageManifest);
    const named = tag === null ? {} : { imageTag: tag };
    const put = { repositoryName, imageManifest, imageManifestMediaType, imageDigest, ...named };
    await awsClient(ECRClient, side).send(new PutImageCommand(put));
    return imageDigest;
  }

  /** A version that is live in staging, with all that a promotion takes of it. */
  async function liveInStaging(digest: string, tag: string): Promise<void> {
    const { Bucket, Table: _ } = staging.outputs;
    const key = 'models/shapes/model.onnx';
    const put = { Bucket, Key: key, Body: 'onnx', ChecksumAlgorithm: 'CRC64NVME' } as const;
    const { VersionId: versionId = '' } = await awsClient(S3Client, ours).send(
      new PutObjectCommand(put),
    );
    const registry = registryOf(ours, staging);
    const { artifact } = upload(1);
    const part = { name: 'model.onnx', key, versionId, sizeBytes: 4, checksum: 'sha256:1' };
    const { deployment } = await registry.admit({
      ...upload(1),
      artifact: { ...artifact, bucket: Bucket!, key, versionId, parts: [part] },
    });
    const taken = await registry.acquireLease(leaseFor(1));
    const holder = { deploymentId: idOf(1), epoch: taken.kind === 'acquired' ? taken.epoch : 0 };
    await registry.advance(holder, 'Inspected', workOf(digest, tag), {});
    const candidate = candidateOf(deployment);
    await registry.advance(holder, 'Provisioning', { candidate }, {});
    for (const phase of ['Ready', 'Shifting', 'Baking'] as const) {
      await registry.advance(holder, phase, {}, {});
    }
    await registry.commit(holder, { version: 1, previous: null }, {});
    await registry.releaseLease(holder);
  }

  /** The execution that the command has started in the other account, once it is there. */
  async function started(): Promise<{ readonly name: string; readonly input: unknown }> {
    const sfn = awsClient(SFNClient, theirs);
    const stateMachineArn = prod.outputs['PromoteWorkflow'];
    const { executionArn } = await eventually(async () => {
      const { executions = [] } = await sfn.send(new ListExecutionsCommand({ stateMachineArn }));
      return executions[0];
    });
    const described = await sfn.send(new DescribeExecutionCommand({ executionArn }));
    return { name: described.name ?? '', input: JSON.parse(described.input ?? '') };
  }

  function stepsIn(registry: Registry) {
    const { Bucket = '', Repository = '' } = prod.outputs;
    const deps = {
      registry,
      clock: systemClock,
      executions: memoryExecutions(),
      artifacts: s3ArtifactStore({ client: awsClient(S3Client, theirs), bucket: Bucket }),
      images: ecrTaggedImages({ client: awsClient(ECRClient, theirs), repository: Repository }),
      engine: 'image',
      requireApproval: true,
      trust: { here: Bucket, signers: trusted },
    } as const;
    return { admit: admitPromotion(deps), look: awaitApproval(deps) };
  }

  it('has the same digest in both, and lets it go live only once it is approved', async () => {
    const digest = await pushImage(ours, 'slipway-staging', 'shapes-built');
    await liveInStaging(digest, 'shapes-built');
    const registry = registryOf(theirs, prod);
    const { admit, look } = stepsIn(registry);

    const promoting = runHere(
      ...['promote', 'shapes', '--from', 'staging', '--to', 'prod'],
      ...['--role', PROMOTER, '--external-id', 'agreed-upon'],
    );
    const { name, input } = await started();
    const request = promotionRequest.parse(input);
    const admitted = await admit({ request, execution: name });
    const waits = await look({ deploymentId: admitted.id, attempt: 0 });
    const promoted = await promoting;

    expect(promoted).toMatchObject({ code: 0, stderr: '' });
    expect(promoted.stdout).toContain(`shapes version 1 of staging is ${digest}`);
    expect(promoted.stdout).toMatch(/AwaitingApproval[\s\S]*approve shapes --version 1/);
    expect([admitted.kind, waits.kind]).toEqual(['admitted', 'pending']);
    const [ofOurs] = await manifestOf(ours, 'slipway-staging', digest);
    const tag = `shapes-${digest.slice('sha256:'.length, 'sha256:'.length + 32)}`;
    expect(await manifestOf(theirs, 'slipway-prod', digest)).toEqual([
      { tag, imageManifest: ofOurs!.imageManifest },
    ]);
    const { work, artifact } = (await registry.deployment(admitted.id))!;
    expect(work).toMatchObject({ image: { digest, tag }, promotion: { digest, approval: null } });
    const sha256OfFile = createHash('sha256').update('onnx').digest('base64');
    expect(artifact.parts).toMatchObject([{ checksum: `sha256:${sha256OfFile}` }]);
    expect(work.promotion?.signed).toMatchObject({
      key: trusted[0]!.fingerprint,
      by: expect.stringMatching(/^arn:aws:(?:iam|sts)::123456789012:/),
    });
    // The sweep there takes an image that no version is of.
    const last = (what: RegExp) => front.asked.findLastIndex((each) => what.test(each));
    expect(last(/^PUT .*artifact\/model\.onnx$/)).toBeLessThan(last(/\.PutImage$/));
    expect(last(/\.PutImage$/)).toBeLessThan(last(/^PUT .*release\.json$/));

    const { accessKeyId, secretAccessKey, sessionToken } = theirs.credentials;
    const own = {
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      AWS_SESSION_TOKEN: sessionToken,
    };
    Object.assign(process.env, own);
    const inProd = ['--stage', 'prod', '--yes'];
    const refused = await runHere('approve', 'shapes', ...inProd, '--digest', OTHER);

    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(`shapes version 1 is ${digest}, not ${OTHER}`);
    expect((await look({ deploymentId: admitted.id, attempt: 1 })).kind).toBe('pending');

    const approving = runHere('approve', 'shapes', ...inProd);
    await eventually(async () => {
      const found = await look({ deploymentId: admitted.id, attempt: 1 });
      return found.kind === 'approved' ? found : undefined;
    });
    const lease = await registry.acquireLease({
      ...leaseFor(1),
      deploymentId: admitted.id,
      execution: name,
    });
    const epoch = lease.kind === 'acquired' ? lease.epoch : 0;
    const holder = { deploymentId: admitted.id, epoch };
    const candidate = candidateOf((await registry.deployment(admitted.id))!);
    await registry.advance(holder, 'Provisioning', { candidate }, {});
    for (const phase of ['Ready', 'Shifting', 'Baking'] as const) {
      await registry.advance(holder, phase, {}, {});
    }
    await registry.commit(holder, { version: 1, previous: null }, {});
    const approved = await approving;

    expect(approved.code).toBe(0);
    expect(approved.stdout).toMatch(/arn:aws:\S+210987654321\S+ has approved version 1 of shapes/);
    expect(approved.stdout).toContain('shapes v1 is live on lambda');
  }, 120_000);

  it('sends no layer twice, and an index with all that it names', async () => {
    const [one, two] = ['one', 'two'].map((repositoryName) => ({
      client: awsClient(ECRClient, ours),
      repositoryName,
    }));
    for (const { client, repositoryName } of [one!, two!]) {
      await client.send(new CreateRepositoryCommand({ repositoryName }));
    }
    const children = [
      await pushImage(ours, 'one', null, 'arm'),
      await pushImage(ours, 'one', null, 'amd'),
    ];
    const index = JSON.stringify({
      schemaVersion: 2,
      mediaType: INDEX,
      manifests: children.map((digest) => ({ mediaType: MANIFEST, digest, size: 1 })),
    });
    const digest = await putManifest(ours, 'one', index, INDEX, 'both');
    const read = front.read.length;
    const copied: number[] = [];
    const copy = { from: one!, to: two!, digest, tag: 'copied' };

    await copyImage({ ...copy, onCopied: (bytes) => copied.push(bytes) });
    const sent = front.read.slice(read);
    await copyImage({ ...copy, onCopied: (bytes) => copied.push(bytes) });

    expect(await manifestOf(ours, 'two', digest)).toEqual([
      { tag: 'copied', imageManifest: index },
    ]);
    for (const child of children) expect(await manifestOf(ours, 'two', child)).toHaveLength(1);
    // Two configs, two models, and the environment that both share.
    expect(sent).toHaveLength(5);
    expect(new Set(sent).size).toBe(5);
    expect(front.read.slice(read)).toEqual(sent);
    expect(copied).toEqual(copied.toSorted((a, b) => a - b));
  });

  it('says so when the image is gone where it comes from', async () => {
    const side = { client: awsClient(ECRClient, ours), repositoryName: 'slipway-staging' };
    const copy = { from: side, to: side, digest: OTHER, tag: 'x', onCopied: () => undefined };

    await expect(copyImage(copy)).rejects.toMatchObject({
      name: 'InputInvalid',
      message: `slipway-staging has no image ${OTHER} any more`,
    });
  });
});

async function roleIn(side: Side, RoleArn: string): Promise<Credentials> {
  const assume = new AssumeRoleCommand({ RoleArn, RoleSessionName: 'test' });
  const { Credentials } = await awsClient(STSClient, side).send(assume);
  return {
    accessKeyId: Credentials!.AccessKeyId!,
    secretAccessKey: Credentials!.SecretAccessKey!,
    sessionToken: Credentials!.SessionToken!,
  };
}

/** The work of staging, as far as a promotion reads it. */
function workOf(digest: string, tag: string): DeploymentWork {
  return {
    inspection: { facts: { format: 'onnx' }, manifest: { rollout: {} } },
    plan: { runtime: 'onnx', environmentHash: 'e1', python: null, imageTag: tag },
    image: {
      tag,
      digest,
      compressedBytes: 1,
      uncompressedBytes: 2,
      artifactSha256: createHash('sha256').update('onnx').digest('hex'),
      proof: null,
      smoke: null,
    },
    golden: { sample: 1, warning: '', latencyMs: 3 },
  } as unknown as DeploymentWork;
}
