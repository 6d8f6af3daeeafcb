import type { GpuModel } from '#domain/artifact/facts.ts';
import ec2 from '#domain/data/ec2-instances.json' with { type: 'json' };
import gpus from '#domain/data/gpu-instances.json' with { type: 'json' };
import { type Accelerator, ANY_GPU } from '#domain/manifest/manifest.ts';
import type { ContainerNeeds, ContainerSize, SizeResult } from './container-size.ts';
import { gpuBytes, gpuServing, usableBytes } from './gpu-memory.ts';
import { holdingTypes, hostMiB, soldIn, taskOn, wholeHour } from './instance-types.ts';
import { alwaysRunning, monthly, overspent } from './spending.ts';
import { SHIPPED_PRICES, type UnitPrices } from './unit-prices.ts';

type Instance = (typeof gpus.instances)[number];

const MIB = 1024 * 1024;
// The part of the vCPUs of an instance with a GPU that a task takes, in whole ones.
const CPU_SHARE = 0.9;
const MOST_TYPES = 6;

/**
 * The instance types with the GPU and the memory, or without a GPU those that cost the least, cheapest first; a task takes a whole instance, so what it costs is known.
 * For `any` GPU, it is that of the cheapest type that holds the model, and all types have that GPU: a cluster has one kind. A type that the region does not sell is none of them.
 */
export function ec2Size(needs: ContainerNeeds): SizeResult {
  const { accelerator, imageBytes, memoryMiB, replicas, spending } = needs;
  const { prices = SHIPPED_PRICES } = needs;
  if (accelerator) return gpuSize(needs, accelerator);
  const [types] = holdingTypes(memoryMiB, prices);
  if (!types) return { refusal: nothingHolds(memoryMiB, prices) };
  const instanceTypes = types.map(({ instanceType }) => instanceType);
  const size = { ...taskOn(types[0]), instanceTypes };
  const hourly = wholeHour(types[0].usdPerHour, { imageBytes, prices });
  const refusal = overspent(hourly, spending);
  return refusal ? { refusal } : ec2Task(size, hourly, replicas);
}

/** A task on an instance of the first of these types, with the cost of all that always run, by the hour of one (USD). */
export function ec2Task(
  size: Pick<ContainerSize, 'cpuUnits' | 'memoryMiB' | 'instanceTypes'>,
  hourlyUsd: number,
  replicas: number,
): ContainerSize {
  const monthlyUsd = monthly(hourlyUsd, replicas);
  const reason = `fits on ${size.instanceTypes[0]}; ${alwaysRunning('instance', replicas, monthlyUsd)}`;
  return { ...size, monthlyUsd, reason };
}

function nothingHolds(memoryMiB: number, { instances, region }: UnitPrices): string {
  if (!instances) return `nobody has read what the instances of ${region} cost`;
  const most = Math.max(...ec2.instances.map((type) => hostMiB(type.memoryMiB)));
  return `the model needs ${memoryMiB} MiB of memory; the instances without a GPU that Slipway names have up to ${most}`;
}

function gpuSize(needs: ContainerNeeds, asked: Accelerator): SizeResult {
  const { imageBytes, memoryMiB, replicas, spending, gpuModel, allowedAccelerators } = needs;
  const { prices = SHIPPED_PRICES } = needs;
  const hourlyUsd = ({ usdPerHour }: Instance) => wholeHour(usdPerHour, { imageBytes, prices });
  // Where nobody has read which types the region sells, all have their shipped prices.
  const having = (prices.instances ? soldIn(prices.instances, gpus.instances) : gpus.instances)
    .filter((type) => isAsked(asked, type))
    .filter(({ accelerator }) => allowedAccelerators?.includes(accelerator) !== false);
  if (having.length === 0) {
    return { refusal: `EC2 has no instance with ${nameOf(asked)}; it has ${known()}` };
  }
  const holding = having.filter((type) => holds(type, needs));
  if (holding.length === 0) return { refusal: tooLarge(needs, asked, having) };
  const fitting = holding.filter((type) => hostMiB(type.memoryMiB) >= memoryMiB);
  const [cheapest] = fitting;
  if (!cheapest) {
    const most = Math.max(...holding.map((type) => hostMiB(type.memoryMiB)));
    return {
      refusal: `the model needs ${memoryMiB} MiB of memory; instances with ${nameOf(asked)} have up to ${most}`,
    };
  }
  const refusal = overspent(hourlyUsd(cheapest), spending);
  if (refusal) return { refusal };
  const gpu = { name: cheapest.accelerator, count: cheapest.count };
  const instanceTypes = fitting
    .filter((type) => isAsked(gpu, type) && !overspent(hourlyUsd(type), spending))
    .slice(0, MOST_TYPES)
    .map(({ instanceType }) => instanceType);
  const monthlyUsd = monthly(hourlyUsd(cheapest), replicas);
  const serving = gpuModel && gpuServing(gpuModel, cheapest);
  return {
    cpuUnits: Math.floor(cheapest.vcpu * CPU_SHARE) * 1024,
    memoryMiB: hostMiB(cheapest.memoryMiB),
    instanceTypes,
    monthlyUsd,
    accelerator: gpu,
    ...(serving && { serving }),
    reason: `fits on ${cheapest.instanceType} with ${nameOf(gpu)}${gpuModel ? use(gpuModel, cheapest) : ''}; ${alwaysRunning('instance', replicas, monthlyUsd)}`,
  };
}

function isAsked({ name, count }: Accelerator, type: Pick<Instance, 'accelerator' | 'count'>) {
  return name === ANY_GPU || (type.accelerator === name && type.count === count);
}

/** The GPU memory that the user's own code needs is unknown. */
function holds(type: Instance, { gpuModel, gpuBytes: bytes = 0 }: ContainerNeeds): boolean {
  if (gpuModel) return gpuServing(gpuModel, type) !== undefined;
  return bytes <= usableBytes(type);
}

function use(model: GpuModel, { count, acceleratorMiB }: Instance): string {
  return `, of whose ${acceleratorMiB * count} MiB it needs ${mebibytes(gpuBytes(model, count))}`;
}

function tooLarge(
  { gpuModel, gpuBytes: bytes = 0 }: ContainerNeeds,
  asked: Accelerator,
  having: readonly Instance[],
): string {
  if (!gpuModel) {
    const mostMiB = Math.max(...having.map(({ acceleratorMiB }) => acceleratorMiB));
    return `the model needs ${mebibytes(bytes)} MiB of the memory of one GPU; the largest has ${mostMiB}, a part of it reserved`;
  }
  const most = having.reduce((one, other) =>
    one.count * one.acceleratorMiB >= other.count * other.acceleratorMiB ? one : other,
  );
  const { count, acceleratorMiB } = most;
  const which = asked.name === ANY_GPU ? `${count} ${most.accelerator}, the most,` : nameOf(asked);
  return `the model needs ${mebibytes(gpuBytes(gpuModel, count))} MiB of GPU memory; ${which} ${count === 1 ? 'has' : 'have'} ${count * acceleratorMiB}, a part of it reserved`;
}

function nameOf({ name, count }: Accelerator): string {
  return name === ANY_GPU ? 'a GPU that is allowed' : `${count} ${name}`;
}

function known(): string {
  const names = gpus.instances.map(({ accelerator, count }) => `${accelerator}:${count}`);
  return [...new Set(names)].sort().join(', ');
}

function mebibytes(bytes: number): number {
  return Math.ceil(bytes / MIB);
}
