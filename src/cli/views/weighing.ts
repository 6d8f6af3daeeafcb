import type { Explanation } from '#control/explanation.ts';
import ec2 from '#domain/data/ec2-instances.json' with { type: 'json' };
import fargate from '#domain/data/fargate-sizes.json' with { type: 'json' };
import type { BesideOption } from '#domain/placement/beside.ts';
import { demandWords } from '#domain/placement/choose-target.ts';
import { functionCurve, kneeOf } from '#domain/placement/curve.ts';
import type { PlacedOption } from '#domain/placement/demand.ts';
import { breakEvenWords } from '#domain/placement/demand-curve.ts';
import { rateWords } from '#domain/placement/flips.ts';
import { vcpusOf } from '#domain/placement/instance-types.ts';
import { frontDoor, total } from '#domain/placement/priced-option.ts';
import { pricesWords, SHIPPED_PRICES } from '#domain/placement/unit-prices.ts';
import { table } from './table.ts';

type Weighing = NonNullable<Explanation['weighing']>;

const MOST_SHOWN = 6;
const BAR = 30;

const PLACED_COLUMNS = [
  '  TARGET',
  'MEMORY MiB',
  'vCPU',
  'REPLICAS',
  'P95 ms',
  'USD/MONTH',
  'NOT, SINCE',
];

/** A table of the most telling options, with a star before the first if it keeps all limits, and how many more there are. */
export function placedLines(options: readonly PlacedOption[]): readonly string[] {
  const shown = mostTelling(options);
  const left = options.length - shown.length;
  return [
    ...table(PLACED_COLUMNS, placedRows(shown)),
    ...(left > 0 ? [`  and ${left} more (--json has all)`] : []),
  ];
}

function placedRows(options: readonly PlacedOption[]): readonly (readonly string[])[] {
  return options.map((option, index) => [
    `${index === 0 && option.refusals.length === 0 ? '* ' : '  '}${[option.target, ...(option.instanceTypes ?? []).slice(0, 1)].join(' ')}${option.isSpot ? ' (Spot)' : ''}`,
    option.memoryMiB.toLocaleString('en-US'),
    option.vcpus.toFixed(2),
    option.replicas === 0 ? '-' : String(option.replicas),
    `${shortMs(option.p95Ms)}${option.isExtrapolated ? ', extrapolated' : ''}`,
    option.usd.toFixed(2),
    option.refusals.join('; '),
  ]);
}

/** The part of each bill that no target changes (USD a month). */
export function frontDoorWords(usd: number): string {
  return `$${usd.toFixed(2)} of each is the way to the model, which is the same on every target.`;
}

// An estimate says no more than that.
const A_THOUSANDTH = 0.001;

/** The bill of the live version beside other models, where that is less than alone: a choice is priced as if the model were alone. */
export function shareLines(
  explained: Pick<Explanation, 'model' | 'version' | 'live' | 'bill'>,
): readonly string[] {
  const { usdPerMonth = null, aloneUsdPerMonth = null } = explained.bill ?? {};
  if (isIdle(explained) || usdPerMonth === null || aloneUsdPerMonth === null) return [];
  if (aloneUsdPerMonth - usdPerMonth < aloneUsdPerMonth * A_THOUSANDTH) return [];
  return [
    `These bills are those of a model that is alone in its account. All live models together reach cheaper tiers of AWS: for its traffic of now ${explained.model} costs $${usdPerMonth.toFixed(2)} a month, as \`slipway cost\` shows, and alone it would cost $${aloneUsdPerMonth.toFixed(2)}; both without the load balancer.`,
  ];
}

/** Where it runs, if that is not the target of the star: a demand that was learnt since may make another one the choice. */
function elsewhereLines(
  target: Explanation['target'],
  [first]: readonly PlacedOption[],
): readonly string[] {
  const isChoice = first?.refusals.length === 0;
  if (!target || !isChoice || first.target === target) return [];
  return [`The star is the choice for these requests; the version itself was placed on ${target}.`];
}

/** The day of the prices, and of those of today where they are others. */
function placedPricesWords(
  { model, prices: today, ...explained }: Explanation,
  prices: Weighing['question']['prices'],
): string {
  if (!prices)
    return 'The prices are those of the day on which it was placed; no record says which.';
  const words = `${pricesWords(prices)}, on demand`;
  if (!today || (today.asOf === prices.asOf && today.region === prices.region)) return `${words}.`;
  const now = isIdle(explained) ? '' : `; \`slipway whatif ${model}\` takes those of ${today.asOf}`;
  return `${words}, as it was placed${now}.`;
}

/** From which rate another target is the choice, and why. */
function flipWords({ requestsPerSecond, from, to, why, refusal }: ShownFlip): string {
  const rate = `From ${rateWords(requestsPerSecond)} requests a second on`;
  if (why === 'limit') return `${rate}, ${to} is the choice: on ${from} ${refusal}.`;
  return why === 'faster'
    ? `${rate}, ${to} costs as much as ${from}, within 1 %, and is faster.`
    : `${rate}, ${to} costs less than ${from}.`;
}

