import {
  APIGatewayClient,
  CreateDeploymentCommand,
  CreateUsagePlanCommand,
  PutIntegrationCommand,
  PutMethodCommand,
} from '@aws-sdk/client-api-gateway';
import {
  CloudFormationClient,
  CreateStackCommand,
  DescribeStacksCommand,
} from '@aws-sdk/client-cloudformation';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { ECRClient, SetRepositoryPolicyCommand } from '@aws-sdk/client-ecr';
import { PutBucketVersioningCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { dynamoRegistry } from '#adapters/aws/registry/dynamo-registry.ts';
import { systemClock } from '#adapters/clocks.ts';
import type { Registry } from '#ports/registry.ts';
import { type Result, type RunningCommand, runCli } from '../cli/run-cli.ts';
import { AWS_ACCOUNT, AWS_REGION, awsClient } from '../support/aws/clients.ts';
import type { Moto } from '../support/aws/moto.ts';
import { REGISTRY_TABLE } from '../support/aws/registry-table.ts';
import { COMPILED } from '../support/slipway/compiled.ts';
import { goneLive } from '../support/worlds/registry.ts';

/** A stack such as Slipway's in moto, and the command line as its owner runs it. */
export type CliWorld = {
  readonly stage: string;
  readonly outputs: Readonly<Record<string, string>>;
  command(args: readonly string[], environment?: NodeJS.ProcessEnv): RunningCommand;
  run(args: readonly string[], environment?: NodeJS.ProcessEnv): Promise<Result>;
};

type Installation = {
  readonly endpoint?: string;
  readonly containers?: Readonly<Record<string, string>>;
  readonly subnets?: string;
  readonly securityGroup?: string;
  /** Whether the stack has no outputs, as after a first deploy that failed. */
  readonly isUnfinished?: boolean;
};

/** The environment by which the AWS clients of a command find moto, with credentials that it takes. */
export function motoEnvironment({ endpoint }: Pick<Moto, 'endpoint'>): NodeJS.ProcessEnv {
  return {
    ...COMPILED,
    PATH: process.env['PATH'],
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'secret',
    AWS_REGION,
    AWS_EC2_METADATA_DISABLED: 'true',
    // Without it the SDK looks into the home of the user who runs the tests.
    HOME: '/nonexistent',
  };
}

/** Installs a stack of `stage`; its endpoint is `endpoint`, and `containers` is its output about those. Properties that moto's CloudFormation drops are set afterwards. */
export async function installInMoto(
  moto: Moto,
  stage: string,
  installation: Installation = {},
): Promise<CliWorld> {
  const { endpoint = 'http://127.0.0.1:1/v1', containers, subnets, isUnfinished } = installation;
  const { securityGroup = 'sg-models' } = installation;
  const cloudFormation = awsClient(CloudFormationClient, moto);
  const StackName = `slipway-${stage}`;
  // Moto's CloudFormation knows no usage plans.
  const { id: usagePlan = '' } = await awsClient(APIGatewayClient, moto).send(
    new CreateUsagePlanCommand({ name: StackName }),
  );
  const { Outputs, ...made } = template(stage, endpoint, usagePlan);
  const told = Object.entries(containers ?? { Containers: 'off' });
  const ofContainers = Object.fromEntries(told.map(([name, Value]) => [name, { Value }]));
  const ofNetwork = {
    ModelSecurityGroup: { Value: securityGroup },
    ...(subnets !== undefined && { ModelSubnets: { Value: subnets } }),
  };
  const all = { ...Outputs, ...ofContainers, ...ofNetwork };
  const TemplateBody = JSON.stringify({ ...made, Outputs: isUnfinished ? UNFINISHED : all });
  await cloudFormation.send(
    new CreateStackCommand({
      StackName,
      TemplateBody,
      Parameters: [{ ParameterKey: 'BuildCompute', ParameterValue: 'BUILD_GENERAL1_MEDIUM' }],
    }),
  );
  const { Stacks } = await cloudFormation.send(new DescribeStacksCommand({ StackName }));
  const outputs = Object.fromEntries(
    Stacks![0]!.Outputs!.map(({ OutputKey, OutputValue }) => [OutputKey, OutputValue!]),
  );
  const env = motoEnvironment(moto);
  const command = (args: readonly string[], environment: NodeJS.ProcessEnv = {}) =>
    runCli([...args, '--stage', stage], { ...env, ...environment });
  const world: CliWorld = {
    ...{ stage, outputs, command },
    run: (args, more) => command(args, more).result,
  };
  if (isUnfinished) return world;
  await setBuckets(moto, outputs['Bucket']!, `${StackName}-deployment`);
  await setRepository(moto, StackName);
  await setApi(moto, outputs['Api']!, outputs['ModelsResource']!);
  return world;
}

// osls says this of a stack that has nothing but its bucket.
const UNFINISHED = { ServerlessDeploymentBucketName: { Value: 'bucket' } };

async function setBuckets(moto: Moto, Bucket: string, deploymentBucket: string): Promise<void> {
  const s3 = awsClient(S3Client, moto);
  await s3.send(
    new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }),
  );
  const Key = 'serverless/slipway.zip';
  await s3.send(new PutObjectCommand({ Bucket: deploymentBucket, Key, Body: 'code' }));
}

