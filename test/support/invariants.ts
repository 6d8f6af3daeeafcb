import type { Evidence, Invariant } from './invariant.ts';
import { ENDED } from './invariants-ended.ts';
import { EVENTS } from './invariants-events.ts';
import { RESOURCES } from './invariants-resources.ts';
import { TRAFFIC } from './invariants-traffic.ts';

/** What a model's deployments keep, whatever befalls them; numbered as in docs/faults.md. */
export const INVARIANTS: Readonly<Record<string, Invariant>> = {
  ...TRAFFIC,
  ...ENDED,
  ...RESOURCES,
  ...EVENTS,
};

/** Every violation of a run, each with the rule's number. */
export function violations(seen: Evidence): readonly string[] {
  return Object.entries(INVARIANTS).flatMap(([id, check]) =>
    check(seen).map((problem) => `${id}: ${problem}`),
  );
}
