import ec2 from '#domain/data/ec2-instances.json' with { type: 'json' };
import gpus from '#domain/data/gpu-instances.json' with { type: 'json' };
import { HOURS_A_MONTH } from './spending.ts';
import { SHIPPED_PRICES, type UnitPrices } from './unit-prices.ts';

/** An instance type without a GPU, and its price on demand (USD an hour) without the fee of ECS. */
export type InstanceType = (typeof ec2.instances)[number];

/** The hour of one instance with its fee (USD), on demand and on Spot, and that of its volume. */
export type InstanceHour = {
  readonly onDemandUsd: number;
  readonly spotUsd: number;
  readonly volumeUsd: number;
};

/** The part of an instance that ECS and the host leave to a task. */
const HOST_SHARE = 0.9;
// AWS moves Spot's price between 50 and 90 % off: https://aws.amazon.com/ec2/spot/. The estimate takes the dearer end.
const SPOT_SHARE = 0.5;
// ECS takes another type where the cheapest cannot be had: the bill is then a little larger.
const MOST_DEARER = 1 / 8;
const GIB = 1024 ** 3;
// The storage that ECS gives an instance by default. https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ManagedInstancesStorageConfiguration.html
const LEAST_STORAGE_GIB = 80;
// For the host itself, and for images of a second version beside the first.
const HOST_STORAGE_GIB = 30;
const IMAGES = 4;

/**
 * For each number of vCPUs the types without a GPU that hold a model of so many MiB, the cheapest first: those of its size that cost at most an eighth more may take its place.
 * Empty where nobody has read which types the region sells.
 */
export function holdingTypes(
  memoryMiB: number,
  { instances = {} }: UnitPrices,
): readonly (readonly [InstanceType, ...InstanceType[]])[] {
  const holding = soldIn(instances, ec2.instances).filter(
    (type) => taskOn(type).memoryMiB >= memoryMiB,
  );
  return [...new Set(holding.map(({ vcpu }) => vcpu))].flatMap((vcpu) => {
    const [cheapest, ...others] = holding.filter((type) => type.vcpu === vcpu);
    if (!cheapest) return [];
    const most = cheapest.usdPerHour * (1 + MOST_DEARER);
    const alike = others.filter(
      (type) => type.memoryMiB === cheapest.memoryMiB && type.usdPerHour <= most,
    );
    return [[cheapest, ...alike] as const];
  });
}

/** The types that have a price in a region, with that price, cheapest first. */
export function soldIn<Type extends Pick<InstanceType, 'instanceType' | 'usdPerHour'>>(
  instances: NonNullable<UnitPrices['instances']>,
  types: readonly Type[],
): readonly Type[] {
  return types
    .flatMap((type) => {
      const usdPerHour = instances[type.instanceType];
      return usdPerHour === undefined ? [] : [{ ...type, usdPerHour }];
    })
    .toSorted((one, other) => one.usdPerHour - other.usdPerHour);
}

/** A task that takes the whole instance, so that no other is placed beside it. 1024 `cpuUnits` are one vCPU. */
export function taskOn({ vcpu, memoryMiB }: Pick<InstanceType, 'vcpu' | 'memoryMiB'>): {
  readonly cpuUnits: number;
  readonly memoryMiB: number;
} {
  return {
    cpuUnits: Math.floor(vcpu * HOST_SHARE * 1024),
    memoryMiB: hostMiB(memoryMiB),
  };
}

/** The memory (MiB) of an instance that is left to a task. */
export function hostMiB(memoryMiB: number): number {
  return Math.floor(memoryMiB * HOST_SHARE);
}

/** The memory (MiB) that an instance has whose task has so much. */
export function instanceMiB(taskMiB: number): number {
  return Math.ceil(taskMiB / HOST_SHARE);
}

/** The vCPUs of a named type; undefined for one that Slipway does not know. */
export function vcpusOf(instanceType: string): number | undefined {
  return [...ec2.instances, ...gpus.instances].find((type) => type.instanceType === instanceType)
    ?.vcpu;
}

/** The volume of an instance that pulls an image of so many bytes (unpacked), in GiB. */
export function storageGiB(imageBytes: number): number {
  const images = Math.ceil((imageBytes * IMAGES) / GIB);
  return Math.max(LEAST_STORAGE_GIB, images + HOST_STORAGE_GIB);
}

/** The fee of ECS is a share of the price on demand, on Spot too. */
function withFee(usdPerHour: number): number {
  return usdPerHour * (1 + gpus.managedInstancesFee.share);
}

/** The hour of the first of these types, by the prices of the region, else by the shipped ones; undefined where neither has it. */
export function instanceHour(
  [instanceType = '']: readonly string[],
  imageBytes: number,
  { instances = {}, usd }: UnitPrices,
): InstanceHour | undefined {
  const usdPerHour = instances[instanceType] ?? SHIPPED_PRICES.instances?.[instanceType];
  if (usdPerHour === undefined) return undefined;
  return {
    onDemandUsd: withFee(usdPerHour),
    spotUsd: withFee(usdPerHour) - usdPerHour * (1 - SPOT_SHARE),
    volumeUsd: volumeHour(imageBytes, usd),
  };
}

/** The hour of an instance on demand (USD), with the fee of ECS and its volume. */
export function wholeHour(
  usdPerHour: number,
  { imageBytes, prices }: { readonly imageBytes: number; readonly prices: UnitPrices },
): number {
  return withFee(usdPerHour) + volumeHour(imageBytes, prices.usd);
}

function volumeHour(imageBytes: number, { volumeGBMonth }: UnitPrices['usd']): number {
  return (storageGiB(imageBytes) * volumeGBMonth) / HOURS_A_MONTH;
}
