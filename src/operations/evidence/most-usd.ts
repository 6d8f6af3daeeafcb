import gpus from '#domain/data/gpu-instances.json' with { type: 'json' };
import idleStack from '#domain/data/idle-stack.json' with { type: 'json' };
import prices from '#domain/data/prices-us-east-1.json' with { type: 'json' };
import { HOURS_A_MONTH } from '#domain/placement/spending.ts';
import type { Target } from '#domain/placement/target.ts';

/** How long a proof begins new acts (minutes); the removal takes additional time. */
export const MINUTES = 60;
// Twice the time at most, in case the removal takes as long.
const HOURS = 2;
// Builds run one after the other for the whole time.
const BUILD_MINUTES = MINUTES;

/** The most that a proof costs, in USD, at the prices of `prices-us-east-1.json`: the stack, its builds and a replica on each target for the whole time. Requests to Lambda cost less than a cent. */
export function mostUsd(targets: readonly Target[]): number {
  const hasContainers = targets.some((target) => target !== 'lambda');
  const idle = idleStack.usdPerMonth[hasContainers ? 'public' : 'off'] / HOURS_A_MONTH;
  const builds = BUILD_MINUTES * prices.buildMinuteMedium.usd;
  const perHour = targets.map((target) => hourlyUsd(target));
  const replicas = perHour.reduce((sum, usd) => sum + usd, 0);
  return Math.ceil((HOURS * (idle + replicas) + builds) * 100) / 100;
}

function hourlyUsd(target: Target): number {
  if (target === 'lambda') return 0;
  // The smallest model takes less than a vCPU with 2 GiB.
  if (target === 'fargate') return prices.fargateVcpuHour.usd + 2 * prices.fargateGBHour.usd;
  const [cheapest] = gpus.instances;
  return (cheapest?.usdPerHour ?? 0) * (1 + gpus.managedInstancesFee.share);
}
