import type { Explanation } from '#control/explanation.ts';
import { Failure } from '#domain/failure.ts';
import { type BesideOption, besideOptions } from '#domain/placement/beside.ts';
import { demandWords } from '#domain/placement/choose-target.ts';
import {
  type Demand,
  FIRST_GUESS,
  type Measured,
  NO_LIMITS,
  type PlacedOption,
  type Question,
} from '#domain/placement/demand.ts';
import { type Flip, type LimitsChange, nextChange } from '#domain/placement/flips.ts';
import { type Learnt, withLearnt } from '#domain/placement/learnt.ts';
import type { LoggedHours } from '#domain/placement/logged-hours.ts';
import { onceKnown, rankedOptions } from '#domain/placement/optimize.ts';
import { frontDoor, total } from '#domain/placement/priced-option.ts';
import { type Replayed, replay, replayedHours } from '#domain/placement/replay.ts';
import { pricesWords, SHIPPED_PRICES, type UnitPrices } from '#domain/placement/unit-prices.ts';
import { nameOf } from '#domain/placement/ways.ts';
import { table } from './table.ts';
import {
  besideLines,
  flipLines,
  frontDoorWords,
  idleWords,
  isIdle,
  ms,
  placedLines,
  SOURCES,
  shareLines,
  sourceOf,
} from './weighing.ts';

/** The answer to `slipway whatif`: every option for a demand, the best first; `flip` is the rate from which another target is the choice. */
export type WhatIf = {
  readonly model: string;
  readonly version: number | null;
  /** The version that is live, null if none is; absent if the Slipway that answers does not say. */
  readonly live?: number | null;
  readonly prices: UnitPrices;
  readonly demand: Demand;
  /** Where the demand comes from: the command, the manifest, the requests of so many days, or a guess. */
  readonly source: ReturnType<typeof sourceOf> | 'asked';
  readonly learntDays: number | null;
  readonly measured: Measured;
  readonly options: readonly PlacedOption[];
  readonly frontDoorUsd: number;
  /** Its bill for its traffic of now, as a share of what all live models use, and alone; absent where it is not known. */
  readonly bill?: NonNullable<Explanation['bill']>;
  readonly flipsAt: number | null;
  readonly flip: Flip | null;
  readonly limitsChange: LimitsChange | null;
  readonly beside: readonly BesideOption[];
  /** The bills of counted hours, the cheapest option first; absent where none were replayed. */
  readonly replayed?: readonly Replayed[];
  /** How many requests came in how many hours of these; absent with them. */
  readonly counted?: {
    readonly requests: number;
    readonly hours: number;
    readonly otherLines: number;
  };
};

/** The hours that are replayed, and how many lines of their log are no entries. */
export type ToReplay = LoggedHours & { readonly otherLines: number };

const MIB = 1024 * 1024;
const MOST_REPLAYED = 6;

/**
 * Weighs the targets for a version by what is known of it: what its build measured, else the time of the request that proved it, or `requestMs`, its expected memory, and its image.
 * Fails with `InputInvalid` where its time is not known.
 */
export function whatIf(
  explained: Explanation,
  asked: Demand | undefined,
  {
    requestMs,
    allowsSpot,
    hours,
    got,
  }: {
    readonly requestMs: number | undefined;
    readonly allowsSpot: boolean;
    readonly hours?: ToReplay | undefined;
    /** The demand that the version had, for one that no bill placed. */
    readonly got?: Learnt | undefined;
  },
): WhatIf {
  const { model, version, live, weighing, traffic, options } = explained;
  requireNoGpu(model, options);
  const learnt = got && withLearnt(FIRST_GUESS, got);
  const demand = asked ?? weighing?.question.demand ?? traffic ?? learnt ?? FIRST_GUESS;
  const source = asked ? 'asked' : sourceOf(weighing ?? unweighed(traffic, got));
  const known = weighing?.question.measured;
  const measured = known
    ? { ...known, ...(requestMs && { requestMs }) }
    : measuredOf(explained, requestMs);
  const { prices = SHIPPED_PRICES } = explained;
  const question: Question = {
    ...limitsOf(weighing, asked !== undefined),
    demand,
    measured,
    allowsSpot: allowsSpot || (weighing?.question.allowsSpot ?? false),
    prices,
  };
  const change = nextChange(onceKnown({ ...weighing, question }));
  return {
    model,
    version,
    ...(live !== undefined && { live }),
    prices,
    demand,
    source,
    learntDays: source === 'learnt' ? (weighing?.learntDays ?? got?.days ?? null) : null,
    measured,
    options: rankedOptions(question),
    frontDoorUsd: total(frontDoor(demand, prices)),
    ...(explained.bill && { bill: explained.bill }),
    flipsAt: change.flip?.requestsPerSecond ?? null,
    ...change,
    beside: besideOptions(question),
    ...(hours && { replayed: replay(question, hours.hours, hours), counted: countedIn(hours) }),
  };
}

function countedIn({
  hours,
  sinceMs,
  nowMs,
  otherLines,
}: ToReplay): NonNullable<WhatIf['counted']> {
  const requests = hours.reduce((sum, hour) => sum + hour.requests, 0);
  return { requests, hours: replayedHours(hours, { sinceMs, nowMs }), otherLines };
}

