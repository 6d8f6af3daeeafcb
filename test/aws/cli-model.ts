import { randomUUID } from 'node:crypto';
import { APIGatewayClient } from '@aws-sdk/client-api-gateway';
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { ECRClient, PutImageCommand } from '@aws-sdk/client-ecr';
import { CreateFunctionCommand, LambdaClient, PublishVersionCommand } from '@aws-sdk/client-lambda';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { apiLease } from '#adapters/aws/api/api-lease.ts';
import { routeRecords } from '#adapters/aws/api/route-records.ts';
import { dynamoApiKeys } from '#adapters/aws/keys/dynamo-api-keys.ts';
import { dynamoRegistry } from '#adapters/aws/registry/dynamo-registry.ts';
import { restApiRouter } from '#adapters/aws/routes/rest-api-router.ts';
import { systemClock } from '#adapters/clocks.ts';
import { awsClient } from '../support/aws/clients.ts';
import type { Moto } from '../support/aws/moto.ts';
import { goneLive } from '../support/worlds/registry.ts';
import type { CliWorld } from './cli-world.ts';

/** Makes the model `shapes` of a stack live as a deployment does: in the registry, as a function with a version, and with a route to its alias. */
export async function liveShapes(moto: Moto, { stage, outputs }: CliWorld): Promise<void> {
  const clock = systemClock;
  const dynamo = awsClient(DynamoDBClient, moto);
  const table = outputs['Table']!;
  const registry = dynamoRegistry({ client: dynamo, table, clock });
  await goneLive({ registry } as never, 1);
  await modelFunction(moto, { stage, outputs }, 'shapes');
  const sleep = async () => undefined;
  const router = restApiRouter({
    lambda: awsClient(LambdaClient, moto),
    apiGateway: awsClient(APIGatewayClient, moto),
    cloudWatch: awsClient(CloudWatchClient, moto),
    fence: { pass: async () => {} },
    records: routeRecords({ dynamo, table, api: outputs['Api']! }),
    clock,
    containers: null,
    lease: apiLease({ dynamo, table, api: outputs['Api']!, clock, sleep }),
    api: {
      id: outputs['Api']!,
      stage: 'v1',
      modelsResource: outputs['ModelsResource']!,
      authorizer: outputs['Authorizer']!,
      corsOrigins: [],
    },
    functionPrefix: outputs['FunctionPrefix']!,
  });
  await router.setShares('shapes', { 'shapes-v1': 1 }, {}, 1);
}

/** Leaves a stack as after use: with a live model, its upload written twice, an image of an environment, and a key. */
export async function livedIn(moto: Moto, world: CliWorld): Promise<void> {
  const { Bucket, Table, UsagePlan } = world.outputs;
  const s3 = awsClient(S3Client, moto);
  const Key = 'models/shapes/model.onnx';
  for (const Body of ['one', 'two']) await s3.send(new PutObjectCommand({ Bucket, Key, Body }));
  await liveShapes(moto, world);
  await environmentImage(moto, world);
  await dynamoApiKeys({
    client: awsClient(DynamoDBClient, moto),
    gateway: awsClient(APIGatewayClient, moto),
    table: Table!,
    usagePlan: UsagePlan!,
    stage: world.stage,
    clock: systemClock,
    isSpread: true,
  }).create('team', ['shapes']);
}

/** An image of the environment that serves models, as the first of them had it built. */
async function environmentImage(moto: Moto, { stage }: CliWorld): Promise<void> {
  await pushImage(moto, `slipway-${stage}-environments`, 'onnx-e1');
}

function pushImage(moto: Moto, repositoryName: string, imageTag: string) {
  const imageManifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: { digest: imageTag },
    layers: [],
  });
  const put = new PutImageCommand({ repositoryName, imageTag, imageManifest });
  return awsClient(ECRClient, moto).send(put);
}

/** A function with one version, as a revision of the model is one; `tagged` are its tags. */
export async function modelFunction(
  moto: Moto,
  { stage, outputs }: Pick<CliWorld, 'stage' | 'outputs'>,
  model: string,
  tagged = { 'slipway:stage': stage, 'slipway:model': model },
): Promise<void> {
  const lambda = awsClient(LambdaClient, moto);
  const FunctionName = outputs['FunctionPrefix']! + model;
  const imageTag = randomUUID();
  const { image } = await pushImage(moto, `slipway-${stage}`, imageTag);
  await lambda.send(
    new CreateFunctionCommand({
      FunctionName,
      Role: outputs['ModelRole'],
      PackageType: 'Image',
      Code: { ImageUri: `${outputs['Repository']}@${image?.imageId?.imageDigest}` },
      Description: `${model}-v1`,
      Environment: { Variables: { SLIPWAY_REVISION: `${model}-v1` } },
      Tags: tagged,
    }),
  );
  await lambda.send(new PublishVersionCommand({ FunctionName, Description: `${model}-v1` }));
}
