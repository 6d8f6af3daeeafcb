import {
  type AvailabilityZone,
  DescribeAvailabilityZonesCommand,
  EC2Client,
} from '@aws-sdk/client-ec2';
import { translated } from '#adapters/aws/failures.ts';
import vpcLinks from '#domain/data/vpc-link-zones.json' with { type: 'json' };
import { type AwsAccount, clientSettings, withCredentials } from '#operations/account/clients.ts';
import { fail, ok, warn } from './doctor.ts';

const WITH_LINKS: Readonly<Record<string, readonly string[]>> = vpcLinks.zones;
const SUBNETS = 2;

/** The regions for which the template names zones, since their first two never both have VPC links: it names the first two that do. */
export const NAMED = ['us-east-1', 'eu-west-3', 'ap-east-1'] as const;

/** Whether there are VPC links in the zones that the template takes: without them no stack with containers can be created. */
export async function lookAtZones(account: AwsAccount) {
  const ec2 = new EC2Client(clientSettings(account));
  const region = await ec2.config.region();
  const fix = 'Deploy to another region, or without containers: --param containers=off.';
  const linked = WITH_LINKS[region];
  if (!linked) return warn(`AWS does not list ${region} among the regions with VPC links`, fix);
  const ask = new DescribeAvailabilityZonesCommand({});
  const { AvailabilityZones = [] } = await withCredentials(() => translated(() => ec2.send(ask)));
  const found = AvailabilityZones.filter(isWhole).toSorted(byName).map(idOf);
  const taken = (NAMED.some((named) => named === region) ? linked : found).slice(0, SUBNETS);
  const unfit = taken.filter((id) => !found.includes(id) || !linked.includes(id));
  if (unfit.length === 0) return ok(`${taken.join(' and ')} have VPC links`);
  return fail(`this account has no VPC links in ${unfit.join(' and ')}, which a deploy takes`, fix);
}

/** Excludes local and Wavelength zones, which an account may have opted in to. */
function isWhole({ ZoneType = 'availability-zone' }: AvailabilityZone): boolean {
  return ZoneType === 'availability-zone';
}

/** The order of Fn::GetAZs. */
function byName({ ZoneName: a = '' }: AvailabilityZone, { ZoneName: b = '' }: AvailabilityZone) {
  return a.localeCompare(b);
}

function idOf({ ZoneId = '' }: AvailabilityZone): string {
  return ZoneId;
}
