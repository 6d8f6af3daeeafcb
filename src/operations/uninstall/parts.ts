import { CloudFormationClient, paginateListStackResources } from '@aws-sdk/client-cloudformation';
import { type AwsAccount, clientSettings } from '#operations/account/clients.ts';
import {
  type FoundStack,
  findStackOrRemains,
  type SlipwayStack,
} from '#operations/account/stack.ts';

/** The resources that a stack has created and not deleted, by their logical ids, with the ids that their services use. */
type Made = ReadonlyMap<string, string>;

/**
 * The parts of an installation, in any state: its stack's outputs, and in place of missing ones the stack's own resources.
 * An output is empty where neither has a value: the stack has not created that resource. `containers` is null where it has no containers.
 */
export type Parts = SlipwayStack & {
  /** Whether the stack exists: otherwise it is deleted, and only its retained resources may be left. */
  readonly isThere: boolean;
  /** Whether it has all outputs, as after a deploy that completed. */
  readonly isComplete: boolean;
  readonly made: Made;
};

/** The logical ids in the template of the resources whose own ids are outputs. */
export const MADE_AS = {
  Api: ['Api'],
  Authorizer: ['Authorizer'],
  Bucket: ['ModelBucket'],
  Cluster: ['Cluster'],
  Environments: ['EnvironmentRepository'],
  Listener: ['Listener'],
  LogBucket: ['LogBucket'],
  ModelLogGroup: ['ModelLogGroup'],
  ModelSecurityGroup: ['ModelSecurityGroup'],
  ModelSubnets: ['ModelSubnetA', 'ModelSubnetB'],
  ModelsResource: ['ModelsResource'],
  PromoteWorkflow: ['PromoteWorkflow'],
  Repository: ['Repository'],
  RollbackWorkflow: ['RollbackWorkflow'],
  StateMachine: ['DeployWorkflow'],
  Table: ['Registry'],
  UndeployWorkflow: ['UndeployWorkflow'],
  UsagePlan: ['UsagePlan'],
  VpcLink: ['VpcLink'],
} as const;

type Named = keyof typeof MADE_AS;

// Outputs that no removal reads.
const UNREAD = { ContainerSubnets: '', Endpoint: '', LoadBalancer: '', ModelRole: '' };

/** The parts of the account's Slipway that exist. Fails with `InputInvalid` when there never was a stack. */
export async function findParts(account: AwsAccount): Promise<Parts> {
  const { outputs: told, ...stack } = await findStackOrRemains(account);
  const isThere = stack.status !== 'DELETE_COMPLETE';
  const isComplete = Boolean(told['StateMachine'] && told['Table']);
  const made = isThere || !isComplete ? await stackResources(account, stack) : new Map();
  const names = Object.keys(MADE_AS) as readonly Named[];
  const outputs = {
    ...UNREAD,
    // Templates of every version use this name.
    ApiStage: 'v1',
    Bus: stack.name,
    FunctionPrefix: `${stack.name}-m-`,
    Containers: made.has('Cluster') || made.has('Listener') ? 'public' : 'off',
    ...Object.fromEntries(names.map((name) => [name, idOf(made, name)])),
    ...told,
  } as SlipwayStack['outputs'] & NonNullable<SlipwayStack['containers']>;
  const hasContainers = outputs.Containers !== 'off';
  return {
    ...stack,
    made,
    outputs,
    parameters: {},
    isThere,
    isComplete,
    // A cluster has the name of its stack.
    containers: hasContainers ? { ...outputs, Cluster: outputs.Cluster || stack.name } : null,
  };
}

function idOf(made: Made, name: Named): string {
  return MADE_AS[name].flatMap((id) => made.get(id) ?? []).join(',');
}

/** A resource that could not be created does not belong to the stack: one of the same name may be somebody else's. */
const NOT_MADE = new Set(['CREATE_FAILED', 'DELETE_COMPLETE']);

/** CloudFormation lists a deleted stack's resources for 90 days. https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListStackResources.html */
async function stackResources(
  account: AwsAccount,
  { id: StackName }: Pick<FoundStack, 'id'>,
): Promise<Made> {
  const client = new CloudFormationClient(clientSettings(account));
  const made = new Map<string, string>();
  for await (const { StackResourceSummaries = [] } of paginateListStackResources(
    { client },
    { StackName },
  )) {
    for (const resource of StackResourceSummaries) {
      const { LogicalResourceId, PhysicalResourceId, ResourceStatus = '' } = resource;
      if (!LogicalResourceId || !PhysicalResourceId || NOT_MADE.has(ResourceStatus)) continue;
      made.set(LogicalResourceId, PhysicalResourceId);
    }
  }
  return made;
}
