import { Failure } from './failure.ts';
import { nearestName } from './nearest-name.ts';

/** What is said where there is no model of a name: the one that was probably meant, or where to see which there are. */
export function unknownModel(name: string, known: readonly string[]): Failure {
  const meant = nearestName(name, known);
  const fix = meant ? `Did you mean ${meant}?` : 'See which there are: `slipway status`.';
  return new Failure('InputInvalid', `no model ${name}`, { fix, isAbsent: true });
}
