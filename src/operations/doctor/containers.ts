import { DescribeSubnetsCommand, DescribeVpcsCommand, EC2Client } from '@aws-sdk/client-ec2';
import {
  DescribeAccountLimitsCommand,
  ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { FARGATE_VCPUS } from '#adapters/aws/ecs/container-vcpus.ts';
import { readRules } from '#adapters/aws/ecs/test-rule.ts';
import { translated } from '#adapters/aws/failures.ts';
import { type AwsAccount, clientSettings, withCredentials } from '#operations/account/clients.ts';
import { makeRole, missingServiceRoles, SERVICE_ROLES } from '#operations/account/service-roles.ts';
import type { ContainerOutputs, SlipwayStack } from '#operations/account/stack.ts';
import { type Check, fail, ok, warn } from './doctor.ts';
import { quotaOf } from './quota.ts';
import { lookAtZones } from './zones.ts';

type Settings = ReturnType<typeof clientSettings>;

// Service Quotas' codes. https://docs.aws.amazon.com/general/latest/gr/ecs-service.html, ec2-service.html, vpc-service.html
const GPU_VCPUS = { 'G and VT': 'L-DB2E81BA', P: 'L-417A185B' } as const;
const NETWORKS = 'L-F678F1CE';

const FULL = 0.8;
// Room for a task of the largest size beside the one it replaces.
const GOOD_FARGATE_VCPUS = 32;
const GOOD_ADDRESSES = 16;
const DEFAULT_RULES = 100;

/** Checks whether the region has room for the networks that a deploy would add; no check for undefined. */
export function networkCheck(account: AwsAccount, added: () => Promise<number | undefined>): Check {
  return {
    check: 'networks',
    async look() {
      const count = await added();
      return count === undefined ? undefined : lookAtNetworks(account, count);
    },
  };
}

/** Checks the account's quotas and zones for containers; no checks for an existing stack without containers. */
export function containerQuotaChecks(
  account: AwsAccount,
  known: Promise<SlipwayStack | undefined>,
): readonly Check[] {
  const isInstalled = async () => (await known) !== undefined;
  const check = (name: string, look: Check['look']) => ({
    check: name,
    look: async () => ((await known)?.containers === null ? undefined : look()),
  });
  return [
    // The zones of a stack are chosen already.
    check('zones', async () => ((await isInstalled()) ? undefined : lookAtZones(account))),
    check('service roles', async () =>
      lookAtServiceRoles(clientSettings(account), await isInstalled()),
    ),
    check('Fargate', () => lookAtFargate(account)),
    check('GPUs', () => lookAtGpus(account)),
  ];
}

/** Checks the stack's resources for containers; no checks when it has none. */
export function containerChecks(
  account: AwsAccount,
  stack: Promise<SlipwayStack>,
): readonly Check[] {
  const settings = clientSettings(account);
  const check = (
    name: string,
    look: (containers: ContainerOutputs) => ReturnType<Check['look']>,
  ) => ({
    check: name,
    look: async () => {
      const { containers } = await stack;
      return containers === null ? undefined : look(containers);
    },
  });
  return [
    check('rules', ({ Listener }) => lookAtRules(settings, Listener)),
    check('addresses', ({ ContainerSubnets }) => lookAtAddresses(settings, ContainerSubnets)),
  ];
}

async function lookAtNetworks(account: AwsAccount, added: number) {
  const ec2 = new EC2Client(clientSettings(account));
  const [quota, { Vpcs = [] }] = await Promise.all([
    quotaOf(account, 'vpc', NETWORKS),
    withCredentials(() => translated(() => ec2.send(new DescribeVpcsCommand({})))),
  ]);
  const fix = `Request an increase: Service Quotas, Amazon VPC, "VPCs per Region"; the deploy creates ${added}.`;
  if (quota === undefined) return warn('Service Quotas does not say', fix);
  const says = `${Vpcs.length} of ${quota} VPCs are in use`;
  return added === 0 || Vpcs.length + added <= quota ? ok(says) : fail(says, fix);
}

async function lookAtFargate(account: AwsAccount) {
  const quota = await quotaOf(account, 'fargate', FARGATE_VCPUS);
  const fix =
    'Request an increase: Service Quotas, AWS Fargate, "Fargate On-Demand vCPU resource count".';
  if (quota === undefined) return warn('Service Quotas does not say', fix);
  const says = `${quota} vCPUs at once`;
  if (quota === 0) return fail(says, fix);
  return quota < GOOD_FARGATE_VCPUS ? warn(says, fix) : ok(says);
}

async function lookAtGpus(account: AwsAccount) {
  const found = await Promise.all(
    Object.entries(GPU_VCPUS).map(async ([family, code]) => {
      const vcpus = await quotaOf(account, 'ec2', code);
      return { says: `${vcpus ?? 'unknown'} vCPUs of ${family}`, vcpus: vcpus ?? 0 };
    }),
  );
  const says = found.map((each) => each.says).join(', ');
  if (found.some(({ vcpus }) => vcpus > 0)) return ok(says);
  const fix =
    'Only models on GPUs need them: Service Quotas, Amazon EC2, "Running On-Demand G and VT instances".';
  return warn(says, fix);
}

/** The first deploy creates the roles, so none has to exist before it. */
async function lookAtServiceRoles(settings: Settings, isInstalled: boolean) {
  const missing = await withCredentials(() => missingServiceRoles(settings));
  if (missing.length === 0) return ok(`all ${SERVICE_ROLES.length} exist`);
  const says = `there is no role ${missing.map(({ name }) => name).join(', ')}`;
  const commands = missing.map(({ service }) => makeRole(service)).join('; ');
  return isInstalled
    ? fail(`${says}: containers that need it would fail`, `Create it: ${commands}`)
    : warn(
        `${says} yet`,
        `The first deploy creates it, with iam:CreateServiceLinkedRole: ${commands}`,
      );
}

/** Each model has a listener rule, and so does each of its running revisions. */
async function lookAtRules(settings: Settings, listener: string) {
  const elb = new ElasticLoadBalancingV2Client(settings);
  const [rules, { Limits = [] }] = await Promise.all([
    readRules(elb, listener),
    translated(() => elb.send(new DescribeAccountLimitsCommand({}))),
  ]);
  const found = Limits.find(({ Name }) => Name === 'rules-per-application-load-balancer');
  const limit = Number(found?.Max ?? DEFAULT_RULES);
  const used = rules.filter(({ IsDefault }) => !IsDefault).length;
  const says = `${used} of ${limit} rules are in use`;
  const fix =
    'Undeploy a model, or request an increase: Service Quotas, Elastic Load Balancing, "Rules per Application Load Balancer".';
  if (used >= limit) return fail(says, fix);
  return used >= limit * FULL ? warn(says, fix) : ok(says);
}

/** A task takes one IP address, and the load balancer up to eight in each subnet. */
async function lookAtAddresses(settings: Settings, subnets: string) {
  const ec2 = new EC2Client(settings);
  const ask = new DescribeSubnetsCommand({ SubnetIds: subnets.split(',') });
  const { Subnets = [] } = await translated(() => ec2.send(ask));
  const free = Math.min(...Subnets.map(({ AvailableIpAddressCount: count = 0 }) => count));
  const says = `${free} are free in the fuller of ${Subnets.length} subnets`;
  const fix = 'Undeploy a model, or lower `scaling` in model.yaml.';
  if (free === 0) return fail(says, fix);
  return free < GOOD_ADDRESSES ? warn(says, fix) : ok(says);
}
