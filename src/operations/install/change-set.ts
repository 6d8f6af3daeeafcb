import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type Change,
  CloudFormationClient,
  CreateChangeSetCommand,
  DeleteChangeSetCommand,
  paginateDescribeChangeSet,
  waitUntilChangeSetCreateComplete,
} from '@aws-sdk/client-cloudformation';
import { DeleteObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import * as z from 'zod/mini';
import { translated } from '#adapters/aws/failures.ts';
import { Failure } from '#domain/failure.ts';
import { type AwsAccount, clientSettings } from '#operations/account/clients.ts';
import { describeStack } from '#operations/account/stack.ts';
import { isMade, readConditions } from './conditions.ts';

/** A change of one resource; `replaces` where its update creates it anew, which removes the old one. */
export type StackChange = {
  readonly action: 'adds' | 'changes' | 'removes' | 'replaces';
  /** Its logical id. */
  readonly id: string;
  /** Its type, such as AWS::Lambda::Function. */
  readonly type: string;
};

const TEMPLATE = 'cloudformation-template-update-stack.json';
// osls gives this name to the output of every stack that it creates.
const BUCKET_OUTPUT = 'ServerlessDeploymentBucketName';
const WAIT = { maxWaitTime: 600, minDelay: 2, maxDelay: 10 };

const template = z.object({
  Parameters: z.optional(z.record(z.string(), z.object({ Default: z.optional(z.unknown()) }))),
  Conditions: z.optional(z.record(z.string(), z.unknown())),
  Resources: z.record(
    z.string(),
    z.object({ Type: z.string(), Condition: z.optional(z.string()) }),
  ),
});

/**
 * The changes that a deploy of a packaged stack would make, by a change set that CloudFormation creates and nobody executes; for a stage that has no stack, or (`isNew`) will have a new one, all resources of the template.
 * Fails with `InputInvalid`, in CloudFormation's words, where it rejects the change.
 */
export async function changesOf(
  account: AwsAccount,
  packaged: string,
  { isNew }: { readonly isNew: boolean },
): Promise<readonly StackChange[]> {
  const body = await readFile(join(packaged, TEMPLATE), 'utf8');
  const stack = isNew ? undefined : await describeStack(account);
  const outputs = stack?.Outputs ?? [];
  const bucket = outputs.find(({ OutputKey }) => OutputKey === BUCKET_OUTPUT)?.OutputValue;
  if (!stack?.StackName || !bucket) return allOf(body);
  return changesOfStack(account, { name: stack.StackName, bucket, body });
}

/** The changes as lines for a person: the number of each kind, and by name each one that takes something away. */
export function changeLines(changes: readonly StackChange[]): readonly string[] {
  if (changes.length === 0) return ['changes nothing in the stack'];
  const kinds = Object.entries(Object.groupBy(changes, ({ action }) => action));
  return kinds.flatMap(([action, of]) => [
    `${action} ${of.length} ${of.length === 1 ? 'resource' : 'resources'}: ${counted(of)}`,
    ...(action === 'removes' || action === 'replaces'
      ? of.map(({ id, type }) => `  ${action} ${id} (${type})`)
      : []),
  ]);
}

function counted(changes: readonly StackChange[]): string {
  const types = Object.entries(Object.groupBy(changes, ({ type }) => type.replace('AWS::', '')));
  return types
    .toSorted(([, a = []], [, b = []]) => b.length - a.length)
    .map(([type, of = []]) => (of.length === 1 ? type : `${of.length} ${type}`))
    .join(', ');
}

function allOf(body: string): readonly StackChange[] {
  const { Parameters = {}, Conditions = {}, Resources } = template.parse(JSON.parse(body));
  const given = Object.fromEntries(
    Object.entries(Parameters).map(([name, { Default }]) => [name, String(Default ?? '')]),
  );
  const holds = readConditions(Conditions, given);
  return Object.entries(Resources)
    .filter(([, { Condition }]) => isMade(Condition, holds))
    .map(([id, { Type }]) => ({ action: 'adds', id, type: Type }));
}

type Installed = { readonly name: string; readonly bucket: string; readonly body: string };

async function changesOfStack(
  account: AwsAccount,
  { name: StackName, bucket: Bucket, body: Body }: Installed,
): Promise<readonly StackChange[]> {
  const settings = clientSettings(account);
  const client = new CloudFormationClient(settings);
  const s3 = new S3Client(settings);
  const region = await s3.config.region();
  const suffix = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  // A template of more than 51,200 bytes is passed by its address. https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
  const Key = `serverless/slipway/${account.stage}/change-set.json`;
  // An interrupted deploy may have left its own change set.
  const set = { StackName, ChangeSetName: `slipway-${randomUUID()}` };
  await translated(() => s3.send(new PutObjectCommand({ Bucket, Key, Body })));
  try {
    await translated(() =>
      client.send(
        new CreateChangeSetCommand({
          ...set,
          ChangeSetType: 'UPDATE',
          TemplateURL: `https://${Bucket}.s3.${region}.${suffix}/${Key}`,
          Capabilities: ['CAPABILITY_IAM', 'CAPABILITY_NAMED_IAM'],
        }),
      ),
    );
    await waitUntilChangeSetCreateComplete({ client, ...WAIT }, set).catch(() => undefined);
    return await readChanges(client, set);
  } finally {
    await client.send(new DeleteChangeSetCommand(set)).catch(() => undefined);
    await s3.send(new DeleteObjectCommand({ Bucket, Key })).catch(() => undefined);
  }
}

async function readChanges(
  client: CloudFormationClient,
  set: { readonly StackName: string; readonly ChangeSetName: string },
): Promise<readonly StackChange[]> {
  const found: StackChange[] = [];
  for await (const page of paginateDescribeChangeSet({ client }, set)) {
    const { Status, StatusReason: reason = '', Changes = [] } = page;
    // A change set without changes counts as failed. https://github.com/aws/aws-cli/blob/develop/awscli/customizations/cloudformation/deployer.py
    if (Status === 'FAILED' && /didn't contain changes|No updates/.test(reason)) return [];
    if (Status === 'FAILED') {
      throw new Failure('InputInvalid', `CloudFormation takes no such change: ${reason}`, {
        fix: 'Mend what it names; nothing was deployed.',
      });
    }
    found.push(...Changes.flatMap(asChange));
  }
  return found;
}

const ACTIONS = { Add: 'adds', Remove: 'removes' } as const;

function asChange({ ResourceChange: change }: Change): readonly StackChange[] {
  if (!change) return [];
  const { Action, LogicalResourceId: id = '', ResourceType: type = '', Replacement } = change;
  const updated = Replacement === 'True' ? 'replaces' : 'changes';
  const action = Action === 'Add' || Action === 'Remove' ? ACTIONS[Action] : updated;
  return [{ action, id, type }];
}
