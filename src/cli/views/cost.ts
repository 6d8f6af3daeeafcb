import type { Explanation } from '#control/explanation.ts';
import type { Slipway } from '#control/slipway.ts';
import {
  ADDRESS_USD_PER_MONTH,
  PRICES_OF,
  type RevisionCost,
  requestTime,
  revisionCost,
  type StackItem,
  stackItems,
} from '#domain/placement/cost.ts';
import type { Target } from '#domain/placement/target.ts';
import { table } from './table.ts';

const REQUESTS = 1_000_000;

/** The cost of a live revision. `durationMs` is the assumed time of a request: given, else that of the request that proved it, else a default. */
export type LiveCost = RevisionCost & {
  readonly model: string;
  readonly version: number | null;
  readonly target: Target;
  readonly durationMs: number;
  /** Where nobody has measured or said it. */
  readonly isAssumed: boolean;
};

export type CostReport = {
  readonly prices: typeof PRICES_OF;
  /** False on one machine, where the figures are those of the target that was chosen, on AWS. */
  readonly isSpent: boolean;
  readonly requests: number;
  readonly revisions: readonly LiveCost[];
  /** The items of the stack itself; empty on one machine. */
  readonly stack: readonly StackItem[];
};

type CostOptions = {
  readonly model: string | undefined;
  readonly durationMs: number | undefined;
  readonly isSpent: boolean;
  /** The parameters of the stack, as the template names them; null on one machine. */
  readonly parameters: Readonly<Record<string, string>> | null;
};

/** Reports the cost of one model, or of all that are live. */
export async function costReport(
  slipway: Slipway,
  { model, durationMs, isSpent, parameters }: CostOptions,
): Promise<CostReport> {
  const all = model === undefined ? (await slipway.listModels()).models : [];
  const names =
    model === undefined ? all.filter(({ live }) => live).map(({ name }) => name) : [model];
  const explained = await Promise.all(names.map((name) => slipway.explainVersion({ name })));
  const revisions = explained.flatMap((each) => liveCost(each, durationMs));
  const stack = parameters
    ? stackItems((name) => parameters[name.charAt(0).toUpperCase() + name.slice(1)])
    : [];
  return { prices: PRICES_OF, isSpent, requests: REQUESTS, revisions, stack };
}

/** Nothing of a version that came to no target. */
function liveCost(
  { model, version, options, proof }: Explanation,
  wishedMs: number | undefined,
): readonly LiveCost[] {
  const taken = options.find((option) => option.taken);
  if (!taken) return [];
  const { durationMs, isAssumed } = requestTime(wishedMs ?? proof?.latencyMs);
  const cost = revisionCost(taken, { requests: REQUESTS, durationMs });
  return [{ model, version, target: taken.target, durationMs, isAssumed, ...cost }];
}

export function costLines(report: CostReport): readonly string[] {
  return [...revisionLines(report), ...stackLines(report)];
}

function stackLines({ stack, prices }: CostReport): readonly string[] {
  if (stack.length === 0) return [];
  const rows = stack.map(({ what, usdPerMonth }) => [what, usd(usdPerMonth)]);
  const together = stack.reduce((sum, { usdPerMonth }) => sum + usdPerMonth, 0);
  return [
    ...table(['STACK', 'IDLE, USD A MONTH'], rows),
    `The stack together ${usd(together)} a month, at the prices of ${prices.asOf}.`,
  ];
}

function revisionLines({ prices, isSpent, revisions }: CostReport): readonly string[] {
  const origin = `Prices of ${prices.region}, ${prices.asOf}, on demand, without free allowances.`;
  if (revisions.length === 0) return ['no model is live'];
  const rows = revisions.map(
    ({ model, version, target, idleUsdPerMonth, perCallsUsd, durationMs, isAssumed }) => [
      model,
      `v${version}`,
      target,
      idleUsdPerMonth === null ? 'not known' : usd(idleUsdPerMonth),
      usd(perCallsUsd),
      `${durationMs} ms${isAssumed ? ', assumed' : ''}`,
    ],
  );
  const together = revisions.reduce((sum, { idleUsdPerMonth }) => sum + (idleUsdPerMonth ?? 0), 0);
  return [
    ...(isSpent
      ? []
      : ['Nothing is spent on this machine. On AWS, on the targets that were chosen:']),
    ...table(['MODEL', 'VERSION', 'TARGET', 'IDLE, USD A MONTH', 'PER MILLION CALLS', 'OF'], rows),
    `Idle together ${usd(together)} a month${beside(revisions)}. ${origin}`,
  ];
}

function beside(revisions: readonly LiveCost[]): string {
  const unknown = revisions.filter(({ idleUsdPerMonth }) => idleUsdPerMonth === null).length;
  const isContained = revisions.some(({ target }) => target !== 'lambda');
  return [
    unknown > 0 && `, without the ${unknown} whose instances ECS chooses`,
    ', beside the stack itself',
    isContained &&
      ` and, with containers=public, ${usd(ADDRESS_USD_PER_MONTH)} for the address of each task and host`,
  ]
    .filter((part) => part !== false)
    .join('');
}

function usd(amount: number): string {
  return `$${amount.toFixed(2)}`;
}
