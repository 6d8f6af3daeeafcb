import type { BakeRecord } from '#domain/deployment.ts';
import { median } from '#domain/median.ts';
import type { Finding, Judge, JudgedBy } from './bake-finding.ts';
import { chanceOfMore, chanceOfOrder } from './chance.ts';
import { errorAtLook, LAST_ERROR } from './error-budget.ts';

/** The evidence about a revision since a step of its shift. `requests` counts whole client requests, including Slipway's own probes. */
export type BakeEvidence = {
  readonly bake: BakeRecord;
  readonly elapsedMs: number;
  readonly requests: number;
  readonly serverErrors: number;
  /** How many of them were refused for what they are, as by 400. */
  readonly refused: number;
  /** The requests of the revision before, from an hour before the shift on; null where nothing was replaced. */
  readonly before: {
    readonly requests: number;
    readonly refused: number;
    readonly serverErrors: number;
  } | null;
  /** Below this many requests traffic does not prove health. */
  readonly minRequests: number;
  /** The alarms that the manifest names, those of them in alarm state, and those whose state could not be read. */
  readonly alarms: {
    readonly named: readonly string[];
    readonly ringing: readonly string[];
    readonly unknown: readonly string[];
  };
  /** The writing speed of a language model; null where it is not measured, or nothing was replaced. */
  readonly paces: { readonly candidate: Pace; readonly previous: Pace } | null;
  /** The times of the revision before in its own bake (ms), from which its fastest answer is known; empty where there are none. */
  readonly previousOwnMs: readonly number[];
  /** The finding on the answers that clients got; null until they are compared, once at the end (src/steps/judge-answers.ts). */
  readonly answers: Finding | null;
};

/** Tokens a second after the first one, the mean of this many answers. */
export type Pace = { readonly answers: number; readonly tokensPerSecond: number };

export type BakeVerdict = {
  readonly kind: 'baking' | 'done' | 'breach';
  readonly judges: JudgedBy;
};

const MAX_FAILURES = 0.05;
/** A single failed probe is not judged before this many were sent: it may be one in twenty, or the first of many. */
const ENOUGH_PROBES = 20;
/** A candidate breaches when it is this many times slower than the revision it replaces, and by more than this (ms) on a machine without load. */
const MAX_SLOWDOWN = 5;
const SLOWDOWN_MS = 100;
/** Chance alone makes a shorter answer several times slower (ms), which shows no load. */
const SHORTEST_MS = 5;
const ENOUGH_LATENCIES = 5;
/** A language model breaches when it writes at less than this share of the previous revision's pace, over enough answers of each. */
const LEAST_PACE = 0.5;
const ENOUGH_PACES = 20;
/** How long after the bake to wait for missing evidence, before that counts as a breach. */
const GRACE_MS = 60_000;
/** How long to wait until a single failed probe is one of enough: on a busy machine a probe takes half a minute, and clients' own errors are judged meanwhile. */
const DOUBT_MS = 300_000;

const NOT_COMPARED: Finding = {
  verdict: 'unproven',
  reason: 'they are compared once the time of this step is over',
};

const JUDGES: Readonly<Record<Judge, (evidence: BakeEvidence) => Finding>> = {
  alarms: byAlarms,
  probes: byProbes,
  traffic: byTraffic,
  pace: byPace,
  answers: ({ answers }) => answers ?? NOT_COMPARED,
};

/**
 * Judges a bake by each of its judges: a breach of one is a breach. The bake goes on until its time is over, and then while one is in doubt.
 * Chance has one part of the deployment's error budget, over all looks.
 */
export function judgeBake(evidence: BakeEvidence): BakeVerdict {
  const judges = Object.entries(JUDGES).map(([judge, find]) => ({
    judge: judge as Judge,
    ...find(evidence),
  }));
  const has = (sought: Finding['verdict']) => judges.some(({ verdict }) => verdict === sought);
  if (has('breach')) return { kind: 'breach', judges };
  const isGoingOn = overtimeMs(evidence) < 0 || has('doubtful');
  return { kind: isGoingOn ? 'baking' : 'done', judges };
}

