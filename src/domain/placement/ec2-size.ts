import type { GpuModel } from '#domain/artifact/facts.ts';
import gpus from '#domain/data/gpu-instances.json' with { type: 'json' };
import { type Accelerator, ANY_GPU } from '#domain/manifest/manifest.ts';
import type { ContainerNeeds, SizeResult } from './container-size.ts';
import { gpuBytes, gpuServing, usableBytes } from './gpu-memory.ts';
import { alwaysRunning, monthly, overspent, type Spending } from './spending.ts';

type Instance = (typeof gpus.instances)[number];

const MIB = 1024 * 1024;
// At least one vCPU: a server without batching uses one core.
const LEAST_CPU_UNITS = 1024;
// The part of an instance's memory that ECS and the host leave to containers.
const HOST_SHARE = 0.9;
const MOST_TYPES = 6;

/**
 * The instance types with the GPU and the memory, cheapest first; without a GPU, ECS chooses the type. For `any` GPU, it is that of the cheapest type that holds the model,
 * and all types have that GPU: a cluster has one kind.
 */
export function ec2Size(needs: ContainerNeeds): SizeResult {
  const { accelerator, memoryMiB, spending } = needs;
  if (accelerator) return gpuSize(needs, accelerator);
  if (spending) return { refusal: unknownCost(spending) };
  const reason = `fits on an instance that ECS chooses for ${memoryMiB} MiB`;
  return { cpuUnits: LEAST_CPU_UNITS, memoryMiB, instanceTypes: [], monthlyUsd: null, reason };
}

function gpuSize(needs: ContainerNeeds, asked: Accelerator): SizeResult {
  const { memoryMiB, replicas, spending, gpuModel, allowedAccelerators } = needs;
  const having = gpus.instances
    .filter((type) => isAsked(asked, type))
    .filter(({ accelerator }) => allowedAccelerators?.includes(accelerator) !== false);
  if (having.length === 0) {
    return { refusal: `EC2 has no instance with ${nameOf(asked)}; it has ${known()}` };
  }
  const holding = having.filter((type) => holds(type, needs));
  if (holding.length === 0) return { refusal: tooLarge(needs, asked, having) };
  const fitting = holding.filter((type) => hostMiB(type) >= memoryMiB);
  const [cheapest] = fitting;
  if (!cheapest) {
    const most = Math.max(...holding.map(hostMiB));
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
    cpuUnits: Math.floor(cheapest.vcpu * HOST_SHARE) * 1024,
    memoryMiB: hostMiB(cheapest),
    instanceTypes,
    monthlyUsd,
    accelerator: gpu,
    ...(serving && { serving }),
    reason: `fits on ${cheapest.instanceType} with ${nameOf(gpu)}${gpuModel ? use(gpuModel, cheapest) : ''}; ${alwaysRunning(replicas)} $${monthlyUsd} a month`,
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

function hostMiB({ memoryMiB }: Instance): number {
  return Math.floor(memoryMiB * HOST_SHARE);
}

function hourlyUsd({ usdPerHour }: Instance): number {
  return usdPerHour * (1 + gpus.managedInstancesFee.share);
}

function unknownCost({ maxMonthlyUsd }: Spending): string {
  return `what the instance costs that ECS would choose is not known before; the cap maxMonthlyUsd is $${maxMonthlyUsd}`;
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
