import { hostile, type PickleMachine } from './machine.ts';
import { holdsObjects } from './numpy-dtype.ts';
import { type Instance, isInstance, isThing, isTuple, type Value } from './values.ts';

const SPLINE = 'scipy.interpolate._bsplines.BSpline';
const DELEGATE = 'scipy.interpolate._bsplines._BSpline';

/**
 * Records which scipy can load a `BSpline` with this state, and answers whether the state is the one of scipy 1.18: a pair of the
 * spline that computes and an empty array. `__setstate__` there looks only at the types of that array and of the spline's knots,
 * so both have to be arrays of numbers. Fails with `ArtifactRejected` for any other pair.
 */
export function isSplinePair(machine: PickleMachine, target: Instance, state: Value): boolean {
  if (target.of.name !== SPLINE) return false;
  if (!isTuple(state)) {
    machine.tally.scipy.add(isOfItsNamespace(state) ? 'scipy>=1.17,<1.18' : 'scipy<1.17');
    return false;
  }
  const [spline, namespace, ...more] = state.items;
  const isOwn = isInstance(spline) && spline.of.name === DELEGATE;
  const knots = isOwn ? spline.attributes.get('t') : undefined;
  if (more.length > 0 || !isNumbers(knots) || !isNumbers(namespace)) {
    throw hostile(machine, 'has a spline with a state that scipy does not write');
  }
  machine.tally.scipy.add('scipy>=1.18');
  return true;
}

/** scipy 1.17 keeps the function that makes its arrays. */
function isOfItsNamespace(state: Value): boolean {
  return isThing(state) && state.kind === 'dict' && state.entries.has('_asarray');
}

function isNumbers(value: Value | undefined): boolean {
  return (
    isThing(value) &&
    value.kind === 'array' &&
    value.dtype !== undefined &&
    !holdsObjects(value.dtype)
  );
}
