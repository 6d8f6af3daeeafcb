import type { FaultRun } from '../faults/run.ts';

/** A run, and the same scenario without a fault; whether the run has to end the same, or only safely. */
export type Evidence = {
  readonly run: FaultRun;
  readonly reference: FaultRun;
  readonly isSame: boolean;
};

/** The violations of one rule; empty when there are none. */
export type Invariant = (seen: Evidence) => readonly string[];