/** How long the bake has gone on past its time; negative before its end. */
function overtimeMs({ bake, elapsedMs }: BakeEvidence): number {
  return elapsedMs - bake.bakeSeconds * 1000;
}

function byAlarms({ alarms: { named, ringing, unknown } }: BakeEvidence): Finding {
  if (ringing.length > 0) {
    return { verdict: 'breach', reason: `in state ALARM: ${ringing.join(', ')}` };
  }
  if (named.length === 0) {
    return { verdict: 'unproven', reason: 'rollout.alarms names none' };
  }
  if (unknown.length > 0) {
    return { verdict: 'unproven', reason: unknown.map(unwatched).join('; ') };
  }
  return { verdict: 'passed', reason: `not in state ALARM: ${named.join(', ')}` };
}

export function unwatched(alarm: string): string {
  return `the alarm ${alarm} was not found, so it was not watched`;
}

/** More than 5 % failed probes are a breach, and so is no result at all. */
function byProbes(evidence: BakeEvidence): Finding {
  const { probesSent, probesFailed, lastFailure } = evidence.bake;
  const reason =
    probesFailed > 0
      ? `${probesFailed} of ${probesSent} probes failed since the shift; the last: ${lastFailure}`
      : `all ${probesSent} probes since the shift were answered as the model's proof says`;
  if (probesSent === 0) {
    return {
      verdict: overtimeMs(evidence) < GRACE_MS ? 'doubtful' : 'breach',
      reason: 'no probe has been answered since the shift, so nothing shows that the version works',
    };
  }
  if (isOneOfFew(evidence.bake)) {
    return { verdict: overtimeMs(evidence) < DOUBT_MS ? 'doubtful' : 'breach', reason };
  }
  return { verdict: probesFailed > probesSent * MAX_FAILURES ? 'breach' : 'passed', reason };
}

/** Whether a single probe failed of so few that nobody knows what it was. */
function isOneOfFew({ probesSent, probesFailed }: BakeRecord): boolean {
  return probesFailed === 1 && probesSent < ENOUGH_PROBES;
}

/**
 * More than 5 % server errors are a breach, also relative to `minRequests` where there are fewer requests, by more than chance where the revision before had them too.
 * So are 5 % more refused requests than the revision before had, by more than chance.
 */
function byTraffic(evidence: BakeEvidence): Finding {
  const { requests, serverErrors, refused, minRequests } = evidence;
  const error = errorAtLook(evidence.bake.looks ?? 1);
  const harm = errors(evidence, error) ?? refusals(evidence, error);
  if (harm !== undefined) return { verdict: 'breach', reason: harm };
  const reason = `${requests} requests since the shift, with Slipway's own: ${serverErrors} server errors, ${refused} refused (4xx)`;
  if (requests >= minRequests) return { verdict: 'passed', reason };
  return { verdict: 'unproven', reason: `${reason}; ${minRequests} would show more` };
}

function errors(
  { requests, serverErrors, minRequests, before }: BakeEvidence,
  error: number,
): string | undefined {
  if (serverErrors <= Math.max(requests, minRequests) * MAX_FAILURES) return undefined;
  const isUsual =
    before !== null &&
    before.requests >= minRequests &&
    before.serverErrors > 0 &&
    before.serverErrors <= before.requests * MAX_FAILURES;
  const [now, then] = [
    { count: serverErrors, of: requests },
    { count: before?.serverErrors ?? 0, of: before?.requests ?? 0 },
  ];
  if (isUsual && chanceOfMore(now, then) > error) return undefined;
  return `${serverErrors} of ${requests} requests since the shift were answered by a server error; the limit is 5 %`;
}

/** Clients have sent the same for an hour: what the revision before took of it, this one has to take. */
function refusals(
  { requests, refused, minRequests, before }: BakeEvidence,
  error: number,
): string | undefined {
  if (!before || before.requests < minRequests) return undefined;
  const excess = refused - requests * (before.refused / before.requests);
  if (excess <= Math.max(requests, minRequests) * MAX_FAILURES) return undefined;
  const [now, then] = [
    { count: refused, of: requests },
    { count: before.refused, of: before.requests },
  ];
  if (chanceOfMore(now, then) > error) return undefined;
  return `${refused} of ${requests} requests since the shift were refused (4xx), and ${before.refused} of ${before.requests} by the revision it replaces; the limit is 5 % more`;
}

