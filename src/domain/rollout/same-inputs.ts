import type { Signature } from '#domain/artifact/signature.ts';

/**
 * Whether a request for `theirs` is a fair test of `own`: both declare the same inputs, in any order, or `own` declares none, so it may accept the same ones.
 */
export function takesAlike(own: Signature | null, theirs: Signature | null): boolean {
  return own === null || (theirs !== null && inputsOf(own) === inputsOf(theirs));
}

function inputsOf({ inputs }: Signature): string {
  const told = inputs.map(({ name, datatype, shape, isUnranked }) =>
    JSON.stringify([name, datatype, shape, isUnranked === true]),
  );
  return told.toSorted().join();
}
