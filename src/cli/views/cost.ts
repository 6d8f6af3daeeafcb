import type { Explanation } from '#control/explanation.ts';
import type { ModelStatus } from '#control/models.ts';
import type { Slipway } from '#control/slipway.ts';
import { ADDRESS_USD_PER_MONTH, type StackItem, stackItems } from '#domain/placement/cost.ts';
import { type LiveBill, liveBill, type Placed, useOf } from '#domain/placement/live-bill.ts';
import type { Target } from '#domain/placement/target.ts';
import { averagedOver, type TieredUse, usedTogether } from '#domain/placement/tiers.ts';
import {
  pricesWords,
  SHIPPED_PRICES,
  TIERED_NAMES,
  type TieredName,
  type UnitPrices,
} from '#domain/placement/unit-prices.ts';
import { table } from './table.ts';
import { idleWords, isIdle, sourceOf } from './weighing.ts';

const MILLION = 1_000_000;
const COLUMNS = [
  'MODEL',
  'VERSION',
  'TARGET',
  'IDLE, USD A MONTH',
  'PER MILLION CALLS',
  'OF',
  'FOR ITS TRAFFIC',
  'THIS MONTH',
];

/** The cost of a live revision. `durationMs` is the time of a request: given, else as the build measured it, else that of the request that proved it, else a default. */
export type LiveCost = LiveBill & {
  readonly model: string;
  readonly version: number | null;
  /** Whether the version is live, as each is if no model was named. */
  readonly isLive: boolean;
  /** Whether nobody has measured its requests yet, and one machine could: `slipway explain` of it does. */
  readonly isUnmeasured: boolean;
  readonly target: Target;
  /** The team that its manifest names, else that of the stack; null where neither names one. */
  readonly team: string | null;
  /** Where that traffic comes from. */
  readonly source: ReturnType<typeof sourceOf> | null;
  /** The cost of its model's requests in this month, without the front door; null where nobody has added it up. */
  readonly spent: ModelStatus['spent'];
};

/** The sum of a team's live versions: how many there are, their bills where those are known, and what they have cost in this month. */
export type TeamCost = {
  readonly team: string | null;
  readonly models: number;
  readonly usdPerMonth: number;
  /** How many of the bills are not known. */
  readonly unknown: number;
  readonly spentUsd: number;
};

/** The cost of the requests of all models in a month (USD), and the part of models that are not live any more. */
export type SpentTogether = {
  readonly month: string;
  readonly usd: number;
  readonly goneUsd: number;
};

/** The units that the traffic of all live versions takes in a month, and the price of each (USD), on average over AWS's tiers: the bills of the versions are by that. */
export type Shared = Readonly<
  Record<TieredName, { readonly units: number; readonly averageUsd: number }>
>;

export type CostReport = {
  readonly prices: UnitPrices;
  readonly shared: Shared;
  /** False on one machine, where the figures are those of the target that was chosen, on AWS. */
  readonly isSpent: boolean;
  readonly requests: number;
  readonly revisions: readonly LiveCost[];
  /** One entry for each team, the dearest first. */
  readonly teams: readonly TeamCost[];
  /** Null where nobody has added it up. */
  readonly spent: SpentTogether | null;
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
  const all =
    model === undefined
      ? (await slipway.listModels({ costs: false })).models
      : [await slipway.readModel({ name: model, costs: false })];
  const shown = all.filter(({ live }) => live || model !== undefined);
  const explained = await Promise.all(
    shown.map(async ({ name, spent }) => ({
      ...(await slipway.explainVersion({ name, measure: false })),
      spent,
    })),
  );
  const parameter = parameters?.['Team'];
  const team = parameter && parameter !== 'none' ? parameter : null;
  // A Slipway has one set of prices for all of its models, and AWS's tiers count what all of them use.
  const prices = explained[0]?.prices ?? SHIPPED_PRICES;
  const use = explained[0]?.bill?.together ?? usedTogether(explained.flatMap(ownUse));
  const averaged = averagedOver(prices, use);
  const revisions = explained.flatMap((each) => liveCost(each, { averaged, durationMs, team }));
  const stack = parameters
    ? stackItems((name) => parameters[name.charAt(0).toUpperCase() + name.slice(1)])
    : [];
  const teams = teamCosts(revisions);
  const spent = spentTogether(all);
  const shared = sharedOf(use, averaged);
  return { prices, shared, isSpent, requests: MILLION, revisions, teams, spent, stack };
}

/** A Slipway of an earlier version does not say what all use together. */
function ownUse(explained: Explanation): readonly TieredUse[] {
  const placed = placedOf(explained);
  return placed ? [useOf(placed)] : [];
}

