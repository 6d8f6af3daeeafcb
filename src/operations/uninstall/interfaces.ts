import { setTimeout as sleep } from 'node:timers/promises';
import {
  DeleteNetworkInterfaceCommand,
  EC2Client,
  type NetworkInterface,
  paginateDescribeNetworkInterfaces,
} from '@aws-sdk/client-ec2';
import { translated } from '#adapters/aws/failures.ts';
import { Failure } from '#domain/failure.ts';
import { type AwsAccount, clientSettings } from '#operations/account/clients.ts';
import type { Parts } from './parts.ts';
import type { Removal } from './removal.ts';

// Reportedly after up to 45 minutes, mostly within 20. https://github.com/hashicorp/terraform-provider-aws/pull/10114
const LONGEST_MS = 45 * 60_000;
const LOOK_PERIOD_MS = 10_000;

/**
 * The removal of the network interfaces of the models' functions. Lambda removes them itself some time after the functions, and does so as the functions' own role:
 * if that role is deleted first, as the stack would delete it, they stay for good, and with them the subnets and the security group. https://repost.aws/knowledge-center/lambda-eni-find-delete
 */
export function removalOfInterfaces(account: AwsAccount, { outputs }: Parts): Removal {
  const ec2 = new EC2Client(clientSettings(account));
  const subnets = outputs.ModelSubnets.split(',').filter(Boolean);
  return {
    what: 'the network interfaces of the functions, which Lambda gives back within 45 minutes',
    async remove() {
      const endMs = performance.now() + LONGEST_MS;
      for (;;) {
        const left = subnets.length > 0 ? await removeUnused(ec2, subnets) : [];
        if (left.length === 0) return;
        if (performance.now() > endMs) throw stillThere(left);
        await sleep(LOOK_PERIOD_MS);
      }
    },
  };
}

/** Deletes the unused ones, and returns the others. */
async function removeUnused(
  ec2: EC2Client,
  subnets: readonly string[],
): Promise<readonly NetworkInterface[]> {
  const found = await interfacesIn(ec2, subnets);
  for (const { Status, NetworkInterfaceId } of found) {
    if (Status === 'available') await removeInterface(ec2, NetworkInterfaceId);
  }
  return found.filter(({ Status }) => Status !== 'available');
}

async function interfacesIn(
  ec2: EC2Client,
  subnets: readonly string[],
): Promise<readonly NetworkInterface[]> {
  const Filters = [{ Name: 'subnet-id', Values: [...subnets] }];
  return translated(async () => {
    const found: NetworkInterface[] = [];
    for await (const page of paginateDescribeNetworkInterfaces({ client: ec2 }, { Filters })) {
      for (const each of page.NetworkInterfaces ?? []) {
        // Other interfaces are left alone: they block the subnets, not the role.
        if (each.Description?.startsWith('AWS Lambda VPC')) found.push(each);
      }
    }
    return found;
  });
}

/** Deletes an unused one; Lambda may have done so meanwhile, or have taken it into use again. */
async function removeInterface(ec2: EC2Client, NetworkInterfaceId = ''): Promise<void> {
  const command = new DeleteNetworkInterfaceCommand({ NetworkInterfaceId });
  await translated(() =>
    ec2.send(command).catch((error: unknown) => {
      const isPassing = error instanceof Error && PASSING.has(error.name);
      if (!isPassing) throw error;
    }),
  );
}

const PASSING = new Set(['InvalidNetworkInterfaceID.NotFound', 'InvalidNetworkInterface.InUse']);

function stillThere(left: readonly NetworkInterface[]): Failure {
  return new Failure(
    'PlatformUnavailable',
    `${idsOf(left)} is still in use by Lambda. Run this again in half an hour`,
  );
}

function idsOf(found: readonly NetworkInterface[]): string {
  return found.map(({ NetworkInterfaceId }) => NetworkInterfaceId).join(', ');
}
