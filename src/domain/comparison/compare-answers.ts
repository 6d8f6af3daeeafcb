import type { GoldenAnswer } from '#domain/rollout/golden-verdict.ts';
import { difference } from '#domain/rollout/json-difference.ts';
import { contentOf, type LeafPair, leafPairs } from './answer-content.ts';
import { breakageIn } from './breakage.ts';

/**
 * The answers of both versions to one request. `again` is a second answer of the version before, where it was asked twice: a difference between its own answers is noise.
 * `isDrawn`: nobody sends this request; Slipway drew it.
 */
export type AskedPair = {
  readonly what: string;
  readonly isDrawn: boolean;
  readonly before: GoldenAnswer;
  readonly again: GoldenAnswer | null;
  readonly after: GoldenAnswer;
};

/** The evidence in the answers of both versions. `kept` counts requests that people gave, `drawn` the others; `noisy` ones, which the version before answers now so and now so, are in neither. */
export type AnswerEvidence = {
  readonly kept: { readonly asked: number; readonly changed: number };
  readonly drawn: { readonly asked: number; readonly changed: number };
  readonly noisy: number;
  /** The signs that the version is broken, as sentences. */
  readonly signs: readonly string[];
  /** Some requests whose answers differ, the kept ones first, each as a sentence. */
  readonly examples: readonly string[];
};

export const NO_ANSWERS: AnswerEvidence = {
  kept: { asked: 0, changed: 0 },
  drawn: { asked: 0, changed: 0 },
  noisy: 0,
  signs: [],
  examples: [],
};

const MOST_EXAMPLES = 10;
const LONGEST_EXAMPLE = 300;
// The precision of the golden comparison.
const RTOL = 1e-4;
// A server that is busy or slow, and a gateway in front of it, say nothing of the model.
const NO_VERDICT: ReadonlySet<number> = new Set([408, 425, 429, 502, 503, 504]);

/** The finding of one pair: `none` where the version before does not answer with 200, or a gateway or a crowd turned the candidate's request away. */
type Seen =
  | { readonly kind: 'none' | 'noisy' | 'refused' }
  | {
      readonly kind: 'answered';
      readonly leaves: readonly LeafPair[];
      readonly differs: string | undefined;
    };

/** Compares the answers by the golden request's ruler. */
export function compareAnswers(pairs: readonly AskedPair[]): AnswerEvidence {
  const seen = pairs.map((pair) => ({ pair, ...look(pair) }));
  const answered = seen.flatMap((each) => (each.kind === 'answered' ? [each] : []));
  const refused = seen.filter(({ kind }) => kind === 'refused').map(({ pair }) => pair);
  const changed = answered.filter(({ differs }) => differs !== undefined);
  const count = (isDrawn: boolean) => {
    const isMeant = ({ pair }: { readonly pair: AskedPair }) => pair.isDrawn === isDrawn;
    const failed = refused.filter((pair) => isMeant({ pair })).length;
    return {
      asked: answered.filter(isMeant).length + failed,
      changed: changed.filter(isMeant).length + failed,
    };
  };
  return {
    kept: count(false),
    drawn: count(true),
    noisy: seen.filter(({ kind }) => kind === 'noisy').length,
    signs: [
      ...refusals(refused, answered.length + refused.length),
      ...breakageIn(answered.flatMap(({ leaves }) => leaves)),
    ],
    examples: changed
      .toSorted((a, b) => Number(a.pair.isDrawn) - Number(b.pair.isDrawn))
      .slice(0, MOST_EXAMPLES)
      .map(({ pair, differs }) => cut(`${pair.what}: ${differs}`)),
  };
}

function look({ before, again, after }: AskedPair): Seen {
  const theirs = contentOf(before);
  if (!theirs || isNoVerdict(after)) return { kind: 'none' };
  const repeated = again ? contentOf(again) : theirs;
  if (!repeated || difference(repeated.said, theirs.said, RTOL)) return { kind: 'noisy' };
  const own = contentOf(after);
  if (!own) return { kind: 'refused' };
  return {
    kind: 'answered',
    leaves: leafPairs(theirs.said, own.said),
    differs: difference(own.said, theirs.said, RTOL),
  };
}

function refusals(refused: readonly AskedPair[], asked: number): readonly string[] {
  const [first] = refused;
  if (!first || first.after.kind === 'none') return [];
  const { status, body } = first.after;
  return [
    cut(
      `${refused.length} of ${asked} requests that the version before answers are refused; the first, ${first.what}, with ${status}: ${body}`,
    ),
  ];
}

/** No answer, or one that no model gave. */
function isNoVerdict(answer: GoldenAnswer): boolean {
  return answer.kind === 'none' || NO_VERDICT.has(answer.status);
}

function cut(text: string): string {
  const visible = text.replaceAll(/\p{C}+/gu, ' ').trim();
  return visible.length > LONGEST_EXAMPLE ? `${visible.slice(0, LONGEST_EXAMPLE)}…` : visible;
}