type ShownFlip = NonNullable<Weighing['flip']>;
type Changing = {
  readonly flip?: ShownFlip | null;
  readonly limitsChange?: NonNullable<Weighing['limitsChange']> | null;
};

/** The first change with a greater demand, in a line; nothing where a Slipway of an earlier version does not say when the limits are kept. */
export function flipLines(
  [first]: readonly PlacedOption[],
  { flip, limitsChange }: Changing,
): readonly string[] {
  const isKept = first?.refusals.length === 0;
  const rate = limitsChange && rateWords(limitsChange.requestsPerSecond);
  if (isKept && flip) return [flipWords(flip)];
  if (isKept && limitsChange && !limitsChange.isKept) {
    const { target, refusal } = limitsChange;
    const why = refusal === undefined ? '' : `: on ${target} ${refusal}`;
    return [`From ${rate} requests a second on, nothing keeps the limits${why}.`];
  }
  if (isKept) return ['No greater demand makes another target the choice within the limits.'];
  if (limitsChange?.isKept) {
    return [`From ${rate} requests a second on, ${limitsChange.target} keeps the limits.`];
  }
  // A demand that is known may have more replicas than the guess that was weighed.
  const isNever = limitsChange && limitsChange.target === undefined;
  return isNever ? ['Nothing keeps the limits for a greater demand either.'] : [];
}

/** The options by their bills, the curve over Lambda's memory, and the ways to spend less; that the choice is an estimate where no bill decided: the build measured no request, or a GPU is needed. */
export function weighingLines(explained: Explanation): readonly string[] {
  const { model, weighing, options, advice, proof } = explained;
  if (!weighing) {
    if (options.length === 0) return [];
    const hasGpu = options.some(({ taken, accelerator }) => taken && accelerator);
    return [
      '',
      `${ESTIMATED}${hasGpu ? ON_GPU : UNMEASURED}`,
      ...(isIdle(explained) ? [] : askLines(model, proof)),
    ];
  }
  const { question, options: placed, ways } = weighing;
  const { demand, measured } = question;
  return [
    '',
    ...(isIdle(explained) ? [AS_PLACED] : []),
    `${SOURCES[sourceOf(weighing)](weighing.learntDays)}${demandWords(demand)}.`,
    `Measured: ${ms(measured.requestMs)} on one vCPU, of which more vCPUs shorten ${Math.round(measured.parallelPart * 100)} %${measured.rowMs === undefined ? '' : `; ${ms(measured.rowMs)} for each further row`}.`,
    ...severalLines(measured),
    ...(weighing.isLater ? [BY_ITSELF] : []),
    '',
    ...placedLines(placed),
    ...elsewhereLines(explained.target, placed),
    placedPricesWords(explained, question.prices),
    frontDoorWords(total(frontDoor(demand, question.prices ?? SHIPPED_PRICES))),
    ...shareLines(explained),
    ...flipLines(placed, weighing),
    ...breakEvenLines(weighing.byDemand?.breakEvens ?? []),
    ...besideLines(weighing.beside ?? []),
    ...quotaLines(weighing),
    ...curveLines(placed),
    ...wayLines(ways),
    ...adviceLines(advice),
  ];
}

/** A container with several requests under way, beside one after another; nothing where no build tried that. */
function severalLines({ several, memoryMiB }: Weighing['question']['measured']): readonly string[] {
  if (!several) return [];
  const { atOnce, times } = several;
  const took = times > 1 ? `${Number(times.toPrecision(2))} times as long as` : 'no longer than';
  const more = several.memoryMiB - memoryMiB;
  const needs = more > 0 ? `${more.toLocaleString('en-US')} MiB more` : 'no more memory';
  return [
    `With ${atOnce} requests at once each takes ${took} one at a time; a container needs ${needs}.`,
  ];
}

/** The cheapest target over the requests a second, where that changes. */
function breakEvenLines(
  breakEvens: NonNullable<Weighing['byDemand']>['breakEvens'],
): readonly string[] {
  const words = breakEvenWords(breakEvens);
  return words === '' ? [] : [`The cheapest from a tenth of that to ten times as much: ${words}.`];
}

/** The vCPUs of the containers at the peak, where they are the choice, beside what the account allows, or what a new account would where nobody knows that. */
function quotaLines({ options, question }: Weighing): readonly string[] {
  const [choice] = options;
  if (!choice || choice.target === 'lambda' || choice.refusals.length > 0) return [];
  const { replicas, vcpus, instanceTypes } = choice;
  const { fargateVcpus, ec2Vcpus = null } = question.limits;
  const [what, each, known, newAccountVcpus] =
    choice.target === 'ec2'
      ? ['instances', vcpusOf(instanceTypes?.[0] ?? ''), ec2Vcpus, ec2.newAccountVcpus]
      : ['tasks', vcpus, fargateVcpus, fargate.newAccountVcpus];
  const most =
    known === null
      ? `no quota of an account is known here; a new account has ${newAccountVcpus}`
      : `the account has ${known}`;
  const where = choice.target === 'ec2' ? 'EC2' : 'Fargate';
  return [`At the peak its ${what} have ${replicas * (each ?? vcpus)} vCPUs on ${where}; ${most}.`];
}

