import {
  CloudFormationClient,
  DeleteStackCommand,
  paginateListStackResources,
  waitUntilStackDeleteComplete,
} from '@aws-sdk/client-cloudformation';
import {
  DisableRuleCommand,
  EventBridgeClient,
  ListRulesCommand,
} from '@aws-sdk/client-eventbridge';
import { paginateListExecutions, SFNClient, StopExecutionCommand } from '@aws-sdk/client-sfn';
import { translated } from '#adapters/aws/failures.ts';
import { Failure } from '#domain/failure.ts';
import { type AwsAccount, clientSettings } from '#operations/account/clients.ts';
import type { Parts } from './parts.ts';
import { type Removal, unlessGone } from './removal.ts';

const LONGEST_SECONDS = 3600;
const SOONEST_SECONDS = 2;
const LATEST_SECONDS = 15;

/** Stops everything that could create resources while the rest is removed. */
export function stopping(account: AwsAccount, stack: Parts): Removal {
  return {
    what: 'what starts deployments and the sweep, and the deployments under way',
    async remove() {
      await disableRules(account, `${stack.name}-`);
      const { StateMachine, PromoteWorkflow, RollbackWorkflow, UndeployWorkflow } = stack.outputs;
      for (const machine of [StateMachine, PromoteWorkflow, RollbackWorkflow, UndeployWorkflow]) {
        if (machine) await stopExecutions(account, machine);
      }
    },
  };
}

async function disableRules(account: AwsAccount, NamePrefix: string): Promise<void> {
  const client = new EventBridgeClient(clientSettings(account));
  // A stage has a few rules; a page holds a hundred.
  const { Rules = [] } = await translated(() => client.send(new ListRulesCommand({ NamePrefix })));
  for (const { Name } of Rules) {
    await unlessGone(() => client.send(new DisableRuleCommand({ Name })));
  }
}

async function stopExecutions(account: AwsAccount, stateMachineArn: string): Promise<void> {
  const client = new SFNClient(clientSettings(account));
  const running = { stateMachineArn, statusFilter: 'RUNNING' } as const;
  await unlessGone(async () => {
    for await (const { executions = [] } of paginateListExecutions({ client }, running)) {
      for (const { executionArn } of executions) {
        await client.send(
          new StopExecutionCommand({ executionArn, cause: 'Slipway is uninstalled' }),
        );
      }
    }
  });
}

/** The removal of the stack. The bucket and the table stay, by the template's deletion policies. */
export function removalOfStack(account: AwsAccount, { id, name }: Parts): Removal {
  const client = new CloudFormationClient(clientSettings(account));
  const waiter = {
    client,
    maxWaitTime: LONGEST_SECONDS,
    minDelay: SOONEST_SECONDS,
    maxDelay: LATEST_SECONDS,
  };
  return {
    what: `the stack ${name} with its logs`,
    async remove() {
      await translated(() => client.send(new DeleteStackCommand({ StackName: id })));
      await waitUntilStackDeleteComplete(waiter, { StackName: id }).catch(async (cause) => {
        throw await undeleted(client, id, cause);
      });
    },
  };
}

// Lambda releases the network interfaces of deleted functions late, reportedly after up to 45 minutes; until then the security group and the subnets stay.
// https://github.com/hashicorp/terraform-provider-aws/pull/10114
async function undeleted(client: CloudFormationClient, StackName: string, cause: unknown) {
  const left: string[] = [];
  for await (const { StackResourceSummaries = [] } of paginateListStackResources(
    { client },
    { StackName },
  )) {
    for (const resource of StackResourceSummaries) {
      if (resource.ResourceStatus !== 'DELETE_FAILED') continue;
      left.push(`${resource.LogicalResourceId}: ${resource.ResourceStatusReason}`);
    }
  }
  const reason = left.join('; ') || (cause instanceof Error ? cause.message : String(cause));
  return new Failure('PlatformUnavailable', `${reason}. Run this again in half an hour`, { cause });
}
