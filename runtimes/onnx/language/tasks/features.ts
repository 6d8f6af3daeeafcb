import { refusal } from '../../refusal.ts';
import { worded } from '../../worded.ts';
import type { Values } from '../batches.ts';
import type { Folder, Pooling } from '../folder.ts';
import {
  type Asked,
  type Engine,
  isText,
  row,
  SENTENCE,
  type Single,
  type Task,
  TEXT,
  textsOf,
  valuesOf,
} from './task.ts';

/** A task that makes one vector of each text, and counts the tokens. */
export type Embedder = Task & {
  embed(texts: readonly string[], asked: Asked): Promise<readonly Embedding[]>;
};
export type Embedding = { readonly vector: Float32Array; readonly tokens: number };

/** The output where the graph makes the vectors of texts itself, by all modules of sentence-transformers. */
export const POOLED = 'sentence_embedding';

/** One vector of a text, like sentence-transformers; without its modules the mean, which is that library's default, and by `/invocations` each token's own vector, like transformers. */
export function features({ folder, outputs, run }: Engine): Embedder {
  const [output] = outputs;
  const isPooled = output?.name === POOLED;
  const name = output?.name ?? '';
  const ownWidth = output?.shape.at(-1) ?? -1;
  const kept = folder.dimensions ?? undefined;
  const width = Math.min(ownWidth, kept ?? ownWidth);

  const embed = async (texts: readonly string[], asked: Asked): Promise<readonly Embedding[]> => {
    const found = await run(texts.map(promptedBy(folder)), asked);
    return found.map(({ tokens, answer }) => {
      const values = valuesOf(answer, name);
      const pooled = isPooled ? values.data : POOLS[folder.pooling ?? 'mean'](values);
      // sentence-transformers also cuts the vector at the end.
      const vector = (folder.normalizes ? normalized(pooled) : pooled).slice(0, kept);
      return { vector, tokens: tokens.ids.length };
    });
  };
  const areByToken = folder.pooling === null && !isPooled;
  const pooled = embedderOf(embed, width);
  if (!areByToken) return pooled;
  const answerOf = ({ answer }: Single) => {
    const values = valuesOf(answer, name);
    return [Array.from({ length: values.shape[0] ?? 0 }, (_, at) => [...row(values, at)])];
  };
  return {
    ...pooled,
    answers: async (items, _, asked) => (await run(items.filter(isText), asked)).map(answerOf),
  };
}

/** The task that answers with these vectors, of so many numbers. */
export function embedderOf(embed: Embedder['embed'], width: number): Embedder {
  return {
    inputs: [TEXT],
    outputs: [{ name: 'embedding', datatype: 'FP32', shape: [-1, width] }],
    parameters: [],
    example: SENTENCE,
    isItem: isText,
    async answers(items, _, asked) {
      return (await embed(items.filter(isText), asked)).map(({ vector }) => [...vector]);
    },
    async tensors(inputs, asked) {
      const vectors = await embed(textsOf(inputs), asked);
      const size = vectors[0]?.vector.length ?? Math.max(width, 0);
      const data = new Float32Array(vectors.length * size);
      for (const [at, { vector }] of vectors.entries()) data.set(vector, at * size);
      return [{ name: 'embedding', datatype: 'FP32', shape: [vectors.length, size], data }];
    },
    embed,
  };
}

/** The text that sentence-transformers cuts into tokens: in small letters, made letter by letter like in the tokenizers library. */
function promptedBy({ prompt, lowers }: Pick<Folder, 'prompt' | 'lowers'>) {
  return (text: string): string => {
    const whole = `${prompt}${text}`;
    return lowers ? [...whole].map((letter) => letter.toLowerCase()).join('') : whole;
  };
}

const POOLS: Readonly<Record<Pooling, (values: Values) => Float32Array>> = {
  cls: (values) => row(values, 0),
  lasttoken: (values) => row(values, (values.shape[0] ?? 1) - 1),
  mean: (values) => summed(values, values.shape[0] ?? 1),
  weightedmean: (values) => {
    const count = values.shape[0] ?? 1;
    return summed(values, (count * (count + 1)) / 2, (at) => at + 1);
  },
  mean_sqrt_len: (values) => summed(values, Math.sqrt(values.shape[0] ?? 1)),
  max: (values) => {
    const most = Float32Array.from(row(values, 0));
    for (let at = 1; at < (values.shape[0] ?? 0); at += 1) {
      row(values, at).forEach((each, place) => {
        most[place] = Math.max(most[place] ?? each, each);
      });
    }
    return most;
  },
};

function summed(
  { shape, data }: Values,
  divisor: number,
  weightOf: (at: number) => number = () => 1,
): Float32Array {
  const count = shape[0] ?? 1;
  const width = data.length / count;
  const sums = new Float64Array(width);
  for (let at = 0; at < count; at += 1) {
    const weight = weightOf(at);
    for (let place = 0; place < width; place += 1) {
      sums[place] = (sums[place] ?? 0) + weight * (data[at * width + place] ?? 0);
    }
  }
  return new Float32Array(sums.map((each) => each / divisor));
}

export function normalized(vector: Float32Array): Float32Array {
  const length = Math.hypot(...vector);
  return length === 0 ? vector : vector.map((each) => each / length);
}

/** The first numbers of a vector, as OpenAI's `dimensions` asks for them. */
export function shortened(vector: Float32Array, dimensions: number): Float32Array {
  if (dimensions === vector.length) return vector;
  if (dimensions < vector.length) return normalized(vector.slice(0, dimensions));
  throw refusal(400, worded('fewerDimensions', dimensions, vector.length));
}
