import type { AnswerEvidence } from './compare-answers.ts';
import type { Difference } from './difference.ts';
import type { Judged } from './judge-comparison.ts';

/** An earlier verdict on the same contents, which still holds: `fresh` requests have come since then. `isExpectedAnew`: its owner expects something else now, or knows the truth of more, and that was judged anew. `isComparedAnew`: it also declares other changes of the answers, so they were compared by these. */
export type EarlierVerdict = {
  readonly deploymentId: string;
  readonly version: number | null;
  readonly fresh: number;
  readonly isExpectedAnew?: boolean;
  readonly isComparedAnew?: boolean;
};

/** A version beside the one that was live, as its record keeps it: the evidence, the verdict, and the gate's decision. */
export type Comparison = Judged & {
  readonly beside: {
    readonly version: number;
    readonly revision: string;
    readonly deploymentId: string;
  };
  readonly decision: 'passed' | 'declared' | 'asked' | 'blocked';
  /** The remedy for a version that is blocked or asked about; empty for the others. */
  readonly fix: string;
  readonly differences: readonly Difference[];
  readonly answers: AnswerEvidence;
  /** Names the contents of both; absent in records from before verdicts were found again. */
  readonly pair?: string;
  /** Present where the answers are those of an earlier deployment. */
  readonly earlier?: EarlierVerdict;
};
