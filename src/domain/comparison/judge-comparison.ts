import { type ChangedShare, changedShare } from './changed-share.ts';
import type { AnswerEvidence } from './compare-answers.ts';
import type { Difference } from './difference.ts';
import { otherPrompts } from './rendered-prompts.ts';
import { isAsGood, isWorse, truthWords } from './truth.ts';

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
  /** The share of changed answers that is no change; 2 % unless the manifest says more. */
  readonly tolerated?: number;
};

/** The verdict, the evidence that decided it, and the reason as a sentence. */
export type Judged = {
  readonly verdict: ComparisonVerdict;
  readonly level: 'artifacts' | 'answers' | 'truth' | 'none';
  readonly reason: string;
};

/** Equal answers to fewer requests show nothing. */
export const ENOUGH_ANSWERS = 20;
/** The share of kept requests that may be answered otherwise by a version that answers as before. */
export const TOLERATED = 0.02;
const MOST_REASONS = 3;

/** Judges by the cheapest evidence that decides. A breaking difference between the artifacts needs no request; equality is never shown by artifacts that differ. */
export function judgeComparison({
  isSameModel,
  differences,
  answers,
  tolerated = TOLERATED,
}: ComparisonEvidence): Judged {
  const broken = differences.filter(({ weight }) => weight === 'breaking');
  if (broken.length > 0) {
    return { verdict: 'broken', level: 'artifacts', reason: some(broken.map(({ what }) => what)) };
  }
  if (isSameModel) {
    return { verdict: 'same', level: 'artifacts', reason: 'it serves the same bytes' };
  }
  const fault = differences.find(({ isFault }) => isFault);
  if (answers.signs.length > 0) {
    // A fault that the files show is the cause of these signs.
    const found = fault ? [fault.what, ...answers.signs] : answers.signs;
    return { verdict: 'broken', level: 'answers', reason: `${some(found)}${declaredOf(answers)}` };
  }
  const judged = judgeShare(answers, tolerated);
  const { truth } = answers;
  if (truth && isWorse(truth)) {
    return { verdict: 'broken', level: 'truth', reason: truthWords(truth) };
  }
  if (fault && !(truth && isAsGood(truth)) && isOtherwise(answers, tolerated)) {
    const { asked, changed } = answers.kept.asked > 0 ? answers.kept : answers.drawn;
    return {
      verdict: 'broken',
      level: 'answers',
      reason: `${fault.what}; ${changed} of ${asked} requests are answered otherwise`,
    };
  }
  // Who answers otherwise, and as well, has answered better what the other had wrong.
  if (truth && isAsGood(truth) && judged.verdict !== 'same') {
    return { verdict: 'changed', level: 'truth', reason: `${judged.reason}; ${truthWords(truth)}` };
  }
  if (truth && judged.verdict !== 'same') {
    return { ...judged, reason: `${judged.reason}; ${truthWords(truth)}, which does not decide` };
  }
  return judged;
}

/** Whether more than the tolerated share is answered otherwise; of drawn requests where there are no others. */
function isOtherwise({ kept, drawn, share }: AnswerEvidence, tolerated: number): boolean {
  if (kept.asked > 0) return (share?.low ?? 0) > tolerated;
  return drawn.changed > drawn.asked * tolerated;
}

function judgeShare(answers: AnswerEvidence, tolerated: number): Judged {
  const { asked, changed } = answers.kept;
  const share = answers.share ?? changedShare([], 0);
  if (share.low > tolerated) {
    const reason = `${changed} of ${asked} kept requests are answered otherwise${shareOf(share)}${labelsOf(answers)}${foundOf(answers)}; ${answers.examples[0]}${otherPrompts(answers.prompts)}${declaredOf(answers)}`;
    return { verdict: 'changed', level: 'answers', reason };
  }
  if (asked >= ENOUGH_ANSWERS && share.high <= tolerated) {
    const reason =
      changed === 0
        ? `all of ${asked} kept requests are answered as before${shareOf(share)}`
        : `${changed} of ${asked} kept requests are answered otherwise${shareOf(share)}; ${percent(tolerated)} are tolerated`;
    return {
      verdict: 'same',
      level: 'answers',
      reason: `${reason}${roundedOf(answers)}${declaredOf(answers)}`,
    };
  }
  return {
    verdict: 'unproven',
    level: asked > 0 ? 'answers' : 'none',
    reason: `${unproven(answers, share)}${declaredOf(answers)}`,
  };
}

function unproven({ kept, drawn, noisy, more = 0 }: AnswerEvidence, share: ChangedShare): string {
  const { asked, changed } = kept;
  const seen =
    asked === 0
      ? 'no request was kept, and no example was given'
      : changed === 0
        ? `${asked} kept ${asked === 1 ? 'request is' : 'requests are'} answered as before`
        : `${changed} of ${asked} kept requests are answered otherwise`;
  const of =
    drawn.asked > 0
      ? `; ${drawn.changed} of ${drawn.asked} drawn requests are answered otherwise`
      : '';
  const noise = noisy > 0 ? `; the version before answered ${noisy} in two ways` : '';
  const need =
    more > 0
      ? `${more} more of the ${share.of} that there are would decide`
      : `${examplesWords(ENOUGH_ANSWERS - asked, asked > 0)} would decide`;
  return `${seen}${shareOf(share)}${of}${noise}; ${need}`;
}

function examplesWords(count: number, isMore: boolean): string {
  return `${count} ${isMore ? 'more ' : ''}${count === 1 ? 'example' : 'examples'} in model.yaml or examples.jsonl`;
}

/** The answers that differ by no more than the weights' precision explains. */
function roundedOf({ rounded }: AnswerEvidence): string {
  if (!rounded || rounded.answers === 0) return '';
  return `; ${rounded.answers} answers differ by as little as weights of ${rounded.bits} bits explain`;
}

/** How many labels differ, where there are some: a retrained model changes nearly all of its probabilities, and few labels. A language model writes other words that are as good. */
function labelsOf({ distributions = [], scores }: AnswerEvidence): string {
  const labels = distributions.find(({ kind, moved }) => kind === 'labels' && moved !== undefined);
  if (!labels || scores) return '';
  const all = labels.bins.reduce((sum, { before }) => sum + before, 0);
  return `; ${labels.moved} of ${all} labels in ${labels.place} differ`;
}

/** How much of what was found before is found again: a retrained detector moves nearly all boxes a little. */
function foundOf({ found }: AnswerEvidence): string {
  return found ? `; the F1 of what both find is ${found.f1} in ${found.answers} answers` : '';
}

/** The changes that the owner declared, by which the answers were compared. */
function declaredOf({ declared = [] }: AnswerEvidence): string {
  return declared.length === 0 ? '' : `; gate.expect declares: ${some(declared)}`;
}

/** The share of all, where not all were asked. */
function shareOf({ asked, of, low, high, confidence }: ChangedShare): string {
  if (asked === of) return '';
  return `, so ${percent(low)} to ${percent(high)} of all ${of} (confidence ${percent(confidence)})`;
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(3))} %`;
}

function some(sentences: readonly string[]): string {
  const more = sentences.length - MOST_REASONS;
  return [...sentences.slice(0, MOST_REASONS), ...(more > 0 ? [`and ${more} more`] : [])].join(
    '; ',
  );
}
