import ec2 from '#domain/data/ec2-instances.json' with { type: 'json' };
import lambda from '#domain/data/lambda-limits.json' with { type: 'json' };
import managed from '#domain/data/lambda-managed-instances.json' with { type: 'json' };
import { p95Seconds, replicasFor } from './container-options.ts';
import {
  busyMsAt,
  containerMiB,
  monthlyRequests,
  type PlacedOption,
  type Question,
} from './demand.ts';
import { hostMiB } from './instance-types.ts';
import { rankedOptions } from './optimize.ts';
import { HOURS_A_MONTH } from './spending.ts';
import { SHIPPED_PRICES } from './unit-prices.ts';

/** A way to run a model that is priced, and never chosen: what it is, its replicas at the peak, its own part of a month's bill (USD, without the front door), and why it is not chosen. */
export type BesideOption = Pick<PlacedOption, 'replicas' | 'p95Ms' | 'ownUsd'> & {
  readonly what: string;
  readonly why: string;
};

type Instance = (typeof ec2.instances)[number];

/** Lambda Managed Instances, where no function keeps the limits. Each replica has an instance of its own. */
export function besideOptions(question: Question): readonly BesideOption[] {
  const { refused: _, ...unrefused } = question;
  const functions = rankedOptions(unrefused).filter(({ target }) => target === 'lambda');
  const isHeld = functions.some(({ refusals }) => refusals.length === 0);
  if (isHeld) return [];
  return ec2.instances
    .flatMap((type) => onManaged(question, type) ?? [])
    .toSorted((one, other) => one.ownUsd - other.ownUsd)
    .slice(0, 1);
}

function onManaged(question: Question, type: Instance): BesideOption | undefined {
  const { demand, measured, prices = SHIPPED_PRICES } = question;
  const isHeld =
    containerMiB(measured) <= managed.mostMemoryMiB &&
    measured.imageBytes <= lambda.imageUncompressedMaxBytes &&
    type.vcpu <= managed.mostVcpus;
  const sized = isHeld ? replicasOn(question, type, managed.leastEnvironments) : undefined;
  if (!sized) return undefined;
  const hourly = type.usdPerHour * (1 + managed.feeShare);
  const ownUsd =
    HOURS_A_MONTH * sized.replicas * hourly + monthlyRequests(demand) * prices.usd.lambdaRequest;
  return {
    ...sized,
    what: `${sized.replicas} × ${type.instanceType} by Lambda Managed Instances`,
    ownUsd,
    why: 'not offered by Slipway yet',
  };
}

/** At the peak and on average, at least so many; undefined where the model does not fit, or is too slow for the p95. */
function replicasOn({ demand, measured }: Question, { vcpu, memoryMiB }: Instance, least: number) {
  const seconds = busyMsAt(measured, vcpu) / 1000;
  const needed = (rate: number) => Math.max(least, replicasFor(rate, seconds, demand.p95Ms));
  const replicas = needed(demand.peak);
  const p95Ms = p95Seconds(demand.peak / replicas, seconds) * 1000;
  const isTooSlow = demand.p95Ms !== null && p95Ms > demand.p95Ms;
  if (isTooSlow || containerMiB(measured) > hostMiB(memoryMiB)) return undefined;
  return { replicas, p95Ms };
}