/** The ways that are priced and never chosen. */
export function besideLines(beside: readonly BesideOption[]): readonly string[] {
  return beside.map(
    ({ what, ownUsd, why }) =>
      `Beside them: ${what} for $${ownUsd.toFixed(2)} a month, without the way to the model; ${why}.`,
  );
}

/** The choice, the best of each other kind, and the next best, in their order. */
function mostTelling(options: readonly PlacedOption[]): readonly PlacedOption[] {
  const kindOf = ({ target, isSpot }: PlacedOption) => `${target} ${isSpot}`;
  const best = options.filter(
    (option) => options.find((each) => kindOf(each) === kindOf(option)) === option,
  );
  const kept = new Set([...best, ...options].slice(0, Math.max(MOST_SHOWN, best.length)));
  return options.filter((option) => kept.has(option));
}

/** Another command knows the time of the request that proved the version. */
function askLines(model: string, proof: Explanation['proof']): readonly string[] {
  if (!proof || proof.sample === 'readiness') return [];
  return [
    `\`slipway whatif ${model}\` weighs the bills by the time of the request that proved it.`,
  ];
}

/** Whether a version other than the live one is explained; a Slipway of an earlier version does not say. */
export function isIdle({
  live,
  version,
}: {
  readonly live?: number | null | undefined;
  readonly version: number | null;
}): boolean {
  return live !== undefined && (live === null || live !== version);
}

/** That a model costs nothing now, and that the bills are those of its version if it were live. */
export function idleWords({ model, version }: Pick<Explanation, 'model' | 'version'>): string {
  return `${model} is not live, so it costs nothing; these are the bills that v${version} would have.`;
}

const AS_PLACED = 'It is not live; this was weighed when it was placed.';
const BY_ITSELF =
  'Its own server was measured once it was live, since no build had: memory and idle cost decided where it runs.';
const ESTIMATED = 'Estimated: memory and idle cost decided, not a bill, since ';
const ON_GPU = 'nobody measures a model with a GPU on other hardware.';
const UNMEASURED = 'no build measured a request.';

/** The bill (without the way to the model) over the memory of a function, with the time of a request. */
function curveLines(options: readonly PlacedOption[]): readonly string[] {
  const points = functionCurve(options);
  const knee = kneeOf(points);
  const most = Math.max(...points.map(({ ownUsd }) => ownUsd));
  if (points.length < 2 || most <= 0) return [];
  const rows = points.map((point) => [
    `  ${point.memoryMiB.toLocaleString('en-US')}`,
    '█'.repeat(Math.max(1, Math.round((point.ownUsd / most) * BAR))).padEnd(BAR),
    point.ownUsd.toFixed(2),
    `${shortMs(point.p95Ms)}${point.isExtrapolated ? ', extrapolated' : ''}${point === knee ? '  the knee' : ''}`,
  ]);
  return ['', ...table(['  LAMBDA MiB', 'ITS OWN BILL', 'USD/MONTH', 'P95 ms'], rows)];
}

function wayLines(ways: Weighing['ways']): readonly string[] {
  if (ways.length === 0) return [];
  return [
    '',
    'To spend less, each by itself:',
    ...ways.map(({ what, usd, percent }) => `  ${percent} % ($${usd.toFixed(2)}): ${what}`),
  ];
}

function adviceLines(advice: Explanation['advice']): readonly string[] {
  if (!advice) return [];
  const { reason, fix, savesUsd } = advice;
  const saved = savesUsd > 0 ? ` $${savesUsd.toFixed(2)} a month less` : '';
  return ['', `Better placed elsewhere,${saved || ' to keep its limits'}: ${reason}.`, fix];
}

/** Where the demand of a weighing comes from. */
export function sourceOf({
  isGuess,
  learntDays,
}: Pick<Weighing, 'isGuess' | 'learntDays'>): 'declared' | 'learnt' | 'guess' {
  return isGuess ? 'guess' : learntDays === undefined ? 'declared' : 'learnt';
}

export const SOURCES = {
  declared: () => 'For the traffic of model.yaml: ',
  learnt: (days = 0) => `By the requests of the last ${days === 1 ? 'day' : `${days} days`}: `,
  guess: () => 'The first guess, since model.yaml names no traffic and nothing is learnt yet: ',
} as const;

/** Whole milliseconds from 10 on, and two digits below. */
function shortMs(value: number): string {
  const digits = value < 10 ? Number(value.toPrecision(2)) : Math.round(value);
  return digits.toLocaleString('en-US');
}

/** Milliseconds in three digits. */
export function ms(value: number): string {
  return `${Number(value.toPrecision(3)).toLocaleString('en-US')} ms`;
}
