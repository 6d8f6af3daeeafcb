import { NUMBERS } from '../protocols/binary.ts';
import { countOf, type Tensor, type TensorData } from '../values/tensors.ts';
import type { Run } from './model.ts';
import type { Queue } from './queue.ts';

type RunNow = (run: Run) => Promise<readonly Tensor[]>;

/** A run that waits for its turn. `answer` is its part of an earlier run; `isAlone` once a run with others has failed. */
type Waiting = {
  readonly run: Run;
  readonly isGone: (() => boolean) | undefined;
  answer?: readonly Tensor[];
  isAlone?: true;
};

/**
 * Runs in turns of the queue. A run whose turn it is takes along the runs that wait and fit to it, `mostRows` rows in all, as one run of the model. `mostRows` is called only when others wait.
 * It waits for no others. If the model refuses them together, each runs alone, so that a bad row costs its own request only.
 */
export function joinedRuns(
  queue: Pick<Queue, 'run'>,
  runNow: RunNow,
  mostRows: () => number,
): (run: Run, isGone?: () => boolean) => Promise<readonly Tensor[]> {
  // In order of arrival.
  const waiting = new Set<Waiting>();

  const answered = async (own: Waiting) => {
    waiting.delete(own);
    if (own.answer) return own.answer;
    const others = own.isAlone || waiting.size === 0 ? [] : companions(own, waiting, mostRows());
    if (others.length === 0) return runNow(own.run);
    const together = [own, ...others];
    const parts = await runNow(joined(together.map(({ run }) => run))).then(
      (outputs) => divided(outputs, together),
      () => undefined,
    );
    for (const [at, each] of together.entries()) {
      if (parts?.[at]) each.answer = parts[at];
      else each.isAlone = true;
    }
    return own.answer ?? runNow(own.run);
  };
  return (run, isGone) => {
    const own: Waiting = { run, isGone };
    waiting.add(own);
    // Also where the queue refuses it, or its client has left.
    return queue.run(() => answered(own), isGone).finally(() => waiting.delete(own));
  };
}

function companions(own: Waiting, waiting: Iterable<Waiting>, mostRows: number): Waiting[] {
  const found: Waiting[] = [];
  let rows = rowsOf(own.run);
  if (rows === 0) return found;
  for (const each of waiting) {
    const more = rowsOf(each.run);
    if (more === 0 || rows + more > mostRows || each.answer || each.isAlone) continue;
    if (each.isGone?.() || !isAlike(own.run, each.run)) continue;
    found.push(each);
    rows += more;
  }
  return found;
}

/** The number of rows, which all inputs have; 0 for a run that has none. */
function rowsOf({ inputs }: Run): number {
  const rows = inputs[0]?.shape[0] ?? 0;
  return inputs.every(({ shape }) => shape[0] === rows) ? rows : 0;
}

function isAlike(one: Run, other: Run): boolean {
  return (
    isSame(one.outputs, other.outputs) &&
    one.inputs.length === other.inputs.length &&
    one.inputs.every(({ name, datatype, shape }, at) => {
      const input = other.inputs[at];
      const isOfType = input?.name === name && input.datatype === datatype;
      return isOfType && isSame(shape.slice(1), input.shape.slice(1));
    })
  );
}

function isSame<T>(some: readonly T[], others: readonly T[]): boolean {
  return some.length === others.length && some.every((each, at) => each === others[at]);
}

function joined(runs: readonly Run[]): Run {
  const [first = { inputs: [], outputs: [] }] = runs;
  const rows = runs.reduce((sum, run) => sum + rowsOf(run), 0);
  const inputs = first.inputs.map((input, at) => ({
    ...input,
    shape: [rows, ...input.shape.slice(1)],
    data: concatenated(
      input,
      runs.map((run) => run.inputs[at]?.data ?? []),
    ),
  }));
  return { inputs, outputs: first.outputs };
}

/** A copy: a run consumes its inputs, and each may have to run alone afterwards. */
function concatenated({ datatype }: Tensor, parts: readonly TensorData[]): TensorData {
  if (datatype === 'BYTES') return parts.flatMap((part) => Array.from(part, String));
  const views = parts.flatMap((part) =>
    'buffer' in part ? [new Uint8Array(part.buffer, part.byteOffset, part.byteLength)] : [],
  );
  const bytes = new Uint8Array(views.reduce((sum, { length }) => sum + length, 0));
  let end = 0;
  for (const view of views) {
    bytes.set(view, end);
    end += view.length;
  }
  return new NUMBERS[datatype](bytes.buffer);
}

/** The part of each run, in their order; undefined where an output does not have a value for each row. */
function divided(
  outputs: readonly Tensor[],
  together: readonly Waiting[],
): readonly (readonly Tensor[])[] | undefined {
  const counts = together.map(({ run }) => rowsOf(run));
  const rows = counts.reduce((sum, count) => sum + count, 0);
  if (outputs.some(({ shape }) => shape[0] !== rows)) return undefined;
  let end = 0;
  return counts.map((count) => {
    const from = end;
    end += count;
    return outputs.map(({ shape, data, ...tensor }) => {
      const width = countOf(shape.slice(1));
      return {
        ...tensor,
        shape: [count, ...shape.slice(1)],
        data: data.slice(from * width, end * width),
      };
    });
  });
}
