import { build, call, instantiate, make, nameGlobal, nameOnStack } from './calls.ts';
import { append, popOne, pushDict, setItems } from './containers.ts';
import {
  damaged,
  dictOf,
  hostile,
  listOf,
  mark,
  type PickleMachine,
  pop,
  popMark,
  push,
  recall,
  remember,
  top,
  tupleOf,
} from './machine.ts';
import {
  indexLine,
  nameLine,
  pushBytes,
  pushFloat,
  pushInteger,
  pushLine,
  pushLong,
  pushText,
} from './texts.ts';
import type { Value } from './values.ts';

/** Executes an opcode; its argument, or the length before it, is already buffered. Returns a promise when it must wait for more bytes. */
type Operation = (machine: PickleMachine) => Promise<void> | void;

const NEWEST_PROTOCOL = 5;

export const OPERATIONS: Readonly<Record<string, Operation>> = {
  PROTO: (machine) => {
    const protocol = machine.input.u1();
    if (protocol > NEWEST_PROTOCOL) throw damaged(machine, `has the unknown protocol ${protocol}`);
    machine.tally.protocol = Math.max(machine.tally.protocol, protocol);
  },
  FRAME: (machine) => {
    const length = machine.input.u8();
    if (!(machine.frameEnd <= machine.at)) throw damaged(machine, 'begins a frame within another');
    machine.frameEnd = machine.input.position + length;
  },
  STOP: (machine) => {
    if (machine.marks.length > 0) throw damaged(machine, 'stops within a mark');
    // Python reads a frame whole, and allocates as much memory as it declares.
    if (!(machine.frameEnd <= machine.input.position))
      throw damaged(machine, 'stops within a frame');
    machine.isStopped = true;
  },

  NONE: (machine) => push(machine, null),
  NEWTRUE: (machine) => push(machine, true),
  NEWFALSE: (machine) => push(machine, false),
  INT: pushInteger,
  LONG: pushInteger,
  FLOAT: pushFloat,
  BININT: (machine) => push(machine, machine.input.i4()),
  BININT1: (machine) => push(machine, machine.input.u1()),
  BININT2: (machine) => push(machine, machine.input.u2()),
  BINFLOAT: (machine) => push(machine, machine.input.f8()),
  LONG1: (machine) => pushLong(machine, machine.input.u1()),
  LONG4: (machine) => pushLong(machine, machine.input.i4()),

  STRING: (machine) => pushLine(machine, true),
  UNICODE: (machine) => pushLine(machine, false),
  BINSTRING: (machine) => pushText(machine, machine.input.i4()),
  SHORT_BINSTRING: (machine) => pushText(machine, machine.input.u1()),
  SHORT_BINUNICODE: (machine) => pushText(machine, machine.input.u1()),
  BINUNICODE: (machine) => pushText(machine, machine.input.u4()),
  BINUNICODE8: (machine) => pushText(machine, machine.input.u8()),
  SHORT_BINBYTES: (machine) => pushBytes(machine, machine.input.u1()),
  BINBYTES: (machine) => pushBytes(machine, machine.input.u4()),
  BINBYTES8: (machine) => pushBytes(machine, machine.input.u8()),
  BYTEARRAY8: (machine) => pushBytes(machine, machine.input.u8()),
  NEXT_BUFFER: (machine) => refuse(machine, 'takes a buffer from outside the file'),
  READONLY_BUFFER: (machine) => refuse(machine, 'takes a buffer from outside the file'),

  MARK: mark,
  POP: popOne,
  POP_MARK: (machine) => void popMark(machine),
  DUP: (machine) => push(machine, top(machine)),
  EMPTY_LIST: (machine) => push(machine, listOf(machine, [])),
  LIST: (machine) => push(machine, listOf(machine, popMark(machine))),
  APPEND: (machine) => append(machine, taken(machine, 1)),
  APPENDS: (machine) => append(machine, popMark(machine)),
  EMPTY_TUPLE: (machine) => push(machine, EMPTY),
  TUPLE: (machine) => push(machine, tupleOf(machine, popMark(machine))),
  TUPLE1: (machine) => push(machine, tupleOf(machine, taken(machine, 1))),
  TUPLE2: (machine) => push(machine, tupleOf(machine, taken(machine, 2))),
  TUPLE3: (machine) => push(machine, tupleOf(machine, taken(machine, 3))),
  EMPTY_DICT: (machine) => push(machine, dictOf(machine)),
  DICT: (machine) => pushDict(machine, popMark(machine)),
  SETITEM: (machine) => setItems(machine, taken(machine, 2)),
  SETITEMS: (machine) => setItems(machine, popMark(machine)),
  EMPTY_SET: (machine) => push(machine, listOf(machine, [])),
  ADDITEMS: (machine) => append(machine, popMark(machine)),
  FROZENSET: (machine) => push(machine, listOf(machine, popMark(machine))),

  PUT: async (machine) => remember(machine, await indexLine(machine)),
  BINPUT: (machine) => remember(machine, machine.input.u1()),
  LONG_BINPUT: (machine) => remember(machine, machine.input.u4()),
  MEMOIZE: (machine) => remember(machine, machine.memoCount),
  GET: async (machine) => recall(machine, await indexLine(machine)),
  BINGET: (machine) => recall(machine, machine.input.u1()),
  LONG_BINGET: (machine) => recall(machine, machine.input.u4()),

  GLOBAL: async (machine) =>
    push(machine, nameGlobal(machine, await nameLine(machine), await nameLine(machine))),
  STACK_GLOBAL: nameOnStack,
  INST: async (machine) => {
    const named = nameGlobal(machine, await nameLine(machine), await nameLine(machine));
    push(machine, instantiate(machine, named, popMark(machine)));
  },
  OBJ: (machine) => {
    const [named = null, ...args] = popMark(machine);
    push(machine, instantiate(machine, named, args));
  },
  REDUCE: (machine) => {
    const [named = null, args = null] = taken(machine, 2);
    push(machine, call(machine, named, args));
  },
  NEWOBJ: (machine) => {
    const [named = null, args = null] = taken(machine, 2);
    push(machine, make(machine, named, args));
  },
  NEWOBJ_EX: (machine) => {
    const [named = null, args = null] = taken(machine, 3);
    push(machine, make(machine, named, args));
  },
  BUILD: (machine) => {
    const state = pop(machine);
    return build(machine, pop(machine), state);
  },

  EXT1: (machine) => refuse(machine, 'uses the extension registry'),
  EXT2: (machine) => refuse(machine, 'uses the extension registry'),
  EXT4: (machine) => refuse(machine, 'uses the extension registry'),
  PERSID: (machine) => refuse(machine, 'refers to an object outside the file'),
  BINPERSID: (machine) => {
    if (!machine.refer) return refuse(machine, 'refers to an object outside the file');
    push(machine, machine.refer(machine, pop(machine)));
  },
};

const EMPTY: Value = { kind: 'tuple', items: [], weight: 1 };

/** Pops `count` values, in the order in which they were pushed. */
function taken(machine: PickleMachine, count: number): readonly Value[] {
  const values: Value[] = [];
  for (let index = 0; index < count; index += 1) values.unshift(pop(machine));
  return values;
}

function refuse(machine: PickleMachine, what: string): never {
  throw hostile(machine, what);
}
