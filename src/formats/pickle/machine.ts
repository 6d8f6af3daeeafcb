import type { Thresholds } from '#domain/artifact/column-range.ts';
import { BY_CODE } from '#domain/artifact/ways-out.ts';
import type { Failure } from '#domain/failure.ts';
import { rejected } from '#formats/rejected.ts';
import { type PickleGlobals, SAVE_BEST } from './globals.ts';
import type { HeldBooster } from './held-boosters.ts';
import type { PickleInput } from './input.ts';
import { adviceForLibrary, libraryAmong } from './library-packages.ts';
import type { Dict, Instance, List, Ndarray, Tuple, Value } from './values.ts';

/** The limits of one inspection, over a pickle and those nested in it. A node is anything kept: an object, an item, an entry. */
export const PICKLE_LIMITS = {
  opcodes: 10_000_000,
  stack: 250_000,
  memo: 500_000,
  nodes: 300_000,
  textBytes: 16 * 2 ** 20,
  tupleWeight: 100_000,
  nesting: 4,
} as const;

/** Counts and findings over a pickle and those nested in it. */
export type PickleTally = {
  opcodes: number;
  nodes: number;
  textBytes: number;
  /** The bytes of short lists, whose elements are kept. */
  fewBytes: number;
  readonly thresholds: Thresholds;
  protocol: number;
  isJoblib: boolean;
  elements: number;
  weightBytes: number;
  /** The arrays, long texts and models that were passed over. */
  readonly passed: { bytes: number; parts: number };
  readonly dtypes: Set<string>;
  readonly modules: Set<string>;
  /** Models that other libraries keep in strings or bytes. */
  readonly boosters: HeldBooster[];
  /** The fault in the last content that began like such a model. */
  unread: Failure | undefined;
  /** Faults that no manifest can allow. */
  readonly hostile: WeakSet<Failure>;
  readonly sklearnVersions: Set<string>;
  /** The scipy requirements of its splines, since each scipy version saves them in another way. */
  readonly scipy: Set<string>;
  /** Called with each opcode of the outermost pickle; only tests set it. */
  readonly trace: ((name: string, position: number) => void) | undefined;
};

/** The nodes that an object with a map counts as; a list item counts as 1. */
export const EMPTY_MAP_NODES = 3;

/** The stack machine of one pickle; it tracks the objects that would be created and creates none. */
export type PickleMachine = {
  readonly input: PickleInput;
  readonly globals: PickleGlobals;
  readonly tally: PickleTally;
  readonly depth: number;
  readonly stack: Value[];
  readonly marks: number[];
  readonly memo: Value[];
  memoCount: number;
  /** The offset of the current opcode. */
  at: number;
  frameEnd: number;
  /** Reads the array that joblib wrote after a wrapper; absent where Python's own unpickler reads. */
  readonly readArray: ((machine: PickleMachine, wrapper: Instance) => Promise<Ndarray>) | undefined;
  /** The object outside the pickle to which an id refers; absent where there is none. */
  readonly refer: ((machine: PickleMachine, id: Value) => Value) | undefined;
  /** Scans bytes that begin like a pickle; it is not a fault if they turn out not to be one. */
  readonly lookInside: (bytes: Uint8Array) => Promise<void>;
  isStopped: boolean;
};

export function push(machine: PickleMachine, value: Value): void {
  if (machine.stack.length >= PICKLE_LIMITS.stack) throw tooMuch(machine, 'stack');
  machine.stack.push(value);
}

/** Never pops below the last mark, as in Python. */
export function pop(machine: PickleMachine): Value {
  const fence = machine.marks.at(-1) ?? 0;
  const value = machine.stack.length > fence ? machine.stack.pop() : undefined;
  if (value === undefined) throw damaged(machine, 'pops from an empty stack');
  return value;
}

export function top(machine: PickleMachine): Value {
  const value = pop(machine);
  machine.stack.push(value);
  return value;
}

export function mark(machine: PickleMachine): void {
  if (machine.marks.length >= PICKLE_LIMITS.stack) throw tooMuch(machine, 'stack');
  machine.marks.push(machine.stack.length);
}

