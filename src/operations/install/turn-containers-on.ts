import {
  CloudFormationClient,
  paginateDescribeStackEvents,
  UpdateStackCommand,
} from '@aws-sdk/client-cloudformation';
import { translated } from '#adapters/aws/failures.ts';
import { Failure } from '#domain/failure.ts';
import { type AwsAccount, clientSettings, withCredentials } from '#operations/account/clients.ts';
import { ensureServiceRoles } from '#operations/account/service-roles.ts';
import { findStack, type SlipwayStack, stackStatus } from '#operations/account/stack.ts';
import { publishApi } from '#operations/install/publish-api.ts';

/** Where containers run: `public` reaches the internet, `isolated` does not. */
export type ContainersOn = 'public' | 'isolated';

type World = {
  readonly sleep: (ms: number) => Promise<unknown>;
  /** Reports to a person why it waits. */
  readonly tell: (line: string) => void;
};

const LOOK_MS = 5_000;
// A load balancer and a VPC link take minutes; CloudFormation itself gives up before this.
const MOST_LOOKS = 720;

/** AWS's message to accounts that may have no load balancers, while Service Quotas shows 50 (8 public repositories have met it; docs/aws-evidence.md). */
const NO_LOAD_BALANCERS = /does not support creating load balancers/;

/**
 * Turns the containers of an installed stack on, with the rights of the caller: the roles of AWS's services, an update of this one parameter, and the API with the containers' paths. Does nothing where they are already as requested.
 * Fails with `PlatformDenied` when the caller or the account may not, and with `PlatformUnavailable` when the stack is being changed: CloudFormation rolls a failed update back, so the stack works as before.
 */
export async function turnContainersOn(
  account: AwsAccount,
  wanted: ContainersOn,
  { sleep, tell }: World,
): Promise<void> {
  const settings = clientSettings(account);
  const stack = await findStack(account);
  await ensureServiceRoles(settings);
  const cloudFormation = new CloudFormationClient(settings);
  if (await update(cloudFormation, stack, wanted)) {
    tell(`containers=${wanted} for ${stack.name}: a load balancer and a VPC link take minutes`);
    await settled(account, cloudFormation, stack, sleep);
  }
  const { outputs, containers } = await findStack(account);
  await publishApi({ stage: account.stage, outputs: { ...outputs, ...containers } }, settings);
}

/** False where nothing has to change. */
async function update(
  cloudFormation: CloudFormationClient,
  { name, parameters }: SlipwayStack,
  wanted: ContainersOn,
): Promise<boolean> {
  const command = new UpdateStackCommand({
    StackName: name,
    UsePreviousTemplate: true,
    // This is needed since the template names a role.
    Capabilities: ['CAPABILITY_NAMED_IAM'],
    Parameters: Object.keys(parameters).map((ParameterKey) =>
      ParameterKey === 'Containers'
        ? { ParameterKey, ParameterValue: wanted }
        : { ParameterKey, UsePreviousValue: true },
    ),
  });
  try {
    await withCredentials(() => translated(() => cloudFormation.send(command)));
    return true;
  } catch (error) {
    // CloudFormation has no specific error names for these.
    const message = error instanceof Error ? error.message : '';
    if (/No updates are to be performed/.test(message)) return false;
    if (!/_IN_PROGRESS state and can ?not be updated/.test(message)) throw error;
    throw new Failure('PlatformUnavailable', `${name} is being changed: ${message}`, {
      cause: error,
      fix: 'Wait until that is done, and try again.',
    });
  }
}

async function settled(
  account: AwsAccount,
  cloudFormation: CloudFormationClient,
  { id, name }: SlipwayStack,
  sleep: World['sleep'],
): Promise<void> {
  for (let look = 0; look < MOST_LOOKS; look += 1) {
    const status = await stackStatus(account);
    if (/^UPDATE_COMPLETE/.test(status)) return;
    if (/ROLLBACK_COMPLETE$|FAILED$/.test(status)) {
      throw refused(name, await firstReason(cloudFormation, id));
    }
    await sleep(LOOK_MS);
  }
  throw new Failure('PlatformUnavailable', `${name} is still being updated`, {
    fix: 'Look at its events in CloudFormation.',
  });
}

/** Why the newest update failed: the later errors are only cancellations by CloudFormation. */
async function firstReason(
  cloudFormation: CloudFormationClient,
  StackName: string,
): Promise<string> {
  let reason = 'CloudFormation does not say why';
  // The events come newest first; the search ends where the update began.
  for await (const { StackEvents = [] } of paginateDescribeStackEvents(
    { client: cloudFormation },
    { StackName },
  )) {
    for (const { PhysicalResourceId, ResourceStatus = '', ...event } of StackEvents) {
      if (PhysicalResourceId === StackName && ResourceStatus === 'UPDATE_IN_PROGRESS')
        return reason;
      const said = event.ResourceStatusReason ?? '';
      const isOwn = ResourceStatus.endsWith('_FAILED') && !/cancelled/i.test(said);
      if (isOwn && said) reason = `${event.LogicalResourceId}: ${said}`;
    }
  }
  return reason;
}

function refused(name: string, reason: string): Failure {
  const stays = `${name} works on without containers`;
  if (NO_LOAD_BALANCERS.test(reason)) {
    return new Failure(
      'PlatformDenied',
      `AWS does not let this account make load balancers, which containers need, as it does with many young accounts whatever Service Quotas shows; ${stays}`,
      {
        fix: 'Open a case in the AWS Support Center (Service limit increase, Elastic Load Balancing, or Account and billing: it is free) that asks for load balancers to be enabled in this region, and turn containers on again once that is done.',
      },
    );
  }
  return new Failure('PlatformDenied', `containers could not be made; ${stays}: ${reason}`, {
    fix: 'Mend that, and turn containers on again.',
  });
}
