import { createHash, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CloudWatchLogsClient, CreateLogGroupCommand } from '@aws-sdk/client-cloudwatch-logs';
import {
  CreateRepositoryCommand,
  ECRClient,
  PutImageCommand,
  SetRepositoryPolicyCommand,
} from '@aws-sdk/client-ecr';
import {
  CreateFunctionCommand,
  LambdaClient,
  PublishVersionCommand,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import { functionDefinition, type ModelFunctions } from '#adapters/aws/lambda/model-function.ts';
import type { BuiltImage } from '#domain/build/image.ts';
import type { RuntimeName } from '#domain/build/runtime.ts';
import type { RevisionSpec } from '#ports/platform.ts';
import { type ModelFront, startModelFront } from '../fronts/model.ts';
import { childServers, type StartServer } from '../fronts/model-sandbox.ts';
import { revisionSpec } from '../worlds/revision-spec.ts';
import { AWS_ACCOUNT, AWS_REGION, awsClient } from './clients.ts';
import type { Moto } from './moto.ts';
import { lambdaImageRules } from './rules/ecr.ts';
import { lambdaStates } from './rules/lambda.ts';
import { lambdaAliases } from './rules/lambda-alias.ts';
import { addMiddleware, awsRules } from './rules/rules.ts';

const ANY_SERVER = fileURLToPath(new URL('../servers/any.ts', import.meta.url));
const REPOSITORY = 'slipway-test-models';
const IMAGE: BuiltImage = {
  tag: 'digits',
  digest: `sha256:${'0'.repeat(64)}`,
  compressedBytes: 1,
  uncompressedBytes: 2,
  artifactSha256: '0'.repeat(64),
  proof: null,
  smoke: null,
};

export type Network = Pick<ModelFunctions, 'subnets' | 'securityGroup'>;

/** Publishes versions without a platform; those in `streaming` answer as their server writes. */
type Published = { readonly runtime?: RuntimeName; readonly streaming?: readonly string[] };

/** Moto does not ask whether they are there. */
const NOWHERE: Network = { subnets: ['subnet-1'], securityGroup: 'sg-1' };

type ClientSetup = {
  readonly maxAttempts?: number;
  readonly outer?: (client: LambdaClient) => void;
};

/** An account with all resources of the functions of models, and a front that answers their invocations with real servers. */
export async function modelFunctionsWorld(
  moto: Moto,
  startServer?: StartServer,
  network: Network = NOWHERE,
) {
  await moto.reset();
  const folder = mkdtempSync(join(tmpdir(), 'slipway-images-'));
  const ecr = awsClient(ECRClient, moto);
  const functions: ModelFunctions = {
    stage: 'test',
    team: 'unassigned',
    prefix: 'slipway-test-m-',
    repository: `${AWS_ACCOUNT}.dkr.ecr.${AWS_REGION}.amazonaws.com/${REPOSITORY}`,
    role: await modelRole(moto),
    ...network,
    logGroup: '/slipway/test/models',
    corsOrigins: [],
  };
  await ecr.send(new CreateRepositoryCommand({ repositoryName: REPOSITORY }));
  await ecr.send(
    new SetRepositoryPolicyCommand({ repositoryName: REPOSITORY, policyText: PULL_POLICY }),
  );
  const logs = awsClient(CloudWatchLogsClient, moto);
  await logs.send(new CreateLogGroupCommand({ logGroupName: functions.logGroup }));
  const pushes: Promise<unknown>[] = [];
  const states = lambdaStates({ looks: 2 });
  const rules = awsRules([...lambdaAliases(), ...states.rules, ...lambdaImageRules(ecr)]);
  const front: ModelFront = await startModelFront({
    moto,
    functionPrefix: functions.prefix,
    logGroup: functions.logGroup,
    startServer: startServer ?? childServers((digest) => join(folder, fileOf(digest)), ANY_SERVER),
  });

  return {
    functions,
    front,
    states,
    rules,
    ecr,
    /** A client of Lambda behind AWS's rules; `outer` adds a layer between the two. */
    lambda({ maxAttempts = 3, outer }: ClientSetup = {}): LambdaClient {
      const client = awsClient(LambdaClient, front, undefined, { maxAttempts });
      addMiddleware(client, (next) => async (args) => {
        await Promise.all(pushes);
        return next(args);
      });
      outer?.(client);
      return rules.guard(client);
    },
    logs,
    /** A revision whose image has these bytes as its model; it is pushed before the next call of Lambda. */
    spec(model: Uint8Array, over: Partial<RevisionSpec> = {}): RevisionSpec {
      const tag = randomUUID();
      const imageManifest = JSON.stringify(manifest(tag));
      const digest = `sha256:${createHash('sha256').update(imageManifest).digest('hex')}`;
      writeFileSync(join(folder, fileOf(digest)), model);
      const push = new PutImageCommand({
        repositoryName: REPOSITORY,
        imageManifest,
        imageTag: tag,
        imageDigest: digest,
      });
      pushes.push(ecr.send(push));
      const image = { ...IMAGE, tag, digest };
      return revisionSpec(tag, { image, ...over });
    },
    /** Publishes versions that are there without a platform, all in one moment. */
    async publish(
      model: string,
      revisions: readonly string[],
      { runtime = 'onnx', streaming = [] }: Published = {},
    ): Promise<void> {
      const client = awsClient(LambdaClient, moto);
      const FunctionName = functions.prefix + model;
      const Code = { ImageUri: functions.repository };
      const { role: Role } = functions;
      await client.send(
        new CreateFunctionCommand({ FunctionName, Role, Code, PackageType: 'Image' }),
      );
      for (const Description of revisions) {
        const spec = revisionSpec(Description, {
          ...{ model, revision: Description, image: IMAGE, runtime },
          isStreaming: streaming.includes(Description),
        });
        const { configuration } = functionDefinition(spec, functions);
        await client.send(
          new UpdateFunctionConfigurationCommand({ ...configuration, FunctionName }),
        );
        await client.send(new PublishVersionCommand({ FunctionName, Description }));
      }
    },
    async close() {
      await front.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const PULL_POLICY = JSON.stringify({
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Allow',
      Principal: { Service: 'lambda.amazonaws.com' },
      Action: ['ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'],
    },
  ],
});

const TRUST = JSON.stringify({
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Allow',
      Principal: { Service: 'lambda.amazonaws.com' },
      Action: 'sts:AssumeRole',
    },
  ],
});

