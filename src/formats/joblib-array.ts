import { holdsObjects } from './numpy-dtype.ts';
import { elementsOf, fill, newArray, shapeOf } from './numpy-values.ts';
import { damaged, type PickleMachine } from './pickle-machine.ts';
import {
  type Instance,
  isDType,
  isThing,
  itemsOf,
  type Ndarray,
  type Value,
} from './pickle-values.ts';

/**
 * Passes over an array that joblib wrote behind its wrapper: the padding, which begins with its length, then the elements.
 * One of Python's objects is a pickle, which `scanInner` follows in the same bytes.
 */
export function joblibArray(scanInner: (outer: PickleMachine) => Promise<Value>) {
  return async (machine: PickleMachine, wrapper: Instance): Promise<Ndarray> => {
    const dtype = wrapper.attributes.get('dtype');
    if (!isDType(dtype)) throw damaged(machine, 'has an array without a type');
    const shape = shapeOf(machine, wrapper.attributes.get('shape'));
    machine.tally.isJoblib = true;
    const array = newArray(machine);
    fill(machine, array, dtype, shape);
    if (holdsObjects(dtype)) {
      array.items = itemsOfArray(await scanInner(machine));
      return array;
    }
    if (isAligned(wrapper)) await skipPadding(machine);
    await machine.input.skip(elementsOf(shape) * dtype.itemBytes);
    return array;
  };
}

function itemsOfArray(value: Value): readonly Value[] {
  return isThing(value) && value.kind === 'array' ? value.items : itemsOf(value);
}

/** joblib aligns arrays since 1.1, and older wrappers say nothing of it. */
function isAligned({ attributes }: Instance): boolean {
  return (attributes.get('numpy_array_alignment_bytes') ?? null) !== null;
}

async function skipPadding({ input }: PickleMachine): Promise<void> {
  const coming = input.need(1);
  if (coming) await coming;
  await input.skip(input.u1());
}
