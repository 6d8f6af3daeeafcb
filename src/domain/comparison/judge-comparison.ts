import type { AnswerEvidence } from './compare-answers.ts';
import type { Difference } from './difference.ts';

/**
 * The verdict on a version beside the one that it replaces. `same`: it answers as before. `changed`: it answers otherwise, as a retrained model should, and nothing shows that it is broken.
 * `broken`: it refuses what clients send, or its answers mean something else. `unproven`: there is too little evidence.
 */
export type ComparisonVerdict = 'same' | 'changed' | 'broken' | 'unproven';

/** The evidence: `isSameModel` if both serve the same bytes in the same environment. */
export type ComparisonEvidence = {
  readonly isSameModel: boolean;
  readonly differences: readonly Difference[];
  readonly answers: AnswerEvidence;
};

/** The verdict, the evidence that decided it, and the reason as a sentence. */
export type Judged = {
  readonly verdict: ComparisonVerdict;
  readonly level: 'artifacts' | 'answers' | 'none';
  readonly reason: string;
};

/** If so many answers are equal, and no other, at most 14 % of all requests are answered otherwise, with 95 % confidence (1 - 0.05^(1/20)). */
export const ENOUGH_ANSWERS = 20;
const MOST_REASONS = 3;

/** Judges by the cheapest evidence that decides. A breaking difference between the artifacts needs no request; equality is never shown by artifacts that differ. */
export function judgeComparison({ isSameModel, differences, answers }: ComparisonEvidence): Judged {
  const broken = differences.filter(({ weight }) => weight === 'breaking');
  if (broken.length > 0) {
    return { verdict: 'broken', level: 'artifacts', reason: some(broken.map(({ what }) => what)) };
  }
  if (isSameModel) {
    return { verdict: 'same', level: 'artifacts', reason: 'it serves the same bytes' };
  }
  if (answers.signs.length > 0) {
    return { verdict: 'broken', level: 'answers', reason: some(answers.signs) };
  }
  const { asked, changed } = answers.kept;
  if (changed > 0) {
    return {
      verdict: 'changed',
      level: 'answers',
      reason: `${changed} of ${asked} kept requests are answered otherwise; ${answers.examples[0]}`,
    };
  }
  if (asked >= ENOUGH_ANSWERS) {
    return {
      verdict: 'same',
      level: 'answers',
      reason: `all of ${asked} kept requests are answered as before`,
    };
  }
  return { verdict: 'unproven', level: asked > 0 ? 'answers' : 'none', reason: unproven(answers) };
}

function unproven({ kept, drawn, noisy }: AnswerEvidence): string {
  const seen =
    kept.asked > 0
      ? `${kept.asked} kept ${kept.asked === 1 ? 'request is' : 'requests are'} answered as before`
      : 'there was no request to ask both versions';
  const of = drawn.asked > 0 ? `, and ${drawn.changed} of ${drawn.asked} drawn ones otherwise` : '';
  const noise = noisy > 0 ? `; the version before answered ${noisy} in two ways` : '';
  return `${seen}${of}${noise}; ${ENOUGH_ANSWERS - kept.asked} more examples in model.yaml would decide`;
}

function some(sentences: readonly string[]): string {
  const more = sentences.length - MOST_REASONS;
  return [...sentences.slice(0, MOST_REASONS), ...(more > 0 ? [`and ${more} more`] : [])].join(
    '; ',
  );
}
