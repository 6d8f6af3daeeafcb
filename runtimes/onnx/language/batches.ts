/// <reference lib="esnext.float16" />
import type { Session } from '../session/session.ts';
import { countOf, type Tensor, type TensorSpec } from '../values/tensors.ts';
import type { Tokens } from './tokens.ts';

/** What the network answers of one text, by the name of the output: `shape` is without the batch, and begins with the text's own tokens where there is a value for each of them. */
export type Answer = ReadonlyMap<string, Values>;
export type Values = { readonly shape: readonly number[]; readonly data: Float32Array };

/** Which outputs to read, whether they have values for each token, and how many tokens to run at once, padding included. */
export type Reading = {
  readonly outputs: readonly string[];
  readonly isByToken: boolean;
  readonly runTokens: number;
};

/** Runs the network on all texts, and answers in their order. */
export type Network = (
  texts: readonly Tokens[],
  isGone?: () => boolean,
) => Promise<readonly Answer[]>;

// More at once is no faster on a CPU, and takes more memory: MiniLM 720 MB at 2048, 460 at 256 (src/domain/placement/encoder-memory.ts).
export const RUN_TOKENS = 512;

type Placed = { readonly tokens: Tokens; readonly at: number };

/** Texts of about the same length go into one run, padded to the longest. */
export function networkOf({ signature, run }: Session, padId: number, reading: Reading): Network {
  const { outputs, isByToken, runTokens } = reading;
  return async (texts, isGone) => {
    const answers: Answer[] = [];
    for (const batch of batchesOf(texts, runTokens)) {
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

function batchesOf(texts: readonly Tokens[], runTokens: number): readonly (readonly Placed[])[] {
  const placed = texts.map((tokens, at) => ({ tokens, at }));
  placed.sort((one, other) => other.tokens.ids.length - one.tokens.ids.length);
  const batches: Placed[][] = [];
  for (const each of placed) {
    const batch = batches.at(-1);
    const longest = batch?.[0]?.tokens.ids.length ?? 0;
    if (batch && (batch.length + 1) * longest <= runTokens) batch.push(each);
    else batches.push([each]);
  }
  return batches;
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
  return batch[0]?.tokens.ids.length ?? 0;
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
