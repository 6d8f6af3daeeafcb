import type { TruthGate } from '#domain/manifest/gate.ts';
import { ANSWERS_ERROR } from '#domain/rollout/error-budget.ts';
import type { GoldenAnswer } from '#domain/rollout/golden-verdict.ts';
import { difference } from '#domain/rollout/json-difference.ts';
import { contentOf, type LeafPair, leafPairs } from './answer-content.ts';
import { type AnswerDistribution, answerDistributions } from './answer-distributions.ts';
import type { PairScores } from './answer-scores.ts';
import { shapeOf } from './answer-shape.ts';
import type { AskedPair } from './asked-pair.ts';
import { breakageIn } from './breakage.ts';
import { type ChangedShare, changedShare, moreToDecide } from './changed-share.ts';
import { asDeclared, type DeclaredChanges, toleranceOf } from './declared-changes.ts';
import { declaredWords } from './declared-scale.ts';
import { signLeaves } from './declared-signs.ts';
import {
  type FoundEvidence,
  foundEvidence,
  foundLoss,
  inOrderOf,
  unrelatedFound,
} from './found-parts.ts';
import {
  damaged,
  isAlike,
  type ScoreEvidence,
  scoreDifference,
  scoreEvidence,
  tolerableDrop,
} from './less-likely.ts';
import { otherTemplate } from './other-template.ts';
import { explains, type Precision } from './precision.ts';
import { publicWords } from './public-words.ts';
import type { PromptEvidence } from './rendered-prompts.ts';
import { isAsGood, type TruthEvidence, truthEvidence } from './truth.ts';
import { unrelatedSigns } from './unrelated.ts';
import { movedSpace } from './vector-space.ts';
import { visibleText } from './visible-text.ts';
import { type ChangedPair, type WorstAnswer, worstAnswers } from './worst-answers.ts';

/** The evidence in the answers of both versions. `kept` counts requests that people gave or sent, `drawn` the others; `noisy` ones, which the version before answers now so and now so, are in neither. */
export type AnswerEvidence = {
  readonly kept: { readonly asked: number; readonly changed: number };
  readonly drawn: { readonly asked: number; readonly changed: number };
  readonly noisy: number;
  /** How many answers differ by no more than the `bits` of the weights explain; they count as before. */
  readonly rounded?: { readonly answers: number; readonly bits: number };
  /** The signs that the version is broken, as sentences; the last one counts the rest. */
  readonly signs: readonly string[];
  /** The sign among them that rests on what its owner expects of it. */
  readonly unmet?: string;
  /** The signs among them that another declaration in `gate.expect` may end, such as that of another unit, or that its owner has declared one that it does not have. */
  readonly declarable?: readonly string[];
  /** The changes that its owner declared, and by which the answers were compared, each as a clause. */
  readonly declared?: readonly string[];
  /** The sign among them that its server fails; absent where it refuses a request, since a model does that. */
  readonly failed?: string;
  /** Some requests whose answers differ, the kept ones first, each as a sentence. */
  readonly examples: readonly string[];
  /** How many of all kept requests are answered otherwise; absent in records from before it was counted. */
  readonly share?: ChangedShare;
  /** So many more requests would show whether more than the tolerated share is answered otherwise, if they are answered as those before; 0 where it is known. */
  readonly more?: number;
  /** Both versions beside the truth, where enough of it is known. */
  readonly truth?: TruthEvidence;
  /** How likely both versions find the answers of the version before, where they are language models. */
  readonly scores?: ScoreEvidence;
  /** How much of what the version before found in pictures or texts the new one finds too, where both mark boxes or spans. */
  readonly found?: FoundEvidence;
  /** The tokens that both versions read of the same prompts, where they are language models whose servers say so. */
  readonly prompts?: PromptEvidence;
  /** For the report; absent in records from before there was one, like the two below: where the requests came from, in words, and how many of each were answered otherwise. */
  readonly sources?: readonly AskedSource[];
  /** The requests whose answers differ most. */
  readonly worst?: readonly WorstAnswer[];
  /** How often both versions gave which answer: to kept requests, or where there are none to drawn ones. */
  readonly distributions?: readonly AnswerDistribution[];
};

export type AskedSource = {
  readonly from: string;
  readonly asked: number;
  readonly changed: number;
};

export const NO_ANSWERS: AnswerEvidence = {
  kept: { asked: 0, changed: 0 },
  drawn: { asked: 0, changed: 0 },
  noisy: 0,
  signs: [],
  examples: [],
};