const OCI = 'application/vnd.oci.image';

/** An image of one platform, with gzipped layers; each `tag` makes another image. */
export function manifest(tag: string) {
  const digest = `sha256:${createHash('sha256').update(tag).digest('hex')}`;
  return {
    schemaVersion: 2,
    mediaType: `${OCI}.manifest.v1+json`,
    config: { mediaType: `${OCI}.config.v1+json`, digest, size: 1 },
    layers: [{ mediaType: `${OCI}.layer.v1.tar+gzip`, digest, size: 1 }],
  };
}

function fileOf(digest: string): string {
  return `${digest.slice('sha256:'.length)}.onnx`;
}

/** Moto demands that a function's role exists; none of our adapters uses IAM, so its client is made here. */
async function modelRole({ endpoint }: Moto): Promise<string> {
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      authorization: `AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20260101/${AWS_REGION}/iam/aws4_request, SignedHeaders=host, Signature=0`,
    },
    body: new URLSearchParams({
      Action: 'CreateRole',
      Version: '2010-05-08',
      RoleName: 'model',
      AssumeRolePolicyDocument: TRUST,
    }),
  });
  const arn = /<Arn>(.*)<\/Arn>/.exec(await response.text())?.[1];
  if (!arn) throw new Error(`moto made no role: ${response.status}`);
  return arn;
}
