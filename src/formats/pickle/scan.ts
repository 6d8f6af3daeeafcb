import { Failure } from '#domain/failure.ts';
import { type ByteReader, readerOfStream } from '#formats/bytes/byte-reader.ts';
import { rejected } from '#formats/rejected.ts';
import type { PickleGlobals } from './globals.ts';
import { pickleInput } from './input.ts';
import { joblibArray } from './joblib-array.ts';
import {
  damaged,
  PICKLE_LIMITS,
  type PickleMachine,
  type PickleTally,
  pop,
  tooMuch,
} from './machine.ts';
import { ARGUMENT_BYTES, OPCODES } from './opcodes.ts';
import { OPERATIONS } from './ops.ts';
import type { Value } from './values.ts';

/** The content of a pickle: the object that it would create, and the tally. */
export type Pickled = { readonly root: Value; readonly tally: PickleTally };

type Options = {
  readonly globals: PickleGlobals;
  readonly refer?: PickleMachine['refer'];
  readonly trace?: PickleTally['trace'];
  /** A tally from the caller, which keeps its counts where the scan ends early. */
  readonly tally?: PickleTally;
};

/**
 * Follows a pickle, or a decompressed joblib dump, from its first opcode to its last, without creating anything.
 * Fails with `ArtifactRejected` when it is not a pickle, is truncated, has trailing bytes, costs too much, or loads something that no model loads.
 */
export async function scanPickle(
  reader: ByteReader,
  file: string,
  { globals, refer, trace, tally = newTally(trace) }: Options,
): Promise<Pickled> {
  const input = pickleInput(reader, file);
  try {
    const machine = machineOf({
      input,
      globals,
      tally,
      depth: 0,
      readArray: joblibArray(scanInner),
      refer,
    });
    const root = await run(machine);
    if (!(await input.isAtEnd())) throw trailing(file, input.position);
    globals.refuseUnknown();
    return { root, tally };
  } catch (error) {
    // Unknown names say more than the damage, which may be deliberate. But an owner must not first be asked to allow names in a file that is refused for good.
    if (error instanceof Failure) globals.refuseUnknown(tally.hostile.has(error));
    throw error;
  }
}

/** A pickle in the same bytes, as joblib writes an array of Python objects; Python's own unpickler reads it. */
function scanInner(outer: PickleMachine): Promise<Value> {
  return run(
    machineOf({ ...outer, depth: outer.depth + 1, readArray: undefined, refer: undefined }),
  );
}

type Given = Pick<PickleMachine, 'input' | 'globals' | 'tally' | 'depth' | 'readArray' | 'refer'>;

function machineOf({ input, globals, tally, depth, readArray, refer }: Given): PickleMachine {
  const lookInside = async (bytes: Uint8Array) => {
    const inside = pickleInput(readerOfStream(once(bytes)), input.file);
    const machine = machineOf({
      input: inside,
      globals,
      tally,
      depth: depth + 1,
      readArray: undefined,
      refer: undefined,
    });
    await run(machine).catch(ignoreBroken);
  };
  return {
    input,
    globals,
    tally,
    depth,
    readArray,
    refer,
    lookInside,
    stack: [],
    marks: [],
    memo: [],
    memoCount: 0,
    at: input.position,
    frameEnd: 0,
    isStopped: false,
  };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

// Numbers may begin like a pickle without being one.
function ignoreBroken(error: unknown): void {
  if (!(error instanceof Failure)) throw error;
}

async function run(machine: PickleMachine): Promise<Value> {
  const { input, tally } = machine;
  if (machine.depth > PICKLE_LIMITS.nesting) throw tooMuch(machine, 'nesting');
  while (!machine.isStopped) {
    machine.at = input.position;
    tally.opcodes += 1;
    if (tally.opcodes > PICKLE_LIMITS.opcodes) throw tooMuch(machine, 'opcodes');
    const coming = input.need(1);
    if (coming) await coming;
    const code = input.u1();
    const opcode = OPCODES[code];
    const operation = opcode && OPERATIONS[opcode.name];
    if (!operation) throw damaged(machine, `has the unknown opcode 0x${code.toString(16)}`);
    if (machine.depth === 0) tally.trace?.(opcode.name, machine.at);
    const argument = input.need(ARGUMENT_BYTES[opcode.argument]);
    if (argument) await argument;
    const pending = operation(machine);
    if (pending) await pending;
  }
  return pop(machine);
}

export function newTally(trace?: PickleTally['trace']): PickleTally {
  return {
    opcodes: 0,
    nodes: 0,
    textBytes: 0,
    fewBytes: 0,
    thresholds: new Map(),
    protocol: 0,
    isJoblib: false,
    elements: 0,
    weightBytes: 0,
    passed: { bytes: 0, parts: 0 },
    dtypes: new Set(),
    modules: new Set(),
    boosters: [],
    unread: undefined,
    hostile: new WeakSet(),
    sklearnVersions: new Set(),
    scipy: new Set(),
    trace,
  };
}

function trailing(file: string, position: number) {
  return rejected(
    `${file} continues at byte ${position}, after the end of its pickle`,
    'Save the model again, as the only object of its file.',
  );
}