/** Pops everything above the last mark, and the mark. */
export function popMark(machine: PickleMachine): readonly Value[] {
  const from = machine.marks.pop();
  if (from === undefined) throw damaged(machine, 'looks for a mark that does not exist');
  return machine.stack.splice(from);
}

export function remember(machine: PickleMachine, index: number): void {
  if (!(index >= 0 && index < PICKLE_LIMITS.memo)) throw tooMuch(machine, 'memo');
  if (machine.memo[index] === undefined) machine.memoCount += 1;
  machine.memo[index] = top(machine);
}

export function recall(machine: PickleMachine, index: number): void {
  const value = machine.memo[index];
  if (value === undefined)
    throw damaged(machine, `reads memo entry ${index}, which does not exist`);
  push(machine, value);
}

/** Counts nodes that are about to be kept. */
export function keep(machine: PickleMachine, nodes: number): void {
  machine.tally.nodes += nodes;
  if (machine.tally.nodes > PICKLE_LIMITS.nodes) throw tooMuch(machine, 'nodes');
}

export function tupleOf(machine: PickleMachine, items: readonly Value[]): Tuple {
  keep(machine, 1 + items.length);
  const weight = items.reduce((sum: number, item) => sum + weightOf(item), 1);
  if (weight > PICKLE_LIMITS.tupleWeight) throw tooMuch(machine, 'tupleWeight');
  return { kind: 'tuple', items, weight };
}

function weightOf(value: Value): number {
  return typeof value === 'object' && value?.kind === 'tuple' ? value.weight : 1;
}

export function listOf(machine: PickleMachine, items: readonly Value[]): List {
  keep(machine, 1 + items.length);
  return { kind: 'list', items: [...items], length: items.length };
}

export function dictOf(machine: PickleMachine): Dict {
  keep(machine, EMPTY_MAP_NODES);
  return { kind: 'dict', entries: new Map(), length: 0, hasUnread: false, isSealed: false };
}

export function damaged(machine: PickleMachine, what: string): Failure {
  return rejected(
    `${machine.input.file} is damaged: its pickle ${what} at byte ${machine.at}`,
    'Save the model again with joblib.dump or pickle.dump and upload the new file.',
  );
}

/** A fault that no model needs, and no manifest can allow. */
export function hostile(machine: PickleMachine, what: string): Failure {
  const failure = rejected(
    `${machine.input.file}: its pickle ${what} at byte ${machine.at}, which no model of a known framework does`,
    `No model.yaml can allow that${wayOut(machine.globals)}`,
  );
  machine.tally.hostile.add(failure);
  return failure;
}

function wayOut(globals: PickleGlobals): string {
  if (globals.hasSearch()) return `: ${SAVE_BEST}, or ${BY_CODE}.`;
  const roots = globals.foreignRoots();
  const library = libraryAmong(roots);
  if (library !== undefined) return `. ${adviceForLibrary(library)}`;
  const [root] = roots;
  return root === undefined
    ? `: save the fitted model itself with joblib.dump, convert it to ONNX, or ${BY_CODE}.`
    : `: it holds objects of \`${root}\`, so ${BY_CODE}, and name that package in requirements.txt.`;
}

const NAMED: Readonly<Record<keyof typeof PICKLE_LIMITS, string>> = {
  opcodes: 'opcodes',
  stack: 'objects on its stack',
  memo: 'objects in its memo',
  nodes: 'objects to inspect',
  textBytes: 'bytes of text',
  tupleWeight: 'objects in one tuple',
  nesting: 'nested pickles',
};

export function tooMuch(machine: PickleMachine, limit: keyof typeof PICKLE_LIMITS): Failure {
  return rejected(
    `${machine.input.file} has more than ${PICKLE_LIMITS[limit]} ${NAMED[limit]} by byte ${machine.at}, the limit for an inspection`,
    'Convert the model to ONNX with skl2onnx and upload the .onnx file.',
  );
}