function placedOf({ options, weighing, proof }: Explanation): Placed | undefined {
  const taken = options.find((option) => option.taken);
  return taken && { taken, question: weighing?.question, provedMs: proof?.latencyMs };
}

function sharedOf(use: TieredUse, { usd: averaged }: UnitPrices): Shared {
  const of = (name: TieredName) => ({ units: use[name], averageUsd: averaged[name] });
  return {
    apiRequest: of('apiRequest'),
    firehoseGBIn: of('firehoseGBIn'),
    lambdaArmGBSecond: of('lambdaArmGBSecond'),
    lambdaX86GBSecond: of('lambdaX86GBSecond'),
    logGBIn: of('logGBIn'),
  };
}

type Billing = {
  readonly averaged: UnitPrices;
  readonly durationMs: number | undefined;
  /** The team of the stack. */
  readonly team: string | null;
};

/** Nothing of a version that came to no target. */
function liveCost(
  explained: Explanation & Pick<LiveCost, 'spent'>,
  { averaged, durationMs, team }: Billing,
): readonly LiveCost[] {
  const placed = placedOf(explained);
  if (!placed) return [];
  const { model, version, live, image, proof, weighing, spent } = explained;
  const { target, accelerator } = placed.taken;
  return [
    {
      model,
      version,
      isLive: !isIdle({ live, version }),
      isUnmeasured: !weighing && !image && !accelerator && proof?.sample !== 'readiness',
      target,
      ...liveBill(placed, averaged, durationMs),
      team: explained.team ?? team,
      source: weighing ? sourceOf(weighing) : null,
      spent,
    },
  ];
}

function teamCosts(revisions: readonly LiveCost[]): readonly TeamCost[] {
  const byTeam = Map.groupBy(revisions, ({ team }) => team);
  return [...byTeam]
    .map(([team, own]) => ({
      team,
      models: own.length,
      usdPerMonth: own.reduce((sum, { usdPerMonth }) => sum + (usdPerMonth ?? 0), 0),
      unknown: own.filter(({ usdPerMonth }) => usdPerMonth === null).length,
      spentUsd: own.reduce((sum, { spent }) => sum + (spent?.usd ?? 0), 0),
    }))
    .toSorted((one, other) => other.usdPerMonth - one.usdPerMonth);
}

function spentTogether(models: readonly ModelStatus[]): SpentTogether | null {
  const known = models.flatMap(({ live, spent }) => (spent ? [{ isGone: !live, ...spent }] : []));
  const [first] = known;
  if (!first) return null;
  const sum = (each: typeof known) => each.reduce((together, { usd }) => together + usd, 0);
  const goneUsd = sum(known.filter(({ isGone }) => isGone));
  return { month: first.month, usd: sum(known), goneUsd };
}

export function costLines(report: CostReport): readonly string[] {
  return [...revisionLines(report), ...teamLines(report), ...stackLines(report)];
}

/** Silent where no model names a team. */
function teamLines({ teams }: CostReport): readonly string[] {
  if (teams.every(({ team }) => team === null)) return [];
  const rows = teams.map(({ team, models, usdPerMonth, unknown, spentUsd }) => [
    team ?? 'of no team',
    String(models),
    unknown === models ? 'not known' : `${usd(usdPerMonth)}${withoutUnknown(unknown)}`,
    usd(spentUsd),
  ]);
  return table(['TEAM', 'MODELS', 'USD A MONTH', 'THIS MONTH'], rows);
}

function stackLines({ stack }: CostReport): readonly string[] {
  if (stack.length === 0) return [];
  const rows = stack.map(({ what, usdPerMonth }) => [what, usd(usdPerMonth)]);
  const together = stack.reduce((sum, { usdPerMonth }) => sum + usdPerMonth, 0);
  return [
    ...table(['STACK', 'IDLE, USD A MONTH'], rows),
    `The stack together ${usd(together)} a month, at the prices of ${SHIPPED_PRICES.region}, ${SHIPPED_PRICES.asOf}.`,
  ];
}

