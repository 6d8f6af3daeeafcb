import type { FaultRun } from '../faults/run.ts';

/** A run, and the same scenario when nothing befell it; whether it has to end the same, or only safely. */
export type Evidence = {
  readonly run: FaultRun;
  readonly reference: FaultRun;
  readonly isSame: boolean;
};

/** What is wrong by one rule; empty when nothing is. */
export type Invariant = (seen: Evidence) => readonly string[];
