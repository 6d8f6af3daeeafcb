import { isVersion } from '#domain/build/python-environment.ts';
import { quoted } from '#formats/rejected.ts';
import { KEPT_ITEMS } from './containers.ts';
import { takesTuple } from './globals.ts';
import { HANDLES, HOLDERS, type Library } from './held-boosters.ts';
import { KNOWN_CALLS, refuseOtherFunction } from './known-calls.ts';
import { damaged, hostile, keep, type PickleMachine, pop, push } from './machine.ts';
import { buildDType } from './numpy-dtype.ts';
import { buildArray, countMasked } from './numpy-values.ts';
import { globalOf, instance, made } from './objects.ts';
import { isSplinePair } from './splines.ts';
import {
  type Dict,
  type Global,
  type Instance,
  isThing,
  isTuple,
  itemsOf,
  type Value,
} from './values.ts';

const MASKED = 'numpy.ma.core._mareconstruct';
const PARTIAL = 'functools.partial';
const WRAPPER = 'joblib.numpy_pickle.NumpyArrayWrapper';

export function nameGlobal(machine: PickleMachine, module: string, name: string): Global {
  machine.tally.modules.add(module);
  keep(machine, 1);
  return machine.globals.find(module, name, machine.at);
}

export function nameOnStack(machine: PickleMachine): void {
  const [name, module] = [pop(machine), pop(machine)];
  if (typeof name !== 'string' || typeof module !== 'string') {
    throw hostile(machine, 'names a class by something that is not a string');
  }
  push(machine, nameGlobal(machine, module, name));
}

/** INST and OBJ: call a class with arguments. */
export function instantiate(machine: PickleMachine, named: Value, args: readonly Value[]): Value {
  const of = globalOf(machine, named, 'calls');
  return of.uses.call || args.length > 0 ? called(machine, of, args) : made(machine, of, args);
}

export function call(machine: PickleMachine, named: Value, args: Value): Value {
  const of = globalOf(machine, named, 'calls');
  if (!isTuple(args)) throw damaged(machine, 'calls with arguments that are not a tuple');
  return called(machine, of, args.items);
}

export function make(machine: PickleMachine, named: Value, args: Value): Value {
  const of = globalOf(machine, named, 'makes an object of');
  if (!isTuple(args)) throw damaged(machine, 'calls with arguments that are not a tuple');
  return made(machine, of, args.items);
}

// A global that is allowed only for another use must not be called; an unknown name is reported at the end.
function called(machine: PickleMachine, of: Global, args: readonly Value[]): Value {
  const known = KNOWN_CALLS[of.name];
  if (known) return known(machine, args, of);
  if (!of.uses.call) machine.globals.misuse(of, 'calls', machine.at);
  return instance(machine, of, args);
}

/** Gives an object its state. After the wrapper that joblib writes for an array, the array itself follows. */
export function build(machine: PickleMachine, target: Value, state: Value): Promise<void> | void {
  push(machine, target);
  if (!isThing(target)) throw hostile(machine, 'sets the state of something that has none');
  if (target.kind === 'dtype') return buildDType(machine, target, state);
  if (target.kind === 'array') return buildArray(machine, target, state);
  // Changing a class's attributes would change the behaviour of all its objects.
  if (target.kind !== 'instance')
    throw hostile(machine, 'sets the state of something that has none');
  if (target.of.name === MASKED) countMasked(machine, state);
  if (target.of.name === PARTIAL) refuseOtherFunction(machine, itemsOf(state)[0]);
  setState(machine, target, state);
  if (target.of.name !== WRAPPER) return;
  // joblib writes only the attributes; a second part of the state could set them again.
  if (isTuple(state)) throw hostile(machine, 'sets the attributes of a joblib array twice');
  return readArray(machine, target);
}

async function readArray(machine: PickleMachine, wrapper: Instance): Promise<void> {
  if (!machine.readArray) throw hostile(machine, 'has a joblib array in a nested pickle');
  // Python has buffered the rest of the frame, and would continue there after an array read from beyond it.
  if (!(machine.frameEnd <= machine.input.position))
    throw hostile(machine, 'has an array within a frame');
  const read = await machine.readArray(machine, wrapper);
  pop(machine);
  push(machine, read);
}

function refuseUnread(machine: PickleMachine, value: Value, library: Library): void {
  const isRead =
    isThing(value) &&
    (value.kind === 'bytes' || value.kind === 'opaque') &&
    value.booster === library;
  if (isRead || value === null) return;
  throw (
    machine.tally.unread ??
    hostile(machine, `holds a booster that is not a valid model of ${library}`)
  );
}

// No attribute has this name.
const STATE = '(state)';

/** Python takes attributes from any object with items, but only a plain dict's items are known. */
function setState(machine: PickleMachine, target: Instance, state: Value): void {
  if (isSplinePair(machine, target, state)) return;
  if (isTuple(state) && takesTuple(target.of)) return;
  if (isTuple(state) && target.of.uses.takesAnyState) {
    keep(machine, 1);
    target.attributes.set(STATE, state);
    return;
  }
  const parts = isTuple(state) && state.items.length === 2 ? state.items : [state];
  for (const part of parts) {
    if (part === null && parts.length === 2) continue;
    if (!isThing(part) || part.kind !== 'dict') {
      throw hostile(
        machine,
        `sets the state of ${quoted(target.of.name)} with something that is not a plain dict`,
      );
    }
    setAttributes(machine, target, part);
  }
}

function setAttributes(machine: PickleMachine, target: Instance, state: Dict): void {
  if (state.hasUnread || state.length > KEPT_ITEMS)
    throw hostile(machine, 'sets attributes whose names are not strings');
  for (const [name, value] of state.entries) {
    if (/^__.*__$/.test(name)) throw hostile(machine, `sets the attribute ${name}`);
    keep(machine, 1);
    target.attributes.set(name, value);
    const library = HOLDERS[target.of.name];
    if (library && HANDLES.includes(name)) refuseUnread(machine, value, library);
    if (name === '_sklearn_version') {
      // It becomes a requirement that is installed, and scikit-learn compares it, which would call an object's own `__eq__`.
      if (typeof value !== 'string' || !isVersion(value))
        throw hostile(machine, 'sets an invalid scikit-learn version');
      machine.tally.sklearnVersions.add(value);
    }
  }
}