function revisionLines({
  prices,
  shared,
  isSpent,
  revisions,
  spent,
}: CostReport): readonly string[] {
  const origin = `${pricesWords(prices)}, on demand, without free allowances.`;
  if (revisions.length === 0) return ['no model is live', ...spentLines(spent)];
  const rows = revisions.map(({ model, version, target, durationMs, isAssumed, ...each }) => [
    model,
    `v${version}`,
    target,
    each.idleUsdPerMonth === null ? 'not known' : usd(each.idleUsdPerMonth),
    usd(each.perCallsUsd),
    `${durationMs} ms${isAssumed ? ', assumed' : ''}`,
    monthWords(each),
    each.spent?.unmetered ? 'not metered' : each.spent ? usd(each.spent.usd) : 'not known',
  ]);
  const together = revisions.reduce((sum, { idleUsdPerMonth }) => sum + (idleUsdPerMonth ?? 0), 0);
  return [
    ...(isSpent
      ? []
      : ['Nothing is spent on this machine. On AWS, on the targets that were chosen:']),
    ...revisions.filter(({ isLive }) => !isLive).map(idleWords),
    ...table(COLUMNS, rows),
    ...(isSpent ? [] : unmeasuredLines(revisions)),
    `Idle together ${usd(together)} a month${beside(revisions)}. ${origin}`,
    ...trafficLines(revisions),
    ...sharedLines(shared, prices),
    ...spentLines(spent),
  ];
}

/** So many units, and their name: the price of one may be too small to be shown. */
const TIERED = {
  apiRequest: [MILLION, 'a million requests to API Gateway'],
  firehoseGBIn: [1000, '1,000 GB of the access log'],
  lambdaArmGBSecond: [MILLION, 'a million GB-seconds of the authorizer'],
  lambdaX86GBSecond: [MILLION, 'a million GB-seconds of Lambda'],
  logGBIn: [1000, "1,000 GB of Lambda's logs"],
} as const satisfies Record<TieredName, readonly [units: number, name: string]>;

/** Silent where no use reaches a second tier. */
function sharedLines(shared: Shared, prices: UnitPrices): readonly string[] {
  const lower = TIERED_NAMES.filter(
    (name) =>
      shared[name].averageUsd < prices.usd[name] &&
      !(name === 'firehoseGBIn' && prices.accessLog === 'off'),
  ).map((name) => {
    const [units, what] = TIERED[name];
    return `${what} ${usd(shared[name].averageUsd * units)}`;
  });
  if (lower.length === 0) return [];
  return [
    `All this traffic together reaches cheaper tiers of AWS: on average ${lower.join(', ')}. Each model pays its share.`,
  ];
}

/** The sum of the bills for the traffic of each; nothing where none is known, or there is only one. */
function trafficLines(revisions: readonly LiveCost[]): readonly string[] {
  const known = revisions.flatMap(({ usdPerMonth }) => usdPerMonth ?? []);
  if (known.length === 0 || revisions.length < 2) return [];
  const sum = known.reduce((together, each) => together + each, 0);
  const rest = withoutUnknown(revisions.length - known.length);
  return [`For their traffic together ${usd(sum)} a month, with API Gateway${rest}.`];
}

function withoutUnknown(unknown: number): string {
  return unknown > 0 ? `, without ${unknown} not known` : '';
}

/** A look at the costs of all models starts no servers. */
function unmeasuredLines(revisions: readonly LiveCost[]): readonly string[] {
  const names = revisions
    .filter(({ isLive, isUnmeasured }) => isLive && isUnmeasured)
    .map(({ model }) => model);
  if (names.length === 0) return [];
  const [first] = names;
  return [
    `Nobody has measured ${names.join(', ')}: \`slipway explain ${names.length === 1 ? first : 'MODEL'}\` does, and then the bill for the traffic is known.`,
  ];
}

/** The sum of all models in this month. */
function spentLines(spent: SpentTogether | null): readonly string[] {
  if (!spent) return [];
  const gone = spent.goneUsd > 0 ? `, ${usd(spent.goneUsd)} of it for models that are gone` : '';
  return [
    `Together ${usd(spent.usd)} since ${spent.month}-01 by their requests, without API Gateway${gone}.`,
  ];
}

const SOURCES = { declared: 'declared', learnt: 'as it got', guess: 'a guess' } as const;

/** The bill of a month, and whose traffic that is. */
function monthWords({ usdPerMonth, source }: Pick<LiveCost, 'usdPerMonth' | 'source'>): string {
  return usdPerMonth === null || source === null
    ? 'not known'
    : `${usd(usdPerMonth)}, ${SOURCES[source]}`;
}

function beside(revisions: readonly LiveCost[]): string {
  const unknown = revisions.filter(({ idleUsdPerMonth }) => idleUsdPerMonth === null).length;
  const isContained = revisions.some(({ target }) => target !== 'lambda');
  return [
    unknown > 0 && `, without the ${unknown} whose instances ECS chose`,
    ', beside the stack itself',
    isContained &&
      ` with its load balancer and, with containers=public, ${usd(ADDRESS_USD_PER_MONTH)} for the address of each task and host`,
  ]
    .filter((part) => part !== false)
    .join('');
}

function usd(amount: number): string {
  return `$${amount.toFixed(2)}`;
}
