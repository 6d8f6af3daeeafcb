import {
  MOST_PRINTS,
  type NumberBytes,
  type Print,
  printerOf,
} from '#formats/bytes/weight-print.ts';
import type { PickleMachine, PickleTally } from './machine.ts';
import { thresholdsIn } from './thresholds.ts';
import { type DType, isDType } from './values.ts';

/** A print needs the bytes themselves, which take a request for each MiB of a file in a bucket. */
const MOST_PRINTED_BYTES = 32 * 2 ** 20;

/** Skips bytes whose meaning may not be known yet, and makes their print. */
export function passBytesOf(machine: PickleMachine, bytes: number): Promise<Print | undefined> {
  // numpy's state of an array has the type, the order, and then the bytes.
  const dtype = machine.stack.at(-2);
  const nodes = isDType(dtype) ? thresholdsIn(dtype, machine.tally.thresholds) : undefined;
  return pass(machine, bytes, { numberBytes: null, ...(nodes && { nodes }) });
}

/** Skips the elements of an array; only fractions and records get a print, since a training finds them. */
export async function passElements(
  machine: PickleMachine,
  dtype: DType,
  bytes: number,
): Promise<Print | undefined> {
  const nodes = thresholdsIn(dtype, machine.tally.thresholds);
  if (isFitted(dtype)) {
    return pass(machine, bytes, {
      numberBytes: numberBytesOf(dtype),
      dtype,
      ...(nodes && { nodes }),
    });
  }
  await machine.input.skip(bytes);
  return undefined;
}

/** Whether a training finds such numbers; whole ones count or name something. */
export function isFitted({ code }: DType): boolean {
  return /^[fV]/.test(code);
}

/** Whether all numbers have a print: what is known of some of them alone may mislead. */
export function isPrinted({ passed }: PickleTally): boolean {
  return passed.bytes <= MOST_PRINTED_BYTES && passed.parts <= MOST_PRINTS;
}

function numberBytesOf({ code, isBigEndian }: DType): NumberBytes | null {
  if (isBigEndian) return null;
  return code === 'f4' ? 4 : code === 'f8' ? 8 : null;
}

type Passed = {
  readonly numberBytes: NumberBytes | null;
  readonly dtype?: DType;
  /** Sees the bytes too, where they are the nodes of a tree. */
  readonly nodes?: (bytes: Uint8Array) => void;
};

async function pass(
  { input, tally }: PickleMachine,
  bytes: number,
  { numberBytes, dtype, nodes }: Passed,
): Promise<Print | undefined> {
  tally.passed.bytes += bytes;
  tally.passed.parts += 1;
  if (!isPrinted(tally)) return void (await input.skip(bytes));
  const { see, print } = printerOf(bytes, numberBytes);
  const clear = dtype?.gaps?.length ? withoutGaps(dtype, see) : see;
  await input.pass(bytes, (some) => {
    nodes?.(some);
    clear(some);
  });
  return print();
}

/** The bytes of records without what lies between their fields: nothing sets it, so it differs between two copies of one model. */
function withoutGaps({ gaps = [], itemBytes }: DType, see: (bytes: Uint8Array) => void) {
  let at = 0;
  return (bytes: Uint8Array) => {
    const cleared = Uint8Array.from(bytes);
    for (const { start, end } of gaps) {
      const first = start - (at % itemBytes) - itemBytes;
      for (let from = first; from < bytes.length; from += itemBytes) {
        cleared.fill(0, Math.max(0, from), Math.max(0, from + end - start));
      }
    }
    at += bytes.length;
    see(cleared);
  };
}
