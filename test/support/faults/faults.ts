import { Failure } from '#domain/failure.ts';
import type { Tap } from './tapped.ts';

/** A fault of one call of a port; a death ends the execution, whose call then never returns. */
export type Fault = 'throttled' | 'reply lost' | 'denied' | 'dead before' | 'dead after';

/** The `nth` call of a port's method, from 1, and the state whose step makes it. */
export type Call = { readonly state: string; readonly method: string; readonly nth: number };

export const NEVER = new Promise<never>(() => {});

/** Writes down each call. */
export function recording(calls: Call[], states: readonly string[]): Tap {
  return (method, call) => {
    const nth = calls.filter((known) => known.method === method).length + 1;
    calls.push({ state: states.at(-1) ?? '', method, nth });
    return call();
  };
}

/** Makes a fault hit one call. */
export function faulty(at: Pick<Call, 'method' | 'nth'>, fault: Fault, die: () => void): Tap {
  let calls = 0;

  return async (method, call) => {
    if (method === at.method) calls += 1;
    return method === at.method && calls === at.nth ? befall(fault, call, die) : call();
  };
}

/** Makes a call to which the fault happens. */
export async function befall(
  fault: Fault,
  call: () => Promise<unknown>,
  die: () => void,
): Promise<never> {
  if (fault === 'throttled') throw new Failure('PlatformThrottled', 'too many calls');
  if (fault === 'denied') throw new Failure('PlatformDenied', 'not allowed');
  if (fault !== 'dead before') await call();
  if (fault === 'reply lost') throw new Failure('PlatformUnavailable', 'the connection closed');
  die();
  return NEVER;
}