async function setRepository(moto: Moto, repositoryName: string): Promise<void> {
  const statement = {
    Effect: 'Allow',
    Principal: { Service: 'lambda.amazonaws.com' },
    Action: ['ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'],
  };
  const policyText = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
  const policy = new SetRepositoryPolicyCommand({ repositoryName, policyText });
  await awsClient(ECRClient, moto).send(policy);
}

async function setApi(moto: Moto, restApiId: string, resourceId: string): Promise<void> {
  const api = awsClient(APIGatewayClient, moto);
  const method = { restApiId, resourceId, httpMethod: 'GET' };
  await api.send(new PutMethodCommand({ ...method, authorizationType: 'AWS_IAM' }));
  await api.send(new PutIntegrationCommand({ ...method, type: 'MOCK' }));
  await api.send(new CreateDeploymentCommand({ restApiId, stageName: 'v1' }));
}

function template(stage: string, endpoint: string, usagePlan: string) {
  const trust = {
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' },
    ],
  };
  const ref = (name: string) => ({ Ref: name });
  const att = (name: string, attribute: string) => ({ 'Fn::GetAtt': [name, attribute] });
  const value = (Value: unknown) => ({ Value });
  const name = `slipway-${stage}`;
  const machine = (StateMachineName: string) => ({
    Type: 'AWS::StepFunctions::StateMachine',
    Properties: {
      StateMachineName,
      RoleArn: att('Role', 'Arn'),
      DefinitionString: '{"StartAt": "End", "States": {"End": {"Type": "Succeed"}}}',
    },
  });
  const project = (Name: string, variables: Readonly<Record<string, string>>) => ({
    Type: 'AWS::CodeBuild::Project',
    Properties: {
      Name,
      ServiceRole: att('Role', 'Arn'),
      Source: { Type: 'NO_SOURCE', BuildSpec: 'version: 0.2' },
      Artifacts: { Type: 'NO_ARTIFACTS' },
      Environment: {
        Type: 'LINUX_CONTAINER',
        Image: 'aws/codebuild/standard:8.0',
        ComputeType: ref('BuildCompute'),
        EnvironmentVariables: Object.entries(variables).map(([Name, Value]) => ({ Name, Value })),
      },
    },
  });
  return {
    Parameters: { BuildCompute: { Type: 'String' } },
    Resources: {
      ServerlessDeploymentBucket: {
        Type: 'AWS::S3::Bucket',
        Properties: { BucketName: `${name}-deployment` },
      },
      ModelBucket: { Type: 'AWS::S3::Bucket', DeletionPolicy: 'Retain' },
      LogBucket: { Type: 'AWS::S3::Bucket', DeletionPolicy: 'Retain' },
      Registry: {
        Type: 'AWS::DynamoDB::Table',
        DeletionPolicy: 'Retain',
        Properties: {
          ...REGISTRY_TABLE,
          StreamSpecification: { StreamViewType: 'NEW_IMAGE' },
        },
      },
      Bus: { Type: 'AWS::Events::EventBus', Properties: { Name: name } },
      UploadRule: {
        Type: 'AWS::Events::Rule',
        Properties: { Name: `${name}-upload`, EventPattern: { source: ['aws.s3'] } },
      },
      Role: { Type: 'AWS::IAM::Role', Properties: { AssumeRolePolicyDocument: trust } },
      DeployWorkflow: machine(`${name}-deploy`),
      PromoteWorkflow: machine(`${name}-promote`),
      RollbackWorkflow: machine(`${name}-rollback`),
      UndeployWorkflow: machine(`${name}-undeploy`),
      Api: { Type: 'AWS::ApiGateway::RestApi', Properties: { Name: name } },
      ModelsResource: {
        Type: 'AWS::ApiGateway::Resource',
        Properties: {
          RestApiId: ref('Api'),
          ParentId: att('Api', 'RootResourceId'),
          PathPart: 'models',
        },
      },
      Repository: {
        Type: 'AWS::ECR::Repository',
        Properties: {
          RepositoryName: name,
          EmptyOnDelete: true,
          ImageTagMutability: 'IMMUTABLE',
        },
      },
      EnvironmentRepository: {
        Type: 'AWS::ECR::Repository',
        Properties: {
          RepositoryName: `${name}-environments`,
          EmptyOnDelete: true,
          ImageTagMutability: 'IMMUTABLE',
        },
      },
      ImageProject: project(`${name}-image`, { REPOSITORY: name }),
      EnvironmentProject: project(`${name}-environment`, {
        WEB_ADAPTER_IMAGE: 'public.ecr.aws/awsguru/aws-lambda-adapter:1.0.1',
      }),
      ModelLogGroup: {
        Type: 'AWS::Logs::LogGroup',
        Properties: { LogGroupName: `/slipway/${stage}/models` },
      },
    },
    Outputs: {
      Bucket: value(ref('ModelBucket')),
      ServerlessDeploymentBucketName: value(ref('ServerlessDeploymentBucket')),
      LogBucket: value(ref('LogBucket')),
      Table: value(ref('Registry')),
      Bus: value(name),
      StateMachine: value(ref('DeployWorkflow')),
      PromoteWorkflow: value(ref('PromoteWorkflow')),
      RollbackWorkflow: value(ref('RollbackWorkflow')),
      UndeployWorkflow: value(ref('UndeployWorkflow')),
      Api: value(ref('Api')),
      ApiStage: value('v1'),
      ModelsResource: value(ref('ModelsResource')),
      Authorizer: value('authorizer'),
      UsagePlan: value(usagePlan),
      Repository: value(`${AWS_ACCOUNT}.dkr.ecr.${AWS_REGION}.amazonaws.com/${name}`),
      Environments: value(
        `${AWS_ACCOUNT}.dkr.ecr.${AWS_REGION}.amazonaws.com/${name}-environments`,
      ),
      FunctionPrefix: value(`${name}-m-`),
      ModelRole: value(att('Role', 'Arn')),
      ModelSubnets: value('subnet-a,subnet-b'),
      ModelSecurityGroup: value('sg-models'),
      ModelLogGroup: value(ref('ModelLogGroup')),
      Endpoint: value(endpoint),
    },
  };
}

/** The registry of a stack in moto, after `shapes` has had two versions: 1 is retired, 2 is live. */
export async function twoVersions(
  moto: Moto,
  { outputs }: Pick<CliWorld, 'outputs'>,
): Promise<Registry> {
  const client = awsClient(DynamoDBClient, moto);
  const registry = dynamoRegistry({ client, table: outputs['Table']!, clock: systemClock });
  for (const version of [1, 2]) {
    const holder = await goneLive({ registry } as never, version);
    if (version === 2) await registry.markVersion(holder, 1, 'Retired');
    await registry.releaseLease(holder);
  }
  return registry;
}
