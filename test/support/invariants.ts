import type { FaultRun } from './fault-run.ts';
import { ENDED } from './invariants-ended.ts';
import { EVENTS } from './invariants-events.ts';
import { TRAFFIC } from './invariants-traffic.ts';

/** A run, and the same scenario when nothing befell it. */
export type Evidence = { readonly run: FaultRun; readonly reference: FaultRun };

/** What is wrong by one rule; empty when nothing is. */
export type Invariant = (seen: Evidence) => readonly string[];

/** What a model's deployments keep, whatever befalls them; numbered as in docs/faults.md. */
export const INVARIANTS: Readonly<Record<string, Invariant>> = { ...TRAFFIC, ...ENDED, ...EVENTS };

/** Every violation of a run, each with the rule's number. */
export function violations(seen: Evidence): readonly string[] {
  return Object.entries(INVARIANTS).flatMap(([id, check]) =>
    check(seen).map((problem) => `${id}: ${problem}`),
  );
}
