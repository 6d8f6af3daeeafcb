import type { BakeRecord } from '#domain/deployment.ts';
import { chanceOfMore, chanceOfOrder } from './chance.ts';
import { errorAtLook, LAST_ERROR } from './error-budget.ts';

/** The evidence about a revision since a step of its shift. `requests` counts whole client requests, including Slipway's own probes; `ringing` are the manifest's alarms in alarm state. */
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
  /** Below this many requests traffic does not prove health, and only probes judge the version. */
  readonly minRequests: number;
  readonly ringing: readonly string[];
  /** The writing speed of a language model; null where it is not measured, or nothing was replaced. */
  readonly paces: { readonly candidate: Pace; readonly previous: Pace } | null;
};

/** Tokens a second after the first one, the mean of this many answers. */
export type Pace = { readonly answers: number; readonly tokensPerSecond: number };

export type BakeVerdict =
  | { readonly kind: 'baking' }
  | { readonly kind: 'done'; readonly judgedBy: string }
  | { readonly kind: 'breach'; readonly reason: string };

const MAX_FAILURES = 0.05;
/** A single failed probe is not judged before this many were sent: it may be one in twenty, or the first of many. */
const ENOUGH_PROBES = 20;
/** A candidate breaches when it is this many times slower than the revision it replaces, and by more than this (ms). */
const MAX_SLOWDOWN = 5;
const SLOWDOWN_MS = 100;
const ENOUGH_LATENCIES = 5;
/** A language model breaches when it writes at less than this share of the previous revision's pace, over enough answers of each. */
const LEAST_PACE = 0.5;
const ENOUGH_PACES = 20;
/** How long after the bake to wait for missing evidence, before that counts as a breach. */
const GRACE_MS = 60_000;
/** How long to wait until a single failed probe is one of enough: on a busy machine a probe takes half a minute, and clients' own errors are judged meanwhile. */
const DOUBT_MS = 300_000;

/**
 * Judges a bake. A breach is any of: a ringing alarm; more than 5 % failed probes; more than 5 % server errors, also relative to `minRequests` when there are fewer requests, by more than chance where the revision before had them too; 5 % more refused requests than the revision before had, by more than chance; a median probe latency five times the previous revision's, which is probed in the same moments, by more than chance; for a language model, half its pace.
 * Chance has one part of the deployment's error budget, over all looks.
 * On a busy machine a few probes are slow by chance. While a slowdown may be chance, and while probe results are missing, the bake goes on, for up to another minute, and for up to five while only one probe has failed. Then it is a breach, but for a slowdown that half of the budget still holds for chance.
 */
export function judgeBake(evidence: BakeEvidence): BakeVerdict {
  const { bake, elapsedMs } = evidence;
  const reason = breach(evidence);
  if (reason !== undefined) return { kind: 'breach', reason };
  const bakeMs = bake.bakeSeconds * 1000;
  if (elapsedMs < bakeMs) return { kind: 'baking' };
  const isDoubtful = bake.probesFailed > 0 && bake.probesSent < ENOUGH_PROBES;
  const slower = slowdown(bake);
  if (bake.probesSent > 0 && !isDoubtful && slower === undefined) return done(evidence);
  if (elapsedMs < bakeMs + (isDoubtful ? DOUBT_MS : GRACE_MS)) return { kind: 'baking' };
  const last = isDoubtful ? failures(bake) : lastWord(bake);
  return last === undefined ? done(evidence) : { kind: 'breach', reason: last };
}

function done({ requests, minRequests }: BakeEvidence): BakeVerdict {
  return { kind: 'done', judgedBy: requests >= minRequests ? 'probes and traffic' : 'probes' };
}

/** Why a bake whose time is over is a breach; undefined where a slowdown may be chance. */
function lastWord(bake: BakeRecord): string | undefined {
  if (bake.probesSent === 0) {
    return 'no probe has been answered since the shift, so nothing shows that the version works';
  }
  return isSlowerBeyond(bake, LAST_ERROR) ? slowdown(bake) : undefined;
}

function breach({ bake, ringing, paces, ...clients }: BakeEvidence): string | undefined {
  if (ringing.length > 0) return `in state ALARM: ${ringing.join(', ')}`;
  const isCertain = bake.probesFailed > 1 || bake.probesSent >= ENOUGH_PROBES;
  if (isCertain && bake.probesFailed > bake.probesSent * MAX_FAILURES) return failures(bake);
  const error = errorAtLook(bake.looks ?? 1);
  const broken = errors(clients, error) ?? refusals(clients, error);
  if (broken) return broken;
  const slower = slowdown(bake);
  if (slower !== undefined && isSlowerBeyond(bake, error)) return slower;
  return paces ? fall(paces) : undefined;
}

type Clients = Pick<
  BakeEvidence,
  'requests' | 'serverErrors' | 'refused' | 'minRequests' | 'before'
>;

/** More than the limit; where the revision before had errors too, within the limit, also by more than chance. */
function errors(
  { requests, serverErrors, minRequests, before }: Clients,
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

function failures({ probesFailed, probesSent, lastFailure }: BakeRecord): string {
  return `${probesFailed} of ${probesSent} probes failed since the shift; the last: ${lastFailure}`;
}

/** Clients have sent the same for an hour: what the revision before took of it, this one has to take. */
function refusals(
  { requests, refused, minRequests, before }: Clients,
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

function slowdown({ latenciesMs, previousLatenciesMs }: BakeRecord): string | undefined {
  if (Math.min(latenciesMs.length, previousLatenciesMs.length) < ENOUGH_LATENCIES) return undefined;
  const now = median(latenciesMs);
  const before = median(previousLatenciesMs);
  if (!isOver(now, before)) return undefined;
  return `a request takes ${Math.round(now)} ms, and ${Math.round(before)} ms on the revision it replaces; the limit is ${MAX_SLOWDOWN} times as long`;
}

function isOver(nowMs: number, beforeMs: number): boolean {
  return nowMs > beforeMs * MAX_SLOWDOWN && nowMs > beforeMs + SLOWDOWN_MS;
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

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
