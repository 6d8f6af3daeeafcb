import fargate from '#domain/data/fargate-sizes.json' with { type: 'json' };
import gpus from '#domain/data/gpu-instances.json' with { type: 'json' };
import type { Accelerator } from '#domain/manifest/manifest.ts';

/** What one replica needs, and how many of them always run. */
export type ContainerNeeds = {
  readonly imageBytes: number;
  readonly memoryMiB: number;
  readonly accelerator: Accelerator | null;
  readonly replicas: number;
  readonly spending?: Spending | null | undefined;
};

/** What as many replicas as may run may cost together, USD in 730 hours. */
export type Spending = { readonly mostReplicas: number; readonly maxMonthlyUsd: number };

/**
 * What one replica gets. 1024 `cpuUnits` are one vCPU; `instanceTypes` are the types it may run on, cheapest first, empty where AWS chooses.
 * `monthlyUsd` is the cost of all permanent replicas for 730 hours (us-east-1, on demand), null where it is unknown.
 */
export type ContainerSize = {
  readonly memoryMiB: number;
  readonly cpuUnits: number;
  readonly instanceTypes: readonly string[];
  readonly monthlyUsd: number | null;
  readonly reason: string;
};

export type SizeResult = ContainerSize | { readonly refusal: string };

const HOURS_A_MONTH = 730;
const GIB = 1024 ** 3;
// One vCPU at least: a server without batching uses one core.
const LEAST_CPU_UNITS = 1024;
// The part of an instance's memory that ECS and the host leave to containers.
const HOST_SHARE = 0.9;
const MOST_TYPES = 6;

/** The smallest Fargate task size that holds the replica. https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html */
export function fargateSize(needs: ContainerNeeds): SizeResult {
  if (needs.accelerator) return { refusal: 'Fargate has no GPU' };
  const mostBytes = fargate.storageMaxGiB * GIB;
  if (needs.imageBytes > mostBytes) {
    return {
      refusal: `the model takes ${needs.imageBytes} bytes unpacked; a Fargate task has ${mostBytes}`,
    };
  }
  const sizes = fargate.sizes
    .filter(({ cpuUnits }) => cpuUnits >= LEAST_CPU_UNITS)
    .flatMap(({ cpuUnits, memoryMiB }) =>
      memoryMiB.map((memory) => ({ cpuUnits, memoryMiB: memory })),
    );
  const size = sizes.find(({ memoryMiB }) => memoryMiB >= needs.memoryMiB);
  if (!size) {
    const most = Math.max(...sizes.map(({ memoryMiB }) => memoryMiB));
    return {
      refusal: `the model needs ${needs.memoryMiB} MiB of memory; Fargate has ${most}`,
    };
  }
  const { cpuUnits, memoryMiB } = size;
  const hourly =
    (cpuUnits / 1024) * fargate.vcpuUsdPerHour + (memoryMiB / 1024) * fargate.memoryGiBUsdPerHour;
  const refusal = overspent(hourly, needs);
  if (refusal) return { refusal };
  const monthlyUsd = cents(hourly * HOURS_A_MONTH * needs.replicas);
  const reason = `fits in a task of ${cpuUnits / 1024} vCPU and ${memoryMiB} MiB; ${times(needs.replicas)} $${monthlyUsd} a month`;
  return { cpuUnits, memoryMiB, instanceTypes: [], monthlyUsd, reason };
}

/** The instance types with the GPU and the memory, cheapest first; without a GPU, ECS chooses the type. */
export function ec2Size(needs: ContainerNeeds): SizeResult {
  const { accelerator, memoryMiB, replicas, spending } = needs;
  if (!accelerator) {
    if (spending) return { refusal: unknownCost(spending) };
    const reason = `fits on an instance that ECS chooses for ${memoryMiB} MiB`;
    return { cpuUnits: LEAST_CPU_UNITS, memoryMiB, instanceTypes: [], monthlyUsd: null, reason };
  }
  const { name, count } = accelerator;
  const having = gpus.instances.filter((type) => type.accelerator === name && type.count === count);
  if (having.length === 0) {
    return { refusal: `EC2 has no instance with ${count} ${name}; it has ${known()}` };
  }
  const fitting = having.filter((type) => type.memoryMiB * HOST_SHARE >= memoryMiB);
  const [cheapest] = fitting;
  if (!cheapest) {
    const most = Math.max(...having.map((type) => Math.floor(type.memoryMiB * HOST_SHARE)));
    return {
      refusal: `the model needs ${memoryMiB} MiB of memory; instances with ${count} ${name} have up to ${most}`,
    };
  }
  const refusal = overspent(hourlyUsd(cheapest), needs);
  if (refusal) return { refusal };
  const instanceTypes = fitting
    .filter((type) => !overspent(hourlyUsd(type), needs))
    .slice(0, MOST_TYPES)
    .map(({ instanceType }) => instanceType);
  const monthlyUsd = cents(hourlyUsd(cheapest) * HOURS_A_MONTH * replicas);
  return {
    cpuUnits: Math.floor(cheapest.vcpu * HOST_SHARE) * 1024,
    memoryMiB: Math.floor(cheapest.memoryMiB * HOST_SHARE),
    instanceTypes,
    monthlyUsd,
    reason: `fits on ${cheapest.instanceType} with ${count} ${name}; ${times(replicas)} $${monthlyUsd} a month`,
  };
}

function hourlyUsd({ usdPerHour }: { readonly usdPerHour: number }): number {
  return usdPerHour * (1 + gpus.managedInstancesFee);
}

/** Why it may not be spent; undefined where it may. */
function overspent(hourly: number, { spending }: ContainerNeeds): string | undefined {
  if (!spending) return undefined;
  const { mostReplicas, maxMonthlyUsd } = spending;
  const usd = cents(hourly * HOURS_A_MONTH * mostReplicas);
  const which = mostReplicas === 1 ? 'its one replica' : `its ${mostReplicas} replicas`;
  return usd > maxMonthlyUsd
    ? `${which} would cost $${usd} a month; the cap maxMonthlyUsd is $${maxMonthlyUsd}`
    : undefined;
}

function unknownCost({ maxMonthlyUsd }: Spending): string {
  return `what the instance costs that ECS would choose is not known before; the cap maxMonthlyUsd is $${maxMonthlyUsd}`;
}

function known(): string {
  const names = gpus.instances.map(({ accelerator, count }) => `${accelerator}:${count}`);
  return [...new Set(names)].sort().join(', ');
}

function times(replicas: number): string {
  return replicas === 1 ? 'one that always runs costs' : `${replicas} that always run cost`;
}

function cents(usd: number): number {
  return Math.round(usd * 100) / 100;
}
