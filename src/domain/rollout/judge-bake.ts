import type { BakeRecord } from '#domain/deployment.ts';

/** The evidence about a revision since a step of its shift. `requests` counts whole client requests, including Slipway's own probes; `ringing` are the manifest's alarms in alarm state. */
export type BakeEvidence = {
  readonly bake: BakeRecord;
  readonly elapsedMs: number;
  readonly requests: number;
  readonly serverErrors: number;
  /** How many of them were refused for what they are, as by 400. */
  readonly refused: number;
  /** The requests of the revision before, from an hour before the shift on; null where nothing was replaced. */
  readonly before: { readonly requests: number; readonly refused: number } | null;
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
/** How many standard deviations the order of both sides' latencies must be from chance: a healthy version is that far in one of 700 bakes. */
const CERTAIN_DEVIATIONS = 3;
/** How long after the bake to wait for missing evidence, before that counts as a breach. */
const GRACE_MS = 60_000;
/** How long to wait until a single failed probe is one of enough: on a busy machine a probe takes half a minute, and clients' own errors are judged meanwhile. */
const DOUBT_MS = 300_000;

/**
 * Judges a bake. A breach is any of: a ringing alarm; more than 5 % failed probes; more than 5 % server errors, also relative to `minRequests` when there are fewer requests; 5 % more refused requests than the revision before had, by more than chance; a median probe latency five times the previous revision's, which is probed in the same moments; for a language model, half its pace.
 * On a busy machine a few probes are slow by chance. While a slowdown may be chance, and while probe results are missing, the bake goes on, for up to another minute, and for up to five while only one probe has failed; then it is a breach.
 */
export function judgeBake(evidence: BakeEvidence): BakeVerdict {
  const { bake, elapsedMs, requests, minRequests } = evidence;
  const reason = breach(evidence);
  if (reason !== undefined) return { kind: 'breach', reason };
  const bakeMs = bake.bakeSeconds * 1000;
  if (elapsedMs < bakeMs) return { kind: 'baking' };
  const isDoubtful = bake.probesFailed > 0 && bake.probesSent < ENOUGH_PROBES;
  const slower = slowdown(bake);
  if (bake.probesSent > 0 && !isDoubtful && slower === undefined) {
    return { kind: 'done', judgedBy: requests >= minRequests ? 'probes and traffic' : 'probes' };
  }
  if (elapsedMs < bakeMs + (isDoubtful ? DOUBT_MS : GRACE_MS)) return { kind: 'baking' };
  return {
    kind: 'breach',
    reason: isDoubtful
      ? failures(bake)
      : (slower ??
        'no probe has been answered since the shift, so nothing shows that the version works'),
  };
}

function breach({ bake, ringing, paces, ...clients }: BakeEvidence): string | undefined {
  const { requests, serverErrors, minRequests } = clients;
  if (ringing.length > 0) return `in state ALARM: ${ringing.join(', ')}`;
  const isCertain = bake.probesFailed > 1 || bake.probesSent >= ENOUGH_PROBES;
  if (isCertain && bake.probesFailed > bake.probesSent * MAX_FAILURES) return failures(bake);
  if (serverErrors > Math.max(requests, minRequests) * MAX_FAILURES) {
    return `${serverErrors} of ${requests} requests since the shift were answered by a server error; the limit is 5 %`;
  }
  const jump = refusals(clients);
  if (jump) return jump;
  const slower = isCertainlySlower(bake) ? slowdown(bake) : undefined;
  return slower ?? (paces ? fall(paces) : undefined);
}

function failures({ probesFailed, probesSent, lastFailure }: BakeRecord): string {
  return `${probesFailed} of ${probesSent} probes failed since the shift; the last: ${lastFailure}`;
}

/** Clients have sent the same for an hour: what the revision before took of it, this one has to take. */
function refusals({
  requests,
  refused,
  minRequests,
  before,
}: Pick<BakeEvidence, 'requests' | 'refused' | 'minRequests' | 'before'>): string | undefined {
  if (!before || before.requests < minRequests) return undefined;
  const excess = refused - requests * (before.refused / before.requests);
  const share = (refused + before.refused) / (requests + before.requests);
  const deviation = Math.sqrt(share * (1 - share) * requests * (1 + requests / before.requests));
  const isCertain = excess >= CERTAIN_DEVIATIONS * deviation;
  if (!isCertain || excess <= Math.max(requests, minRequests) * MAX_FAILURES) return undefined;
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

/**
 * Whether chance alone does not put the candidate's latencies so far behind the previous revision's.
 * Either its quickest answer exceeds the limit relative to the other's slowest, or the Mann-Whitney test shows it, which uses the order alone: load makes some answers a hundred times slower, and as many on both sides.
 */
function isCertainlySlower({ latenciesMs, previousLatenciesMs }: BakeRecord): boolean {
  if (isOver(Math.min(...latenciesMs), Math.max(...previousLatenciesMs))) return true;
  const [count, previousCount] = [latenciesMs.length, previousLatenciesMs.length];
  const pairs = count * previousCount;
  const wins = latenciesMs.flatMap((now) =>
    previousLatenciesMs.map((before) => (now === before ? 0.5 : Number(now > before))),
  );
  const share = wins.reduce((sum, win) => sum + win, 0) / pairs;
  const deviation = Math.sqrt((count + previousCount + 1) / (12 * pairs));
  return share - 0.5 >= CERTAIN_DEVIATIONS * deviation;
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
