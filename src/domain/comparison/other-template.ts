import type { PairScores } from './answer-scores.ts';
import type { AskedPair } from './asked-pair.ts';
import { dropOf, LEAST_DROP, longerPrompts } from './less-likely.ts';

/** So many answers are scored without a chat template, too. */
export const ENOUGH_BARE = 5;
/** The same weights in the same type differ by less (nats for each token); a training, or another type of the weights, by more. */
const EQUAL = 0.02;

/** Whether an answer is so much more or less likely to the new version that the reason is looked for. */
export function isMuchOtherwise(pair: Pick<PairScores, 'before' | 'after'>): boolean {
  return Math.abs(dropOf(pair)) > LEAST_DROP;
}

/**
 * The sign that only the chat template differs: after the user's words alone, both versions find each answer equally likely, so the weights are the same; with their templates they do not.
 * A training that brings a template of its own changes the weights.
 */
export function otherTemplate(pairs: readonly AskedPair[]): readonly string[] {
  const kept = pairs.filter(({ isDrawn }) => !isDrawn);
  const bare = kept.flatMap(({ scores }) => scores?.bare ?? []);
  if (bare.length < ENOUGH_BARE || !bare.every((each) => Math.abs(dropOf(each)) <= EQUAL)) {
    return [];
  }
  const otherwise = kept.filter(({ scores }) => scores && isMuchOtherwise(scores)).length;
  return [
    `its chat template is not that of its weights: without one, both versions find ${bare.length} of ${bare.length} answers equally likely; with it, ${otherwise} of ${kept.length} are more or less likely than before${longerPrompts(pairs)}`,
  ];
}
