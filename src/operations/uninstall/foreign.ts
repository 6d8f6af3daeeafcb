import {
  DescribeSecurityGroupsCommand,
  EC2Client,
  type NetworkInterface,
  paginateDescribeNetworkInterfaces,
} from '@aws-sdk/client-ec2';
import { EventBridgeClient, ListRulesCommand } from '@aws-sdk/client-eventbridge';
import { ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { translated } from '#adapters/aws/failures.ts';
import { type AwsAccount, clientSettings } from '#operations/account/clients.ts';
import type { Parts } from './parts.ts';
import { unlessGone } from './removal.ts';

/** A resource within the removed ones that Slipway has not created: `reason` says what happens to it. */
export type Foreign = { readonly what: string; readonly reason: string };

// The keys that Slipway itself writes in its bucket.
const OWN_PREFIXES = new Set([
  'models/',
  'promotions/',
  'builds/',
  'orders/',
  'own-builds/',
  'own-images/',
]);

/** Lists the things that others have created within the stack's own. Most of them keep the stack from being deleted, so their owners have to delete them. */
export async function findForeign(
  account: AwsAccount,
  parts: Parts,
  { deleteBucket }: { readonly deleteBucket: boolean },
): Promise<readonly Foreign[]> {
  const { Bucket, ModelSubnets, ModelSecurityGroup } = parts.outputs;
  const network = new EC2Client(clientSettings(account));
  const found = await Promise.all([
    parts.isThere && ModelSubnets ? interfaces(network, ModelSubnets.split(',')) : [],
    parts.isThere && ModelSecurityGroup ? groups(network, ModelSecurityGroup) : [],
    parts.isThere ? rules(account, parts) : [],
    deleteBucket && Bucket ? objects(account, Bucket) : [],
  ]);
  return found.flat();
}

/** Interfaces that Lambda created for functions are Slipway's: no other function belongs in these subnets. */
async function interfaces(
  client: EC2Client,
  subnets: readonly string[],
): Promise<readonly Foreign[]> {
  const Filters = [{ Name: 'subnet-id', Values: [...subnets] }];
  const found = await translated(async () => {
    const all: NetworkInterface[] = [];
    for await (const page of paginateDescribeNetworkInterfaces({ client }, { Filters })) {
      all.push(...(page.NetworkInterfaces ?? []));
    }
    return all;
  });
  return found
    .filter(({ Description }) => !Description?.startsWith('AWS Lambda VPC'))
    .map(({ NetworkInterfaceId, Description }) => ({
      what: `the network interface ${NetworkInterfaceId} (${Description || 'no description'})`,
      reason: 'it keeps a subnet of the models: delete it',
    }));
}

/** A group that another group's rule names cannot be deleted. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteSecurityGroup.html */
async function groups(client: EC2Client, own: string): Promise<readonly Foreign[]> {
  const Filters = [{ Name: 'ip-permission.group-id', Values: [own] }];
  const describe = new DescribeSecurityGroupsCommand({ Filters });
  const { SecurityGroups = [] } = await translated(() => client.send(describe));
  return SecurityGroups.filter(({ GroupId }) => GroupId !== own).map(({ GroupId }) => ({
    what: `a rule of the security group ${GroupId}`,
    reason: `it names ${own} of the models, and keeps it: delete the rule`,
  }));
}

/** A bus with rules cannot be deleted. https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_DeleteEventBus.html */
async function rules(
  account: AwsAccount,
  { outputs: { Bus: EventBusName }, made }: Parts,
): Promise<readonly Foreign[]> {
  const client = new EventBridgeClient(clientSettings(account));
  const own = new Set([...made.values()].map((id) => id.slice(id.lastIndexOf('|') + 1)));
  const list = new ListRulesCommand({ EventBusName });
  const { Rules = [] } = (await unlessGone(() => client.send(list))) ?? {};
  return Rules.flatMap(({ Name = '' }) => (own.has(Name) ? [] : Name)).map((rule) => ({
    what: `the rule ${rule} on the bus ${EventBusName}`,
    reason: 'it keeps the bus: delete it with its targets',
  }));
}

async function objects(account: AwsAccount, Bucket: string): Promise<readonly Foreign[]> {
  const client = new S3Client(clientSettings(account));
  const list = new ListObjectsV2Command({ Bucket, Delimiter: '/' });
  const { CommonPrefixes = [], Contents = [] } = (await unlessGone(() => client.send(list))) ?? {};
  const names = [
    ...CommonPrefixes.flatMap(({ Prefix = '' }) => (OWN_PREFIXES.has(Prefix) ? [] : Prefix)),
    ...Contents.flatMap(({ Key }) => Key ?? []),
  ];
  const reason = 'it is deleted with the bucket, which --delete-bucket asks for';
  return names.map((name) => ({ what: `${name} in the bucket ${Bucket}`, reason }));
}
