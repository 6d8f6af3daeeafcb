import { DescribeSubnetsCommand, DescribeVpcsCommand, EC2Client } from '@aws-sdk/client-ec2';
import {
  DescribeAccountLimitsCommand,
  ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { GetRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import { readRules } from '#adapters/aws/ecs/test-rule.ts';
import { translated } from '#adapters/aws/failures.ts';
import { type AwsAccount, clientSettings, withCredentials } from '#compose/account/clients.ts';
import type { ContainerOutputs, SlipwayStack } from '#compose/account/stack.ts';
import { type Check, fail, ok, warn } from './doctor.ts';
import { quotaOf } from './quota.ts';

type Settings = ReturnType<typeof clientSettings>;

// The codes of Service Quotas. https://docs.aws.amazon.com/general/latest/gr/ecs-service.html, ec2-service.html, vpc-service.html
const FARGATE_VCPUS = 'L-3032A538';
const GPU_VCPUS = { 'G and VT': 'L-DB2E81BA', P: 'L-417A185B' } as const;
const NETWORKS = 'L-F678F1CE';

const FULL = 0.8;
// A task of the largest size, beside the one it follows.
const GOOD_FARGATE_VCPUS = 32;
const GOOD_ADDRESSES = 16;
const DEFAULT_RULES = 100;
// ECS makes both when it first needs them, where whoever asks it may let it.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using-service-linked-roles.html
const ECS_ROLE = { name: 'AWSServiceRoleForECS', service: 'ecs.amazonaws.com' } as const;
const COMPUTE_ROLE = {
  name: 'AWSServiceRoleForECSCompute',
  service: 'ecs-compute.amazonaws.com',
} as const;

/** What the account allows for containers; nothing where the stack is there and has none. */
export function containerQuotaChecks(
  account: AwsAccount,
  stack: Promise<SlipwayStack>,
): readonly Check[] {
  const check = (name: string, look: Check['look']) => ({
    check: name,
    look: async () => {
      const known = await stack.catch(() => undefined);
      return known?.containers === null ? undefined : look();
    },
  });
  return [
    check('networks', async () => {
      const known = await stack.catch(() => undefined);
      return lookAtNetworks(account, known !== undefined);
    }),
    check('Fargate', () => lookAtFargate(account)),
    check('GPUs', () => lookAtGpus(account)),
  ];
}

/** What the stack has for containers; nothing where it has none. */
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
    check('ECS role', () => lookAtEcsRole(settings)),
    check('EC2 role', () => lookAtComputeRole(settings)),
    check('rules', ({ Listener }) => lookAtRules(settings, Listener)),
    check('addresses', ({ ContainerSubnets }) => lookAtAddresses(settings, ContainerSubnets)),
  ];
}

/** A stack that is there has its network. */
async function lookAtNetworks(account: AwsAccount, isInstalled: boolean) {
  const ec2 = new EC2Client(clientSettings(account));
  const [quota, { Vpcs = [] }] = await Promise.all([
    quotaOf(account, 'vpc', NETWORKS),
    withCredentials(() => translated(() => ec2.send(new DescribeVpcsCommand({})))),
  ]);
  const fix = 'Ask for more: Service Quotas, Amazon VPC, "VPCs per Region"; the stack makes two.';
  if (quota === undefined) return warn('Service Quotas does not tell', fix);
  const says = `${Vpcs.length} of ${quota} VPCs are in use`;
  return isInstalled || Vpcs.length + 2 <= quota ? ok(says) : fail(says, fix);
}

async function lookAtFargate(account: AwsAccount) {
  const quota = await quotaOf(account, 'fargate', FARGATE_VCPUS);
  const fix = 'Ask for more: Service Quotas, AWS Fargate, "Fargate On-Demand vCPU resource count".';
  if (quota === undefined) return warn('Service Quotas does not tell', fix);
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

async function lookAtEcsRole(settings: Settings) {
  if (await hasRole(settings, ECS_ROLE.name)) return ok(ECS_ROLE.name);
  const says = `there is no role ${ECS_ROLE.name}: no container would get an address`;
  return fail(says, makeRole(ECS_ROLE.service));
}

async function lookAtComputeRole(settings: Settings) {
  if (await hasRole(settings, COMPUTE_ROLE.name)) return ok(COMPUTE_ROLE.name);
  const says = `there is no role ${COMPUTE_ROLE.name} yet: no host would start on EC2`;
  return warn(says, `Only models on GPUs need it. ${makeRole(COMPUTE_ROLE.service)}`);
}

async function hasRole(settings: Settings, RoleName: string): Promise<boolean> {
  const iam = new IAMClient(settings);
  try {
    await translated(() => iam.send(new GetRoleCommand({ RoleName })));
    return true;
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'NoSuchEntityException') throw error;
    return false;
  }
}

function makeRole(service: string): string {
  return `Make it: aws iam create-service-linked-role --aws-service-name ${service}`;
}

/** A model has a rule, and so has each of its revisions that runs. */
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
    'Undeploy a model, or ask for more: Service Quotas, Elastic Load Balancing, "Rules per Application Load Balancer".';
  if (used >= limit) return fail(says, fix);
  return used >= limit * FULL ? warn(says, fix) : ok(says);
}

/** A task takes one address, and the load balancer up to eight in each subnet. */
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