/**
 * A median probe latency five times the previous revision's, which is probed in the same moments, and 100 ms more without load, is a breach where it is more than chance; for a language model, half its pace is one.
 * On a busy machine a few probes are slow by chance. While a slowdown may be chance, the bake goes on, for up to another minute. Then it is a breach, but for one that half of the budget still holds for chance.
 */
function byPace(evidence: BakeEvidence): Finding {
  const { bake, paces } = evidence;
  const { latenciesMs, previousLatenciesMs } = bake;
  const fallen = paces && fall(paces);
  if (fallen) return { verdict: 'breach', reason: fallen };
  if (Math.min(latenciesMs.length, previousLatenciesMs.length) < ENOUGH_LATENCIES) {
    return { verdict: 'unproven', reason: 'too few probes of both versions were answered' };
  }
  const now = median(latenciesMs) ?? 0;
  const before = median(previousLatenciesMs) ?? 0;
  const reason = `a request takes ${Math.round(now)} ms, and ${Math.round(before)} ms on the revision it replaces`;
  const limit = slownessLimit(evidence, before);
  if (now <= limit.ms) return { verdict: 'passed', reason };
  const slower = `${reason}; the limit is ${Math.round(limit.ms)} ms, ${limit.why}`;
  if (isSlowerBeyond(bake, errorAtLook(bake.looks ?? 1))) {
    return { verdict: 'breach', reason: slower };
  }
  // The last word spends its part of the budget once, when no other doubt keeps the bake going.
  const isOpen = overtimeMs(evidence) < (isOneOfFew(bake) ? DOUBT_MS : GRACE_MS);
  if (isOpen) return { verdict: 'doubtful', reason: slower };
  return { verdict: isSlowerBeyond(bake, LAST_ERROR) ? 'breach' : 'passed', reason: slower };
}

/**
 * The longest median (ms) of a candidate that is not slow, beside a median of `before` (ms), and which rule makes it: five times as long, and 100 ms longer on a machine without load. Load makes both sides slower by the same factor, so their ratio holds under load, and the 100 ms grow by that factor.
 * The factor is how much slower the revision before is than the fastest answer that is known of it, now or in its own bake.
 */
function slownessLimit(
  { bake: { previousLatenciesMs }, previousOwnMs }: BakeEvidence,
  before: number,
): { readonly ms: number; readonly why: string } {
  const fastest = Math.max(SHORTEST_MS, Math.min(...previousLatenciesMs, ...previousOwnMs));
  const load = Math.max(1, before / fastest);
  const times = { ms: before * MAX_SLOWDOWN, why: `${MAX_SLOWDOWN} times as long` };
  const longer = { ms: before + SLOWDOWN_MS * load, why: `${SLOWDOWN_MS} ms more` };
  if (times.ms >= longer.ms) return times;
  if (load === 1) return longer;
  return { ...longer, why: `${longer.why} × ${load.toFixed(1)} for the load of the machine` };
}

/** Whether the order of both sides' latencies is less likely by chance than `error`. The order alone tells: load makes some answers a hundred times slower, and as many on both sides. */
function isSlowerBeyond({ latenciesMs, previousLatenciesMs }: BakeRecord, error: number): boolean {
  return chanceOfOrder(latenciesMs, previousLatenciesMs) <= error;
}

function fall({ candidate, previous }: NonNullable<BakeEvidence['paces']>): string | undefined {
  if (Math.min(candidate.answers, previous.answers) < ENOUGH_PACES) return undefined;
  if (candidate.tokensPerSecond >= previous.tokensPerSecond * LEAST_PACE) return undefined;
  const [now, before] = [candidate, previous].map((pace) => pace.tokensPerSecond.toFixed(1));
  return `it writes ${now} tokens a second, and the revision it replaces ${before}; the limit is ${LEAST_PACE * 100} % of that`;
}
