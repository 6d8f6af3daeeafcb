import type { AwaitedContainers, TargetDecision, TargetOption } from '#domain/deployment.ts';
import { ADDRESS_USD_PER_MONTH, CONTAINERS_USD_PER_MONTH } from './cost.ts';

/** How long a deployment waits for somebody to turn containers on. */
export const CONTAINERS_HOURS = 24;

/** `decision` is that of a stack with containers, `refused` has the options of the stack as it is. */
export function awaitedContainers(
  decision: TargetDecision,
  refused: readonly TargetOption[],
  nowMs: number,
): AwaitedContainers {
  const { target } = decision;
  const modelUsd = decision.options.find(({ taken }) => taken)?.monthlyUsd ?? null;
  const onLambda = refused.find((option) => option.target === 'lambda')?.reason ?? '';
  const cost = `the model on ${target} ${usd(modelUsd ?? 0)} more`;
  return {
    target,
    modelUsd,
    stackUsd: CONTAINERS_USD_PER_MONTH,
    reason: `the model needs a container, and this installation has none (lambda: ${onLambda}). Containers would cost ${usd(CONTAINERS_USD_PER_MONTH)} a month while idle, ${cost}, and each public address ${usd(ADDRESS_USD_PER_MONTH)}`,
    untilMs: nowMs + CONTAINERS_HOURS * 3_600_000,
  };
}

/** The command to type; the deployment then continues by itself. */
export const TURN_CONTAINERS_ON =
  'Turn containers on with `slipway deploy --stage STAGE --containers public`';

function usd(amount: number): string {
  return `$${amount.toFixed(2)}`;
}
