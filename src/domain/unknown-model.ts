import { Failure } from './failure.ts';
import { nearestName } from './nearest-name.ts';

/** The failure for a name without a model: it suggests the model that was probably meant, or says where to see the list of models. */
export function unknownModel(name: string, known: readonly string[]): Failure {
  const meant = nearestName(name, known);
  const fix = meant ? `Did you mean ${meant}?` : 'See which there are: `slipway status`.';
  return new Failure('InputInvalid', `no model ${name}`, { fix, isAbsent: true });
}
