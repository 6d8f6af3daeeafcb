import { ENDED } from './ended.ts';
import { EVENTS } from './events.ts';
import type { Evidence, Invariant } from './invariant.ts';
import { RESOURCES } from './resources.ts';
import { TRAFFIC } from './traffic.ts';

/** The rules that a model's deployments keep under every fault; numbered as in docs/faults.md. */
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
