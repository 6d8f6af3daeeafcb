import { elementsOf } from '#domain/artifact/signature.ts';
import { fewBytes, takeFew } from './few-elements.ts';
import { damaged, hostile, type PickleMachine } from './machine.ts';
import { holdsObjects } from './numpy-dtype.ts';
import { fill, newArray, shapeOf } from './numpy-values.ts';
import { passElements } from './prints.ts';
import { type Instance, isDType, isThing, type Ndarray, type Value } from './values.ts';

/**
 * Passes over an array that joblib wrote after its wrapper: length-prefixed padding, then the elements.
 * An array of Python objects is a pickle in the same bytes, which `scanInner` follows.
 */
export function joblibArray(scanInner: (outer: PickleMachine) => Promise<Value>) {
  return async (machine: PickleMachine, wrapper: Instance): Promise<Ndarray> => {
    const dtype = wrapper.attributes.get('dtype');
    if (!isDType(dtype)) throw damaged(machine, 'has an array without a dtype');
    const shape = shapeOf(machine, wrapper.attributes.get('shape'));
    machine.tally.isJoblib = true;
    const array = newArray(machine);
    fill(machine, array, dtype, shape);
    if (holdsObjects(dtype)) {
      // joblib decides by the array itself, whatever its wrapper says.
      const inner = await scanInner(machine);
      if (!isThing(inner) || inner.kind !== 'array' || !isSame(inner.shape, shape))
        throw hostile(machine, 'has an array of objects that its wrapper does not describe');
      return inner;
    }
    if (isAligned(wrapper)) await skipPadding(machine);
    const bytes = elementsOf(shape) * dtype.itemBytes;
    takeFew(array, dtype, await fewBytes(machine, bytes));
    const print = await passElements(machine, dtype, bytes);
    if (print) array.print = print;
    return array;
  };
}

function isSame(shape: readonly number[], other: readonly number[]): boolean {
  return shape.length === other.length && shape.every((size, at) => size === other[at]);
}

/** joblib aligns arrays since 1.1; older wrappers have no such attribute. */
function isAligned({ attributes }: Instance): boolean {
  return (attributes.get('numpy_array_alignment_bytes') ?? null) !== null;
}

async function skipPadding({ input }: PickleMachine): Promise<void> {
  const coming = input.need(1);
  if (coming) await coming;
  await input.skip(input.u1());
}