/** No bill decides with a GPU, since nobody has measured the model's time on other hardware. Fails with `InputInvalid`. */
function requireNoGpu(model: string, options: Explanation['options']): void {
  const gpu = options.find(({ taken }) => taken)?.accelerator;
  if (!gpu) return;
  throw new Failure(
    'InputInvalid',
    `${model} runs on ${gpu.count} ${gpu.name}; bills weigh targets without a GPU alone`,
    { fix: `See what it costs: \`slipway cost ${model}\`.` },
  );
}

/** Where the traffic of a version comes from that no bill has placed. */
function unweighed(traffic: Demand | undefined, got: Learnt | undefined) {
  if (traffic) return { isGuess: false };
  return { isGuess: got === undefined, ...(got && { learntDays: got.days }) };
}

/** The limits of the account, the operator and the manifest with which the version was placed; none where no bill placed it. A traffic that is named is known, so a guess does not bound the replicas. */
function limitsOf(
  weighing: Explanation['weighing'],
  isAsked: boolean,
): Pick<Question, 'limits' | 'refused'> {
  if (!weighing) return { limits: NO_LIMITS };
  const { limits, refused } = isAsked ? onceKnown(weighing) : weighing.question;
  return { limits, ...(refused && { refused }) };
}

export function whatIfLines(found: WhatIf): readonly string[] {
  const { model, version, demand, measured, options, prices, source } = found;
  const [first] = options;
  const by = source === 'asked' ? [] : [`${SOURCES[source](found.learntDays ?? 0)}`.trim()];
  return [
    ...(isIdle(found) ? [idleWords(found)] : []),
    ...by,
    `${model} v${version}: ${demandWords(demand)}; ${ms(measured.requestMs)} of one vCPU each`,
    '',
    ...placedLines(options),
    '',
    ...(first ? [`${leadOf(first)}: ${billOf(first)}.`] : []),
    frontDoorWords(found.frontDoorUsd),
    ...shareLines(found),
    ...flipLines(options, found),
    ...besideLines(found.beside),
    ...replayLines(found),
    `${pricesWords(prices)}, on demand.${measured.timedVcpus === undefined ? ALL_COMPUTING : ''}`,
  ];
}

/** Nobody has measured how much of it more vCPUs shorten. */
const ALL_COMPUTING = ' Assumed: the whole time of a request is computing.';

function replayLines({ replayed = [], counted }: WhatIf): readonly string[] {
  if (replayed.length === 0 || !counted) return [];
  const rows = replayed
    .slice(0, MOST_REPLAYED)
    .map((option, index) => [
      `${index === 0 && option.refusals.length === 0 ? '* ' : '  '}${nameOf(option)}`,
      option.replayedOwnUsd.toFixed(2),
      option.replayedUsd.toFixed(2),
      option.refusals.join('; '),
    ]);
  const left = replayed.length - rows.length;
  return [
    '',
    `${countWords(counted)}, each hour with its own, as a month:`,
    ...table(['  OPTION', 'ITS OWN BILL', 'USD/MONTH', 'NOT, SINCE'], rows),
    ...(left > 0 ? [`  and ${left} more (--json has all)`] : []),
    ...otherWords(counted.otherLines),
  ];
}

/** "The 200 requests of 1 hour". */
function countWords({ requests, hours }: NonNullable<WhatIf['counted']>): string {
  const whole = Math.round(hours);
  const what = `${requests.toLocaleString('en-US')} ${requests === 1 ? 'request' : 'requests'}`;
  return `The ${what} of ${whole.toLocaleString('en-US')} ${whole === 1 ? 'hour' : 'hours'}`;
}

function otherWords(lines: number): readonly string[] {
  if (lines === 0) return [];
  const what = lines === 1 ? 'One line' : `${lines.toLocaleString('en-US')} lines`;
  return [`${what} of the log ${lines === 1 ? 'is' : 'are'} no entry, and did not count.`];
}

function measuredOf(explained: Explanation, requestMs: number | undefined): Measured {
  const { model, artifact, image, options, proof } = explained;
  const found = requestMs ?? proof?.latencyMs;
  if (!found) {
    throw new Failure('InputInvalid', `nobody has measured how long a request to ${model} takes`, {
      fix: `Say it in milliseconds: \`slipway whatif ${model} --rps 10 --ms 100\`.`,
    });
  }
  const onLambda = options.find(({ target }) => target === 'lambda');
  return {
    requestMs: found,
    // Nobody has measured how much of it more vCPUs would shorten.
    parallelPart: 0,
    // On the containers' targets the memory is that of a whole task.
    memoryMiB: onLambda?.memoryMiB ?? Math.ceil(artifact.sizeBytes / MIB),
    imageBytes: image?.uncompressedBytes ?? artifact.sizeBytes,
    startMs: (onLambda?.coldStartSeconds ?? 0) * 1000,
  };
}

function leadOf({ refusals }: PlacedOption): string {
  return refusals.length === 0 ? 'The cheapest' : 'Nothing keeps all limits. The first';
}

function billOf({ bill }: PlacedOption): string {
  const items = bill
    .filter(({ usd }) => usd >= 0.005)
    .map(({ what, usd }) => `${what} $${usd.toFixed(2)}`);
  return items.length > 0 ? items.join(', ') : 'each item is less than a cent a month';
}
