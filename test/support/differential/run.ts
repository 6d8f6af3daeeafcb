import { failureName } from '#domain/failure.ts';
import { chanceOf } from './chance.ts';
import type { Accepted, End, PythonReaders } from './python-readers.ts';
import type { Subject } from './subject.ts';

/** An input that was read differently, or had a side effect: `seed` and `index` make it again. */
export type Finding = {
  readonly index: number;
  readonly bytes: Buffer;
  readonly kind: Exclude<End['end'], 'agrees' | 'refused'> | 'error';
  readonly says: string;
};

export type Totals = {
  readonly inputs: number;
  readonly refused: number;
  readonly pythonRefused: number;
  readonly agreed: number;
  readonly findings: readonly Finding[];
};

const BATCH = 256;
const BATCH_BYTES = 4 * 2 ** 20;

type Waiting = Accepted & { readonly index: number };

/** Tries inputs `from` to `to` of a seed: the inputs that inspection accepts go to Python's reader, a batch while the next is made. */
export async function tryInputs(
  subject: Subject,
  python: PythonReaders,
  { seed, from, to }: { readonly seed: number; readonly from: number; readonly to: number },
): Promise<Totals> {
  const made = function* () {
    for (let index = from; index < to; index++) {
      yield { index, bytes: subject.make(chanceOf(seed, index)) };
    }
  };
  return tryEach(subject, python, made());
}

/** Tries given inputs, such as those that once failed. */
export async function tryEach(
  subject: Subject,
  python: PythonReaders,
  inputs: Iterable<{ readonly index: number; readonly bytes: Buffer }>,
): Promise<Totals> {
  const totals = { inputs: 0, refused: 0, pythonRefused: 0, agreed: 0, findings: [] as Finding[] };
  let waiting: Waiting[] = [];
  let reading: Promise<void> = Promise.resolve();

  const read = async (batch: readonly Waiting[]) => {
    const ends = await python.read(subject.reader, batch);
    for (const [at, { end, says }] of ends.entries()) {
      const { index, bytes } = batch[at]!;
      if (end === 'agrees') totals.agreed += 1;
      else if (end === 'refused') totals.pythonRefused += 1;
      else totals.findings.push({ index, bytes, kind: end, says });
    }
  };
  const send = async () => {
    await reading;
    if (waiting.length > 0) reading = read(waiting);
    waiting = [];
  };

  for (const { index, bytes } of inputs) {
    totals.inputs += 1;
    try {
      waiting.push({ index, bytes, found: await subject.inspect(bytes) });
    } catch (error) {
      if (failureName(error) === 'ArtifactRejected') totals.refused += 1;
      else totals.findings.push({ index, bytes, kind: 'error', says: String(error) });
    }
    const heldBytes = waiting.reduce((sum, each) => sum + each.bytes.length, 0);
    if (waiting.length >= BATCH || heldBytes >= BATCH_BYTES) await send();
  }
  await send();
  await reading;
  return totals;
}
