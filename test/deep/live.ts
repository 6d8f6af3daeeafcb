import type { SlipwayEvent } from '#domain/event.ts';

/** That a deployment ended Live; else the failure says why it did not. */
export function expectLive({ state, reason, fix }: SlipwayEvent['detail']): void {
  expect(state === 'Live' || `${state}: ${reason} ${fix}`).toBe(true);
}
