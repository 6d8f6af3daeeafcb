import type { AnswerEvidence } from './compare-answers.ts';
import type { Difference } from './difference.ts';
import type { Judged } from './judge-comparison.ts';

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
};
