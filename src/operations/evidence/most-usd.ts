import fargate from '#domain/data/fargate-sizes.json' with { type: 'json' };
import gpus from '#domain/data/gpu-instances.json' with { type: 'json' };
import idleStack from '#domain/data/idle-stack.json' with { type: 'json' };
import prices from '#domain/data/prices-us-east-1.json' with { type: 'json' };
import type { Target } from '#domain/placement/target.ts';

/** For so long a proof begins something new (minutes); the removal comes on top of it. */
export const MINUTES = 60;
const HOURS_A_MONTH = 730;
// Twice the time at most, in case that the removal takes as long.
const HOURS = 2;
// One build after the other, all the while.
const BUILD_MINUTES = MINUTES;

/** The most that a proof costs, in USD, at the prices of `prices-us-east-1.json`: the stack, its builds and a replica on each target all the while. Requests to Lambda are less than a cent. */
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
  if (target === 'fargate') return fargate.vcpuUsdPerHour + 2 * fargate.memoryGiBUsdPerHour;
  const [cheapest] = gpus.instances;
  return (cheapest?.usdPerHour ?? 0) * (1 + gpus.managedInstancesFee);
}
