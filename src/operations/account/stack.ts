import {
  CloudFormationClient,
  DescribeStacksCommand,
  paginateListStacks,
  type Stack,
} from '@aws-sdk/client-cloudformation';
import { translated } from '#adapters/aws/failures.ts';
import { Failure } from '#domain/failure.ts';
import { type AwsAccount, clientSettings, withCredentials } from './clients.ts';

/** The outputs of Slipway's stack, named like the step functions' variables: see infra/outputs.yml. */
export const OUTPUTS = [
  'Api',
  'ApiStage',
  'Authorizer',
  'Bucket',
  'Bus',
  'Containers',
  'Endpoint',
  'Environments',
  'FunctionPrefix',
  'LogBucket',
  'ModelLogGroup',
  'ModelRole',
  'ModelSecurityGroup',
  'ModelSubnets',
  'ModelsResource',
  'PromoteWorkflow',
  'Repository',
  'RollbackWorkflow',
  'StateMachine',
  'Table',
  'UndeployWorkflow',
  'UsagePlan',
] as const;

/** The outputs that a stack has only with containers: its parameter is not `off`. */
export const CONTAINER_OUTPUTS = [
  'Cluster',
  'ContainerSubnets',
  'Listener',
  'LoadBalancer',
  'VpcLink',
] as const;

export type SlipwayStack = {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly parameters: Readonly<Record<string, string>>;
  /** A stack of an earlier release lacks `KeyPartitions`: the number of partitions from which its authorizer reads keys; and `KeyExpiry`, where it refuses keys that have expired. `SigningKey` and `Signer` are present where it signs releases. */
  readonly outputs: Readonly<Record<(typeof OUTPUTS)[number], string>> & {
    readonly EnvironmentHash?: string;
    readonly KeyExpiry?: string;
    readonly KeyPartitions?: string;
    readonly SigningKey?: string;
    readonly Signer?: string;
  };
  /** Null when the stack has no containers. */
  readonly containers: ContainerOutputs | null;
};

export type ContainerOutputs = Readonly<Record<(typeof CONTAINER_OUTPUTS)[number], string>>;

/** The stack of the account's Slipway. Fails with `InputInvalid` when there is none, or its creation never completed. */
export async function findStack(account: AwsAccount): Promise<SlipwayStack> {
  return (await findStackIfAny(account)) ?? Promise.reject(await noStack(account));
}

/** Like `findStack`; undefined when there is no stack. */
export async function findStackIfAny(account: AwsAccount): Promise<SlipwayStack | undefined> {
  return readStack(await describeStack(account));
}

/** Returns the account's stack as CloudFormation describes it; undefined when there is no stack. */
export function describeStack(account: AwsAccount): Promise<Stack | undefined> {
  return describe(new CloudFormationClient(clientSettings(account)), stackName(account));
}

/** The same stack in Slipway's form. Fails with `InputInvalid` when its creation never completed. */
export function readStack(stack: Stack | undefined): SlipwayStack | undefined {
  return stack && read(stack);
}

/** The parameter `containers` of the stack, in any state; undefined where the stack lacks it, as before its first deploy was complete. */
export async function containersOf(account: AwsAccount): Promise<string | undefined> {
  const cloudFormation = new CloudFormationClient(clientSettings(account));
  const { Parameters = [] } = (await describe(cloudFormation, stackName(account))) ?? {};
  return Parameters.find(({ ParameterKey }) => ParameterKey === 'Containers')?.ParameterValue;
}

/** The stack's status, by CloudFormation's name; empty where there is no stack. */
export async function stackStatus(account: AwsAccount): Promise<string> {
  const cloudFormation = new CloudFormationClient(clientSettings(account));
  return (await describe(cloudFormation, stackName(account)))?.StackStatus ?? '';
}

/** The failure of a command whose stack does not exist. */
export async function noStack(account: AwsAccount): Promise<Failure> {
  const region = await new CloudFormationClient(clientSettings(account)).config.region();
  return new Failure('InputInvalid', `there is no stack ${stackName(account)} in ${region}`, {
    fix: `Install it with \`slipway deploy --stage ${account.stage} --region ${region}\`, or name another --stage, --region or --profile.`,
  });
}

/** A stack as CloudFormation describes it, in any state: it may lack any output. */
export type FoundStack = Pick<SlipwayStack, 'id' | 'name' | 'status'> & {
  readonly outputs: Readonly<Record<string, string>>;
};

/** The stack, finished or not; else the last deleted one, which AWS remembers for 90 days. Fails with `InputInvalid` when there never was one. */
export async function findStackOrRemains(account: AwsAccount): Promise<FoundStack> {
  const cloudFormation = new CloudFormationClient(clientSettings(account));
  const name = stackName(account);
  const there = await describe(cloudFormation, name);
  if (there) return asFound(there);
  const deleted = paginateListStacks(
    { client: cloudFormation },
    { StackStatusFilter: ['DELETE_COMPLETE'] },
  );
  // Newest first. https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListStacks.html
  for await (const { StackSummaries = [] } of deleted) {
    const last = StackSummaries.find(({ StackName }) => StackName === name);
    const stack = last?.StackId && (await describe(cloudFormation, last.StackId));
    if (stack) return asFound(stack);
  }
  throw await noStack(account);
}

export function stackName({ stage }: AwsAccount): string {
  return `slipway-${stage}`;
}

async function describe(
  cloudFormation: CloudFormationClient,
  StackName: string,
): Promise<Stack | undefined> {
  try {
    const find = new DescribeStacksCommand({ StackName });
    const { Stacks = [] } = await withCredentials(() =>
      translated(() => cloudFormation.send(find)),
    );
    return Stacks[0];
  } catch (error) {
    // CloudFormation has no specific error name for a missing stack.
    const isAbsent = error instanceof Error && error.name === 'ValidationError';
    if (isAbsent && /does not exist/.test(error.message)) return undefined;
    throw error;
  }
}

function asFound(stack: Stack): FoundStack {
  const { StackId: id = '', StackName: name = '', StackStatus: status = '' } = stack;
  return { id, name, status, outputs: outputsOf(stack).outputs };
}

function outputsOf({ Outputs = [] }: Stack) {
  const outputs = Object.fromEntries(
    Outputs.map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue]),
  );
  const hasContainers = outputs['Containers'] !== 'off';
  const told = [...OUTPUTS, ...(hasContainers ? CONTAINER_OUTPUTS : [])];
  return { outputs, hasContainers, missing: told.filter((name) => !outputs[name]) };
}

function read(stack: Stack): SlipwayStack {
  const { StackId, StackName, StackStatus } = stack;
  const { outputs, hasContainers, missing } = outputsOf(stack);
  if (missing.length > 0) {
    throw new Failure(
      'InputInvalid',
      `the stack ${StackName} is ${StackStatus} and lacks the outputs ${missing.join(', ')}`,
      {
        fix: 'Install it again with `slipway deploy`; the events of the stack say why it is not complete.',
      },
    );
  }
  return {
    id: StackId ?? '',
    name: StackName ?? '',
    status: StackStatus ?? '',
    parameters: Object.fromEntries(
      (stack.Parameters ?? []).map(({ ParameterKey = '', ParameterValue = '' }) => [
        ParameterKey,
        ParameterValue,
      ]),
    ),
    // Object.fromEntries loses the types of the names.
    outputs: outputs as SlipwayStack['outputs'],
    containers: hasContainers ? (outputs as ContainerOutputs) : null,
  };
}