const MOST_SIGNS = 10;
const LONGEST_EXAMPLE = 300;
// A server that is busy or slow, and a gateway in front of it, say nothing of the model.
const NO_VERDICT: ReadonlySet<number> = new Set([408, 425, 429, 502, 503, 504]);

/** The finding of one pair: `none` where the version before does not answer with 200, or a gateway or a crowd turned the candidate's request away. */
type Seen =
  | { readonly kind: 'none' | 'noisy' | 'refused' }
  | {
      readonly kind: 'answered';
      readonly differs: string | undefined;
      /** The answer of the version before, with the declared changes; and that of the new one. */
      readonly before: unknown;
      readonly after: unknown;
    };

type SeenPair = (
  | Exclude<Seen, { kind: 'answered' }>
  | (Extract<Seen, { kind: 'answered' }> & { readonly leaves: readonly LeafPair[] })
) & { readonly pair: AskedPair };

/** How to count: `of` kept requests there are in all, of which the first in a random order were asked; more than the share `tolerated` changed is a change. */
export type Counting = {
  readonly of: number;
  readonly tolerated: number;
  readonly truth: TruthGate;
  /** The names of the models' inputs, outputs and labels, which a report may hold. */
  readonly names?: readonly string[];
  /** Whether the answers are vectors that clients store. */
  readonly isEmbedder?: boolean;
  /** The precision that explains small differences. */
  readonly precision?: Precision | undefined;
  /** The changes of its answers that the owner of the new version declares. */
  readonly declared?: DeclaredChanges | undefined;
  /** The part of the error budget for all questions together. */
  readonly error?: number;
};

/** Compares the answers by the golden request's ruler. */
export function compareAnswers(pairs: readonly AskedPair[], counting: Counting): AnswerEvidence {
  const isScored = pairs.some(({ scores }) => scores !== undefined);
  const { error: whole = ANSWERS_ERROR } = counting;
  const part = whole / (isScored ? 3 : 2);
  const { declared } = counting;
  const truth = truthEvidence(pairs, counting.truth, part, declared);
  const scores = scoreEvidence(pairs, part);
  const error = truth || isScored ? part : whole;
  const tolerable = tolerableDrop(pairs);
  const words = publicWords(pairs, [...(counting.names ?? []), ...declaredNames(declared)]);
  const first = pairs.map((pair) => ({ pair, seen: look(pair, tolerable, declared) }));
  const shape = shapeOf(
    first.flatMap(({ pair, seen }) => {
      const content = contentOf(pair.before);
      if (!content) return [];
      return [seen.kind === 'answered' ? seen.before : content.said];
    }),
    words,
  );
  const looked = first.map(({ pair, seen }): SeenPair => {
    if (seen.kind !== 'answered') return { pair, ...seen };
    return {
      pair,
      ...seen,
      leaves: leafPairs(seen.before, inOrderOf(seen.before, seen.after), shape),
    };
  });
  const seen = withoutRounding(looked, counting);
  const answered = seen.flatMap((each) => (each.kind === 'answered' ? [each] : []));
  const answeredKept = answered.filter(({ pair }) => !pair.isDrawn);
  const refused = seen.filter(({ kind }) => kind === 'refused').map(({ pair }) => pair);
  const worst = worstAnswers(seen.flatMap(changedPair));
  const isKept = answeredKept.length > 0;
  const shown = answered.filter(({ pair }) => !(isKept && pair.isDrawn));
  const drawn = outcomes(seen, true);
  const kept = outcomes(seen, false);
  // The others of all kept requests may be without a verdict too: so many more only widens the bounds.
  const left = seen.filter(({ pair }) => !pair.isDrawn).length - kept.length;
  const of = Math.max(kept.length, counting.of - left);
  const refusal = refusals(refused, answered.length + refused.length);
  const unmet = unexpected(seen, counting);
  const losses = answeredKept.flatMap((each) => foundLoss(each) ?? []);
  const found = foundEvidence(losses);
  const share = changedShare(kept, of, error);
  const isGood = truth !== undefined && isAsGood(truth);
  const moved = counting.isEmbedder ? movedSpace(answered) : undefined;
  const { leaves, unfound } = signLeaves(answered, shape, declared);
  const breakage = breakageIn(leaves, words);
  const meant = breakage.filter(({ isDeclarable }) => isDeclarable);
  // Negated numbers do not correlate either, and their scale says it better.
  const others = leaves.filter(
    (leaf) => !leaf.isDrawn && meant.every((sign) => sign.place !== leaf.place),
  );
  const signs = [
    ...refusal,
    ...unmet,
    ...(moved ? [moved] : []),
    ...damaged(scores, pairs),
    ...(share.low > counting.tolerated && !isGood ? otherTemplate(pairs) : []),
    ...unfound,
    ...breakage.map(({ what }) => what),
    // A detector answers in no order, so the numbers in one place are not about the same thing.
    ...(moved || isGood ? [] : found ? unrelatedFound(losses) : unrelatedSigns(others)),
  ];
  const declarable = declarableSigns(signs, [...unfound, ...meant.map(({ what }) => what)]);
  return {
    kept: { asked: kept.length, changed: kept.filter(Boolean).length },
    drawn: { asked: drawn.length, changed: drawn.filter(Boolean).length },
    noisy: seen.filter(({ kind }) => kind === 'noisy').length,
    ...(counting.precision && {
      rounded: {
        answers: looked.filter((each, at) => each !== seen[at]).length,
        bits: counting.precision.bits,
      },
    }),
    signs: boundedSigns(signs),
    ...(unmet[0] !== undefined && { unmet: cut(unmet[0]) }),
    ...(declarable.length > 0 && { declarable }),
    ...(declared && { declared: boundedSigns(declaredWords(declared)) }),
    ...(refusal[0] !== undefined && refused.every(isFailure) && { failed: cut(refusal[0]) }),
    examples: worst.map(({ what, differs }) => cut(`${what}: ${differs}`)),
    share,
    more: moreToDecide(kept, of, { tolerated: counting.tolerated, error }),
    ...(truth && { truth }),
    ...(scores && { scores }),
    ...(found && { found }),
    sources: sourcesOf(seen),
    worst,
    distributions: answerDistributions(
      shown.map(({ leaves, pair }) => ({ leaves, isSent: pair.isSent === true })),
      words,
    ),
  };
}

