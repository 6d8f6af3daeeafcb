/// <reference lib="esnext.float16" />
import type { Session } from '../session/session.ts';
import { countOf, type Tensor, type TensorSpec } from '../values/tensors.ts';
import type { Tokens } from './tokens.ts';

/** The network's answer for one text, by the name of the output: `shape` leaves out the batch, and begins with the number of the text's tokens where there is a value for each. */
export type Answer = ReadonlyMap<string, Values>;
export type Values = { readonly shape: readonly number[]; readonly data: Float32Array };

/** The outputs to read, whether they have values for each token, how many tokens to run at once, padding included, and whether texts may be padded. */
export type Reading = {
  readonly outputs: readonly string[];
  readonly isByToken: boolean;
  readonly runTokens: number;
  readonly isPadded: boolean;
};

/** Runs the network on all texts, and answers in their order. */
export type Network = (
  texts: readonly Tokens[],
  isGone?: () => boolean,
) => Promise<readonly Answer[]>;

// More tokens at once are no faster on a CPU, and take more memory: MiniLM 720 MB at 2048, 460 at 256 (src/domain/placement/encoder-memory.ts).
export const RUN_TOKENS = 512;

// The cost of a run besides its tokens: with MiniLM 2 ms, and 0.25 a token.
const RUN_COST_TOKENS = 8;

type Placed = { readonly tokens: Tokens; readonly at: number };

/** Texts of about the same length go into one run, padded to the longest; where texts may not be padded, only texts of exactly the same length do. */
export function networkOf({ signature, run }: Session, padId: number, reading: Reading): Network {
  const { outputs, isByToken } = reading;
  return async (texts, isGone) => {
    const answers: Answer[] = [];
    for (const batch of batchesOf(texts, reading)) {
      const inputs = signature.inputs.map((spec) => inputOf(spec, batch, padId));
      const tensors = await run({ inputs, outputs }, isGone);
      batch.forEach(({ tokens, at }, row) => {
        const count = isByToken ? tokens.ids.length : undefined;
        answers[at] = new Map(tensors.map((tensor) => [tensor.name, rowOf(tensor, row, count)]));
      });
    }
    return answers;
  };
}

/** The texts by length, the longest first, divided into the runs with the least total cost. */
function batchesOf(texts: readonly Tokens[], reading: Reading): readonly (readonly Placed[])[] {
  const placed = texts.map((tokens, at) => ({ tokens, at }));
  placed.sort((one, other) => other.tokens.ids.length - one.tokens.ids.length);
  const cheapest: Cheapest[] = [{ cost: 0, from: 0 }];
  for (let end = 1; end <= placed.length; end += 1) {
    cheapest.push(cheapestOf(placed, cheapest, { ...reading, end }));
  }
  const batches: Placed[][] = [];
  for (let end = placed.length; end > 0; end = cheapest[end]?.from ?? 0) {
    batches.unshift(placed.slice(cheapest[end]?.from, end));
  }
  return batches;
}

/** The least cost of the first texts, in tokens, and the begin of their last run. */
type Cheapest = { readonly cost: number; readonly from: number };
type Until = Pick<Reading, 'runTokens' | 'isPadded'> & { readonly end: number };

/** A run computes, for each of its texts, as many tokens as its longest text has, which is its first. */
function cheapestOf(
  placed: readonly Placed[],
  known: readonly Cheapest[],
  { end, runTokens, isPadded }: Until,
): Cheapest {
  let best = { cost: Number.POSITIVE_INFINITY, from: end - 1 };
  for (let from = end - 1; from >= 0; from -= 1) {
    const padded = (end - from) * lengthOf(placed[from]);
    // A single text may be longer.
    if (padded > runTokens && from < end - 1) break;
    if (!isPadded && lengthOf(placed[from]) > lengthOf(placed[end - 1])) break;
    const cost = (known[from]?.cost ?? 0) + padded + RUN_COST_TOKENS;
    if (cost < best.cost) best = { cost, from };
  }
  return best;
}

function lengthOf(placed: Placed | undefined): number {
  return placed?.tokens.ids.length ?? 0;
}

const FILLS: Readonly<Record<string, (tokens: Tokens, at: number) => number>> = {
  input_ids: ({ ids }, at) => ids[at] ?? 0,
  attention_mask: () => 1,
  token_type_ids: ({ typeIds }, at) => typeIds[at] ?? 0,
  position_ids: (_, at) => at,
};

/** Whether the network takes nothing but tokens. */
export function takesTokens(inputs: readonly TensorSpec[]): boolean {
  return (
    inputs.every(({ name }) => name in FILLS) && inputs.some(({ name }) => name === 'input_ids')
  );
}

function inputOf({ name, datatype }: TensorSpec, batch: readonly Placed[], padId: number): Tensor {
  const width = widthOf(batch);
  const shape = [batch.length, width];
  const fill = FILLS[name];
  const values = batch.flatMap(({ tokens }) =>
    Array.from({ length: width }, (_, at) => {
      if (at < tokens.ids.length) return fill?.(tokens, at) ?? 0;
      return name === 'input_ids' ? padId : 0;
    }),
  );
  const data = datatype === 'INT32' ? Int32Array.from(values) : BigInt64Array.from(values, BigInt);
  return { name, datatype, shape, data };
}

function widthOf(batch: readonly Placed[]): number {
  return lengthOf(batch[0]);
}

/** A row of an output, cut to this many tokens. */
function rowOf({ shape, data }: Tensor, row: number, tokens: number | undefined): Values {
  const [width = 1, ...rest] = shape.slice(1);
  const own = tokens === undefined ? [width, ...rest] : [tokens, ...rest];
  const size = width * countOf(rest);
  const [start, end] = [row * size, row * size + countOf(own)];
  // Copying the states of 27 tokens number by number takes 0.64 ms.
  const isSingle = data instanceof Float32Array;
  const values = isSingle
    ? data.subarray(start, end)
    : Float32Array.from(data.slice(start, end), Number);
  return { shape: own, data: values };
}
