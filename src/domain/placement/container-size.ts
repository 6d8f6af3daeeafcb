import type { GpuModel } from '#domain/artifact/facts.ts';
import fargate from '#domain/data/fargate-sizes.json' with { type: 'json' };
import type { Accelerator } from '#domain/manifest/manifest.ts';
import type { GpuServing } from './gpu-memory.ts';
import { alwaysRunning, monthly, overspent, type Spending } from './spending.ts';
import { SHIPPED_PRICES, type UnitPrices } from './unit-prices.ts';

/** The needs of one replica, and how many of them always run. */
export type ContainerNeeds = {
  readonly imageBytes: number;
  readonly memoryMiB: number;
  readonly accelerator: Accelerator | null;
  readonly replicas: number;
  readonly spending?: Spending | null | undefined;
  /** Present where it must fit in the memory of the GPUs. */
  readonly gpuModel?: GpuModel | undefined;
  /** Present where it must fit in the memory of one GPU. */
  readonly gpuBytes?: number | undefined;
  /** The GPUs that any model may have; null or absent: all. */
  readonly allowedAccelerators?: readonly string[] | null | undefined;
  /** The shipped ones where they are absent. */
  readonly prices?: UnitPrices | undefined;
};

/**
 * The resources of one replica. 1024 `cpuUnits` are one vCPU; `instanceTypes` are the types it may run on, cheapest first, empty where AWS chooses.
 * `monthlyUsd` is the cost of all permanent replicas for 730 hours (on demand), null where it is unknown.
 */
export type ContainerSize = {
  readonly memoryMiB: number;
  readonly cpuUnits: number;
  readonly instanceTypes: readonly string[];
  readonly monthlyUsd: number | null;
  readonly reason: string;
  /** The GPU that it gets, if any. */
  readonly accelerator?: Accelerator;
  readonly serving?: GpuServing;
};

export type SizeResult = ContainerSize | { readonly refusal: string };

const GIB = 1024 ** 3;
// At least one vCPU: a server without batching uses one core.
const LEAST_CPU_UNITS = 1024;

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
  const prices = needs.prices ?? SHIPPED_PRICES;
  const refusal = overspent(hourlyOf(size, prices), needs.spending);
  return refusal ? { refusal } : fargateTask(size, needs.replicas, prices);
}

/** A task of that size, with the cost of all that always run. */
export function fargateTask(
  size: Pick<ContainerSize, 'cpuUnits' | 'memoryMiB'>,
  replicas: number,
  prices: UnitPrices,
): ContainerSize {
  const monthlyUsd = monthly(hourlyOf(size, prices), replicas);
  const reason = `fits in a task of ${size.cpuUnits / 1024} vCPU and ${size.memoryMiB} MiB; ${alwaysRunning('task', replicas, monthlyUsd)}`;
  const { cpuUnits, memoryMiB } = size;
  return { cpuUnits, memoryMiB, instanceTypes: [], monthlyUsd, reason };
}

/** The price of a task of that size, in USD an hour. */
export function hourlyOf(
  { cpuUnits, memoryMiB }: Pick<ContainerSize, 'cpuUnits' | 'memoryMiB'>,
  { usd }: UnitPrices,
): number {
  return (cpuUnits / 1024) * usd.fargateVcpuHour + (memoryMiB / 1024) * usd.fargateGBHour;
}