/** The pairs, in which answers that the precision of the weights explains differ no more. */
function withoutRounding(
  looked: readonly SeenPair[],
  { precision, isEmbedder = false }: Counting,
): readonly SeenPair[] {
  if (!precision) return looked;
  const compared = looked.map((each) => (each.kind === 'answered' ? each : undefined));
  const isExplained = explains(
    precision,
    compared.flatMap((each) => each ?? []),
    isEmbedder,
  );
  return looked.map((each, at) => {
    const own = compared[at];
    if (!own || each.kind !== 'answered' || each.differs === undefined) return each;
    return isExplained(own) ? { ...each, differs: undefined } : each;
  });
}

/** The names that the manifest itself has. */
function declaredNames(declared: DeclaredChanges | undefined): readonly string[] {
  const { added = [], removed = [], renamed = {} } = declared?.labels ?? {};
  return [
    ...Object.keys(declared?.outputs ?? {}),
    ...[...added, ...removed, ...Object.entries(renamed).flat()].map(String),
  ];
}

/** Empty where the answers agree, or say nothing. */
function changedPair(each: SeenPair): readonly ChangedPair[] {
  const { pair } = each;
  if (each.kind === 'refused') return [{ pair, leaves: [], differs: 'it is refused' }];
  if (each.kind !== 'answered' || each.differs === undefined) return [];
  const loss = foundLoss(each);
  return [
    { pair, leaves: each.leaves, differs: each.differs, ...(loss !== undefined && { loss }) },
  ];
}

/** The counts of each source of requests, in the order in which they were asked first. */
function sourcesOf(seen: readonly SeenPair[]): readonly AskedSource[] {
  return [...Map.groupBy(seen, ({ pair }) => sourceOf(pair))].flatMap(([from, pairs]) => {
    const told = [false, true].flatMap((isDrawn) => outcomes(pairs, isDrawn));
    if (told.length === 0) return [];
    return [{ from, asked: told.length, changed: told.filter(Boolean).length }];
  });
}

function sourceOf({ isDrawn, isSent, isOwn }: AskedPair): string {
  if (isDrawn) return 'generated by Slipway';
  if (isSent) return 'kept requests of clients';
  return isOwn ? 'examples of the new version' : 'examples of the version before';
}

/** Whether the new version answers this one otherwise, or not at all. */
export function isOtherwise(pair: AskedPair, declared: DeclaredChanges | undefined): boolean {
  const seen = look(pair, tolerableDrop([pair]), declared);
  return seen.kind === 'refused' || (seen.kind === 'answered' && seen.differs !== undefined);
}

