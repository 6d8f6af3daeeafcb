import ec2 from '#domain/data/ec2-instances.json' with { type: 'json' };
import gpus from '#domain/data/gpu-instances.json' with { type: 'json' };
import lambda from '#domain/data/lambda-limits.json' with { type: 'json' };
import managed from '#domain/data/lambda-managed-instances.json' with { type: 'json' };
import { monthlyRequests, type PlacedOption, type Question, requestMsAt } from './demand.ts';
import { p95Seconds, rankedOptions, replicasFor } from './optimize.ts';
import { HOURS_A_MONTH } from './spending.ts';
import { SHIPPED_PRICES } from './unit-prices.ts';

/** A way to run a model that is priced, and never chosen: what it is, its replicas at the peak, its own part of a month's bill (USD, without the front door), and why it is not chosen. */
export type BesideOption = Pick<PlacedOption, 'replicas' | 'p95Ms' | 'ownUsd'> & {
  readonly what: string;
  readonly why: string;
};

type Instance = (typeof ec2.instances)[number];

/** The part of an instance's memory that the host leaves, as for GPUs. */
const HOST_SHARE = 0.9;

/** The cheapest instance without a GPU on EC2; and Lambda Managed Instances, where no function keeps the limits. Each replica has an instance of its own. */
export function besideOptions(question: Question): readonly BesideOption[] {
  const { refused: _, ...unrefused } = question;
  const functions = rankedOptions(unrefused).filter(({ target }) => target === 'lambda');
  const isHeld = functions.some(({ refusals }) => refusals.length === 0);
  return [
    cheapest(ec2.instances.map((type) => onEc2(question, type))),
    isHeld ? undefined : cheapest(ec2.instances.map((type) => onManaged(question, type))),
  ].filter((option) => option !== undefined);
}

function cheapest(options: readonly (BesideOption | undefined)[]): BesideOption | undefined {
  const [first] = options
    .filter((option) => option !== undefined)
    .toSorted((one, other) => one.ownUsd - other.ownUsd);
  return first;
}

function onEc2(question: Question, type: Instance): BesideOption | undefined {
  const { demand, limits, prices = SHIPPED_PRICES } = question;
  const sized = replicasOn(question, type, limits.leastReplicas);
  if (!sized) return undefined;
  const { replicas, usual } = sized;
  const quietHours = HOURS_A_MONTH - demand.hours;
  const hours = demand.hours * usual + quietHours * limits.leastReplicas;
  const hourly = type.usdPerHour * (1 + gpus.managedInstancesFee.share);
  const ownUsd =
    hours * (hourly + prices.usd.publicAddressHour) + HOURS_A_MONTH * prices.usd.loadBalancerHour;
  return {
    ...sized.option,
    what: `${replicas} × ${type.instanceType} on ec2`,
    ownUsd,
    why: 'no bill chooses it, since ECS chooses the instance; placement.target: ec2 in model.yaml takes EC2',
  };
}

function onManaged(question: Question, type: Instance): BesideOption | undefined {
  const { demand, measured, prices = SHIPPED_PRICES } = question;
  const isHeld =
    measured.memoryMiB <= managed.mostMemoryMiB &&
    measured.imageBytes <= lambda.imageUncompressedMaxBytes &&
    type.vcpu <= managed.mostVcpus;
  const sized = isHeld ? replicasOn(question, type, managed.leastEnvironments) : undefined;
  if (!sized) return undefined;
  const hourly = type.usdPerHour * (1 + managed.feeShare);
  const ownUsd =
    HOURS_A_MONTH * sized.replicas * hourly + monthlyRequests(demand) * prices.usd.lambdaRequest;
  return {
    ...sized.option,
    what: `${sized.replicas} × ${type.instanceType} by Lambda Managed Instances`,
    ownUsd,
    why: 'not offered by Slipway yet',
  };
}

/** At the peak and on average, at least so many; undefined where the model does not fit, or is too slow for the p95. */
function replicasOn({ demand, measured }: Question, { vcpu, memoryMiB }: Instance, least: number) {
  const seconds = requestMsAt(measured, vcpu) / 1000;
  const needed = (rate: number) => Math.max(least, replicasFor(rate, seconds, demand.p95Ms));
  const replicas = needed(demand.peak);
  const p95Ms = p95Seconds(demand.peak / replicas, seconds) * 1000;
  const isTooSlow = demand.p95Ms !== null && p95Ms > demand.p95Ms;
  if (isTooSlow || measured.memoryMiB > memoryMiB * HOST_SHARE) return undefined;
  return { replicas, usual: needed(demand.requestsPerSecond), option: { replicas, p95Ms } };
}
