import type { AnswerScore, PairScores } from './answer-scores.ts';
import type { AskedPair } from './asked-pair.ts';
import { meanBounds } from './betting-bounds.ts';
import { mean } from './statistics.ts';

/**
 * The answers of the version before, as both versions find them. `before` and `after` are their perplexities: among how many equally likely tokens the model chooses each time.
 * `low` and `high` bound the mean drop of the logarithm of a token's probability (nats), cut off at 4.
 */
export type ScoreEvidence = {
  readonly asked: number;
  readonly before: number;
  readonly after: number;
  readonly low: number;
  readonly high: number;
};

/** The drops (nats for each token). The same weights in another type, or computed in another order, differ by less than the first; an answer that the version before finds as likely as its own, but for the second, was as good a choice. */
export const LEAST_DROP = 0.15;
const ALIKE = 0.5;
/** The same where both versions find the new one's answer as likely as each other: then their weights hardly differ, and the words alone do. */
const ALIKE_TO_BOTH = 1;
/** A drop above it counts as it: what is bounded can be bet on. */
const LARGEST_DROP = 4;
/** Each token is 4.5 times less likely. A model that was trained further should stay below this; no such model was measured. */
const DAMAGED = 1.5;
/** Larger ones say no more: no vocabulary has as many tokens. */
const LARGEST_PERPLEXITY = 1e6;
/** So few answers suffice where each of them drops by the largest drop: its tokens are 55 times less likely. */
const FEW = 5;
/** So many times the difference between two scores of one version is no drop. */
const TIMES_NOISE = 4;

/** How much less likely a token of the answer is than before, on average; both by the tokens of the version before, so that another tokenizer makes no difference. */
export function dropOf({ before, after }: Pick<PairScores, 'before' | 'after'>): number {
  return (before.logprob - after.logprob) / before.tokens;
}

/** The drop that is none, from what the version before says twice of the same answers. */
export function tolerableDrop(pairs: readonly AskedPair[]): number {
  const noise = pairs.flatMap(({ scores }) =>
    scores?.again ? [Math.abs(dropOf({ before: scores.before, after: scores.again }))] : [],
  );
  return Math.max(LEAST_DROP, TIMES_NOISE * Math.max(0, ...noise));
}

/**
 * Why the answer of before is another one to the new version, as a clause; undefined where it is as likely as before. A likelier answer differs too: its own would be another.
 * Undefined too where both versions split the answer into other tokens: llama.cpp takes the likeliest token that begins the rest of a text, and after one that does not belong there all others are unlikely, also to the same weights.
 */
export function scoreDifference(scores: PairScores, tolerable: number): string | undefined {
  if (scores.before.tokens !== scores.after.tokens) return undefined;
  if (Math.abs(dropOf(scores)) <= tolerable) return undefined;
  const [before, after] = [scores.before, scores.after].map((score) =>
    perplexity(score.logprob / scores.before.tokens),
  );
  return `the answer of the version before has the perplexity ${shown(after)}, before ${shown(before)}`;
}

/** Whether the version before could as well have given the new version's answer: two tokens that are about as likely change places by chance. */
export function isAlike({ before, own, ownAfter }: PairScores, tolerable: number): boolean {
  if (!own) return false;
  const isToBoth =
    ownAfter?.tokens === own.tokens && Math.abs(perToken(ownAfter) - perToken(own)) <= tolerable;
  return perToken(own) >= perToken(before) - (isToBoth ? ALIKE_TO_BOTH : ALIKE);
}

/** Both versions' scores of the kept answers; undefined where there are none. Answers to generated requests do not count. */
export function scoreEvidence(
  pairs: readonly AskedPair[],
  error: number,
): ScoreEvidence | undefined {
  const scores = keptScores(pairs);
  if (scores.length === 0) return undefined;
  const drops = scores.map(dropOf);
  const losses = drops.map((drop) => Math.min(1, Math.max(0, drop / LARGEST_DROP)));
  const [low, high] = meanBounds(losses, error);
  const own = (score: keyof Pick<PairScores, 'before' | 'after'>) =>
    perplexity(mean(scores.map((each) => each[score].logprob / each.before.tokens)));
  return {
    asked: scores.length,
    before: own('before'),
    after: own('after'),
    low: low * LARGEST_DROP,
    high: high * LARGEST_DROP,
  };
}

function keptScores(pairs: readonly AskedPair[]): readonly PairScores[] {
  return pairs.flatMap(({ scores, isDrawn }) => (scores && !isDrawn ? [scores] : []));
}

/** The sign that a language model is damaged: what the version before answered is far less likely to it, token by token. A model that was trained further should find other words, and these words still likely. */
export function damaged(
  evidence: ScoreEvidence | undefined,
  pairs: readonly AskedPair[],
): readonly string[] {
  if (!evidence || !(evidence.low > DAMAGED || isHopeless(pairs))) return [];
  const { asked, before, after } = evidence;
  return [
    `the answers of the version before have the perplexity ${shown(after)} to it, and ${shown(before)} to that version (${asked} answers)${longerPrompts(pairs)}`,
  ];
}

function isHopeless(pairs: readonly AskedPair[]): boolean {
  const scores = keptScores(pairs);
  return scores.length >= FEW && scores.every((each) => dropOf(each) >= LARGEST_DROP);
}

/** The difference of all prompts, where they all differ by the same number of tokens. */
export function longerPrompts(pairs: readonly AskedPair[]): string {
  const differences = new Set(
    pairs.flatMap(({ scores }) =>
      scores ? [scores.after.promptTokens - scores.before.promptTokens] : [],
    ),
  );
  const [tokens = 0] = differences;
  if (differences.size !== 1 || tokens === 0) return '';
  const how = tokens > 0 ? 'more' : 'fewer';
  return `; its template writes ${Math.abs(tokens)} tokens ${how} for each request`;
}

function perToken({ logprob, tokens }: AnswerScore): number {
  return logprob / tokens;
}

function perplexity(logprob: number): number {
  return Math.min(LARGEST_PERPLEXITY, Math.exp(-logprob));
}

function shown(value = 0): string {
  if (value >= LARGEST_PERPLEXITY) return `over ${LARGEST_PERPLEXITY.toLocaleString('en-US')}`;
  return Number(value.toPrecision(3)).toLocaleString('en-US');
}
