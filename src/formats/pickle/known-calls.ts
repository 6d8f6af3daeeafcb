import { damaged, hostile, type PickleMachine } from './machine.ts';
import { dtypeOf } from './numpy-dtype.ts';
import { arrayOfBuffer, newArray, numberOf } from './numpy-values.ts';
import { globalOf, instance, made } from './objects.ts';
import {
  type Global,
  isCount,
  isThing,
  isTuple,
  itemsOf,
  NO_TYPE,
  OPAQUE,
  SOME_BYTES,
  type Value,
} from './values.ts';

type Call = (machine: PickleMachine, args: readonly Value[], of: Global) => Value;

const scalar: Call = (machine, [dtype, data]) => numberOf(machine, dtype, data);

const array: Call = (machine, [subtype, shape, dtype]) => {
  refuseMemory(machine, shape);
  if (!isThing(subtype) || subtype.kind !== 'global') {
    throw damaged(machine, 'makes an array without a class');
  }
  refuseType(machine, dtype);
  return newArray(machine);
};

const maskedArray: Call = (machine, args, of) => {
  refuseMemory(machine, args[2]);
  refuseType(machine, args[3]);
  return instance(machine, of, args);
};

/** An array is created empty and gets its elements with its state: any other shape would only waste memory. */
function refuseMemory(machine: PickleMachine, shape: Value | undefined): void {
  if (itemsOf(shape)[0] !== 0) throw hostile(machine, 'makes an array before its dtype is known');
}

/** numpy parses any other string as a type, and evaluates Python to do so. */
function refuseType(machine: PickleMachine, dtype: Value | undefined): void {
  const isPlain =
    dtype === NO_TYPE.head ||
    (isThing(dtype) && dtype.kind === 'bytes' && dtype.head === NO_TYPE.head);
  if (!isPlain) throw hostile(machine, 'makes an array of a dtype that numpy does not write');
}

const bytes: Call = (machine, [data]) => {
  if (typeof data === 'number' || data === OPAQUE) {
    throw hostile(machine, 'allocates memory without content');
  }
  return isThing(data) && data.kind === 'bytes' && data.booster ? data : SOME_BYTES;
};

const set: Call = (machine, [items]) => {
  if (!isThing(items) || items.kind !== 'list')
    throw hostile(machine, 'makes a set of something that is not a list');
  return items;
};

// A dict or deque consumes any iterable, even an endless one; a defaultdict calls its factory.
const collection: Call = (machine, args, of) => {
  for (const arg of args) {
    const isPlain = !isThing(arg) || ['list', 'tuple', 'dict'].includes(arg.kind);
    const isType =
      isThing(arg) && arg.kind === 'global' && /^(builtins|collections)$/.test(arg.module);
    if (!isPlain && !isType)
      throw hostile(machine, 'fills a collection with something that is not a list');
  }
  return instance(machine, of, args);
};

// The tree trusts the number of outputs, and reads that many numbers from the array.
const tree: Call = (machine, args, of) => {
  const [features, classes, outputs] = args;
  const isSound =
    isCount(features) &&
    isCount(outputs) &&
    isThing(classes) &&
    classes.kind === 'array' &&
    classes.dtype?.code === 'i8' &&
    classes.shape.length === 1 &&
    classes.shape[0] === outputs;
  if (!isSound) throw hostile(machine, 'makes a tree with an invalid number of outputs');
  return instance(machine, of, args);
};

const CHECK = 'sklearn.utils.validation.check_array';

/** Nothing here calls a partial; the only function that scikit-learn's histogram trees bind in one is `check_array`, and no other is allowed. */
const partial: Call = (machine, [named], of) => {
  refuseOtherFunction(machine, named);
  return instance(machine, of, []);
};

/** Refuses any function but the one that a partial may bind; the partial's state names it again. */
export function refuseOtherFunction(machine: PickleMachine, named: Value | undefined): void {
  if (isThing(named) && named.kind === 'global' && named.name === CHECK) return;
  throw hostile(machine, 'binds a function that scikit-learn does not');
}

const GENERATOR = 'numpy.random._pickle.__bit_generator_ctor';

/** A generator calls its second argument with its first. */
const generator: Call = (machine, args, of) => {
  const [, calls = null] = args;
  const isOwn =
    calls === null || (isThing(calls) && calls.kind === 'global' && calls.name === GENERATOR);
  if (!isOwn) throw hostile(machine, 'makes a random generator of something that is not one');
  return instance(machine, of, args);
};

const TENSOR_MADE_BY = /^torch\._utils\._rebuild_(tensor_v2|parameter|qtensor)$/;
// torch.export notes these on its sample inputs: which of their dimensions are free.
const EXPORT_NOTE = /^_(specialize_on|dynamo_\w+)$/;

/** A tensor with added attributes: torch calls the function with the arguments, and sets each attribute on the result. */
const annotatedTensor: Call = (machine, [named = null, type, args, state]) => {
  const of = globalOf(machine, named, 'calls');
  const isPlain =
    TENSOR_MADE_BY.test(of.name) &&
    isThing(type) &&
    type.kind === 'global' &&
    type.name === 'torch.Tensor' &&
    isTuple(args) &&
    isThing(state) &&
    state.kind === 'dict' &&
    !state.hasUnread &&
    state.length === state.entries.size &&
    [...state.entries.keys()].every((name) => EXPORT_NOTE.test(name));
  if (!isPlain) throw hostile(machine, 'sets attributes on a tensor that torch.export does not');
  return instance(machine, of, args.items);
};

/** Python's and numpy's own functions, with the arguments that each may take: not every argument is harmless. */
export const KNOWN_CALLS: Readonly<Record<string, Call>> = {
  'functools.partial': partial,
  'numpy.dtype': (machine, args) => dtypeOf(machine, args),
  'numpy.core.multiarray.scalar': scalar,
  'numpy._core.multiarray.scalar': scalar,
  'numpy.core.multiarray._reconstruct': array,
  'numpy._core.multiarray._reconstruct': array,
  'numpy.core.numeric._frombuffer': arrayOfBuffer,
  'numpy._core.numeric._frombuffer': arrayOfBuffer,
  'numpy.ma.core._mareconstruct': maskedArray,
  'numpy.random._pickle.__generator_ctor': generator,
  'numpy.random._pickle.__randomstate_ctor': generator,
  'copyreg._reconstructor': (machine, [named = null, base]) => {
    const isPlain = isThing(base) && base.kind === 'global' && base.module === 'builtins';
    if (!isPlain) throw hostile(machine, 'makes an object of one class as another');
    return made(machine, globalOf(machine, named, 'makes an object of'), []);
  },
  '_codecs.encode': (machine, [text, encoding]) => {
    const isKnown = encoding === 'latin1' || encoding === 'latin-1';
    if (isKnown && text === NO_TYPE.head) return NO_TYPE;
    if (isKnown)
      return typeof text === 'string'
        ? { ...SOME_BYTES, few: Buffer.from(text, 'latin1') }
        : SOME_BYTES;
    throw hostile(machine, 'encodes a string in an unusual encoding');
  },
  'sklearn.tree._tree.Tree': tree,
  'torch._tensor._rebuild_from_type_v2': annotatedTensor,
  'builtins.bytearray': bytes,
  'builtins.bytes': bytes,
  'builtins.set': set,
  'builtins.frozenset': set,
  'builtins.complex': () => OPAQUE,
  'collections.Counter': collection,
  'collections.OrderedDict': collection,
  'collections.defaultdict': collection,
  'collections.deque': collection,
};
