import {
  CloudFormationClient,
  ContinueUpdateRollbackCommand,
  DeleteStackCommand,
  type Stack,
  type StackStatus,
  waitUntilStackDeleteComplete,
  waitUntilStackRollbackComplete,
} from '@aws-sdk/client-cloudformation';
import { translated } from '#adapters/aws/failures.ts';
import { Failure } from '#domain/failure.ts';
import { type AwsAccount, clientSettings } from './clients.ts';
import { describeStack } from './stack.ts';

/** A stack as CloudFormation describes it, finished or not. `reason` is CloudFormation's, or empty. */
export type StackState = {
  readonly id: string;
  readonly name: string;
  readonly status: StackStatus;
  readonly reason: string;
};

/**
 * The way in which CloudFormation lets a deploy continue with a stack: update it, do so once the stack is deleted or its rollback is continued, wait, or nothing until a person has repaired it.
 * Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html, stack status codes, and the refusals in aws/aws-cdk#5151, widdix/cfn-create-or-update#3, org-formation/org-formation-cli#455.
 */
export type Remedy = 'update' | 'delete first' | 'continue the rollback' | 'wait' | 'mend';

const REMEDIES = {
  CREATE_COMPLETE: 'update',
  // Only a stack that was created with its rollback switched off stays in this state.
  CREATE_FAILED: 'delete first',
  CREATE_IN_PROGRESS: 'wait',
  DELETE_COMPLETE: 'update',
  DELETE_FAILED: 'mend',
  DELETE_IN_PROGRESS: 'wait',
  IMPORT_COMPLETE: 'update',
  IMPORT_IN_PROGRESS: 'wait',
  IMPORT_ROLLBACK_COMPLETE: 'update',
  IMPORT_ROLLBACK_FAILED: 'mend',
  IMPORT_ROLLBACK_IN_PROGRESS: 'wait',
  // A change set was made for a new stack, and never carried out: there are no resources.
  REVIEW_IN_PROGRESS: 'delete first',
  ROLLBACK_COMPLETE: 'delete first',
  ROLLBACK_FAILED: 'delete first',
  ROLLBACK_IN_PROGRESS: 'wait',
  UPDATE_COMPLETE: 'update',
  UPDATE_COMPLETE_CLEANUP_IN_PROGRESS: 'wait',
  UPDATE_FAILED: 'mend',
  UPDATE_IN_PROGRESS: 'wait',
  UPDATE_ROLLBACK_COMPLETE: 'update',
  UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS: 'wait',
  UPDATE_ROLLBACK_FAILED: 'continue the rollback',
  UPDATE_ROLLBACK_IN_PROGRESS: 'wait',
} as const satisfies Record<StackStatus, Remedy>;

/** The remedy for a status; a person must look at a status that CloudFormation has added since. */
export function remedyFor(status: StackStatus): Remedy {
  return REMEDIES[status] ?? 'mend';
}

/** The account's stack in any state; undefined when there is no stack. */
export async function stackState(account: AwsAccount): Promise<StackState | undefined> {
  return stateOf(await describeStack(account));
}

export function stateOf(stack: Stack | undefined): StackState | undefined {
  if (!stack?.StackStatus) return undefined;
  const { StackId: id = '', StackName: name = '', StackStatus: status } = stack;
  return { id, name, status, reason: stack.StackStatusReason ?? '' };
}

const WAIT = { maxWaitTime: 3600, minDelay: 2, maxDelay: 15 };

/**
 * Makes a stack whose deploy failed deployable: removes one that was never complete, and finishes a rollback that broke off, without skipping any resource. Does nothing for others.
 * Fails with `PlatformUnavailable` where CloudFormation cannot do it, with its reason.
 */
export async function mendStack(account: AwsAccount, { id, name, status }: StackState) {
  const client = new CloudFormationClient(clientSettings(account));
  const StackName = id || name;
  const remedy = remedyFor(status);
  try {
    if (remedy === 'delete first') {
      await translated(() => client.send(new DeleteStackCommand({ StackName })));
      await waitUntilStackDeleteComplete({ client, ...WAIT }, { StackName });
    }
    if (remedy === 'continue the rollback') {
      await translated(() => client.send(new ContinueUpdateRollbackCommand({ StackName })));
      await waitUntilStackRollbackComplete({ client, ...WAIT }, { StackName });
    }
  } catch (cause) {
    if (cause instanceof Failure) throw cause;
    const now = await stackState(account).catch(() => undefined);
    throw new Failure(
      'PlatformUnavailable',
      `${name} is ${now?.status ?? status}: ${now?.reason}`,
      {
        cause,
        fix: now ? stackFix(now, account.stage) : '',
      },
    );
  }
}

/** The instructions for repairing a stack in which no deploy can begin; empty where one can. */
export function stackFix(
  { status, name }: Pick<StackState, 'status' | 'name'>,
  stage: string,
): string {
  const aws = 'aws cloudformation';
  switch (remedyFor(status)) {
    case 'update':
      return '';
    case 'delete first':
      return `CloudFormation updates no such stack. \`slipway deploy\` deletes it first, by itself, and begins anew; nothing serves in it.`;
    case 'continue the rollback':
      return `\`slipway deploy\` continues the rollback by itself. If that fails again, mend what the stack's events name, or leave it out: \`${aws} continue-update-rollback --stack-name ${name} --resources-to-skip LOGICAL_ID\`.`;
    case 'wait':
      return status === 'UPDATE_IN_PROGRESS'
        ? `Wait until it is done, or stop it: \`${aws} cancel-update-stack --stack-name ${name}\`.`
        : 'Wait until it is done: CloudFormation takes no other change until then.';
    case 'mend':
      return mending(status, { name, stage });
  }
}

function mending(
  status: StackStatus,
  { name, stage }: { readonly name: string; readonly stage: string },
): string {
  if (status === 'DELETE_FAILED') {
    return `Finish its removal: \`slipway uninstall --stage ${stage}\`; the stack's events name what is in the remedy. CloudFormation takes nothing but another delete.`;
  }
  if (status === 'UPDATE_FAILED') {
    return `Roll it back: \`aws cloudformation rollback-stack --stack-name ${name}\`, then deploy again.`;
  }
  return `Mend what the stack's events name (\`aws cloudformation describe-stack-events --stack-name ${name}\`), then deploy again.`;
}