/** For each request with a verdict, in their order, whether it is answered otherwise. */
function outcomes(seen: readonly SeenPair[], isDrawn: boolean): readonly boolean[] {
  return seen
    .filter(({ pair }) => pair.isDrawn === isDrawn)
    .flatMap((each) => {
      if (each.kind === 'answered') return [each.differs !== undefined];
      return each.kind === 'refused' ? [true] : [];
    });
}

function look(
  { before, again, after, scores }: AskedPair,
  tolerable: number,
  declared: DeclaredChanges | undefined,
): Seen {
  const theirs = contentOf(before);
  if (!theirs || isNoVerdict(after)) return { kind: 'none' };
  const rtol = toleranceOf(declared);
  const repeated = again ? contentOf(again) : theirs;
  const isRepeated =
    repeated === theirs || (repeated && !difference(repeated.said, theirs.said, rtol));
  if (!isRepeated) return { kind: 'noisy' };
  const own = contentOf(after);
  if (!own) return { kind: 'refused' };
  const expected = asDeclared(theirs.said, own.said, declared);
  const differs = difference(own.said, expected, rtol);
  return {
    kind: 'answered',
    before: expected,
    after: own.said,
    differs: scores ? likelihoodDifference(scores, tolerable, differs) : differs,
  };
}

/** A language model may write other words that are as good: what counts is how likely both versions find each other's. */
function likelihoodDifference(
  scores: PairScores,
  tolerable: number,
  differs: string | undefined,
): string | undefined {
  const likelihood = scoreDifference(scores, tolerable);
  if (likelihood !== undefined || differs === undefined) return likelihood;
  return isAlike(scores, tolerable) ? undefined : differs;
}

function refusals(refused: readonly AskedPair[], asked: number): readonly string[] {
  const [first] = refused;
  if (!first || first.after.kind === 'none') return [];
  const { status, body } = first.after;
  const said = first.isSent ? '' : `: ${body}`;
  return [
    `${refused.length} of ${asked} requests that the version before answers are refused; the first, ${first.what}, with ${status}${said}`,
  ];
}

/** An error of the server, which another machine or more memory may end. */
function isFailure({ after }: AskedPair): boolean {
  return after.kind === 'answer' && after.status >= 500;
}

/** It is not served as its owner saw it answer. */
function unexpected(
  seen: readonly SeenPair[],
  { tolerated, declared }: Counting,
): readonly string[] {
  const told = seen.flatMap(({ pair: { what, expect, after } }) => {
    const own = contentOf(after);
    return own && expect !== undefined
      ? [{ what, differs: difference(own.said, expect, toleranceOf(declared)) }]
      : [];
  });
  const missed = told.filter(({ differs }) => differs !== undefined);
  const [first] = missed;
  if (!first || missed.length <= told.length * tolerated) return [];
  return [
    `${missed.length} of ${told.length} of its own examples are not answered as they expect; the first, ${first.what}: ${first.differs}`,
  ];
}

/** No answer, or one that no model gave. */
function isNoVerdict(answer: GoldenAnswer): boolean {
  return answer.kind === 'none' || NO_VERDICT.has(answer.status);
}

/** The signs that rest on nobody's expectations and on no failure of a server: another file alone can end them. */
export function lastingSigns({ signs, unmet, failed }: AnswerEvidence): readonly string[] {
  return signs.filter((sign) => sign !== unmet && sign !== failed);
}

/** The signs that no other declaration in `gate.expect` can end. */
export function undeclarableSigns({
  declarable = [],
  ...answers
}: AnswerEvidence): readonly string[] {
  return lastingSigns(answers).filter((sign) => !declarable.includes(sign));
}

/** The shown signs that a declaration may end; also the count of the rest, if it may end all. */
function declarableSigns(signs: readonly string[], found: readonly string[]): readonly string[] {
  return found.length === signs.length ? boundedSigns(signs) : found.slice(0, MOST_SIGNS).map(cut);
}

/** So few and so short that a record holds them: a model may have a thousand outputs, and names of any length. */
export function boundedSigns(signs: readonly string[]): readonly string[] {
  const left = signs.length - MOST_SIGNS;
  const shown = signs.slice(0, MOST_SIGNS).map(cut);
  return left > 0 ? [...shown, `and ${left} more`] : shown;
}

function cut(text: string): string {
  return visibleText(text, LONGEST_EXAMPLE);
}
