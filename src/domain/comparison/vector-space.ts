import { isObject } from '#domain/rollout/json-difference.ts';

/** Fewer vectors could differ by chance. */
const ENOUGH_VECTORS = 10;
/** Shorter lists of numbers are no embeddings. */
const FEWEST_DIMENSIONS = 8;
/** The cosine of two vectors of one text in one space; weights in int8 keep about 0.98. */
const NEAR = 0.9;

type Answers = { readonly before: unknown; readonly after: unknown };

/** The sign that an embedder's vectors lie in another space, as a sentence: most of them point elsewhere. Clients hold stored vectors, which no longer compare with new ones, however good these are. */
export function movedSpace(pairs: readonly Answers[]): string | undefined {
  const cosines = pairs.flatMap(cosinesOf);
  const away = cosines.filter((each) => each < NEAR).length;
  if (cosines.length < ENOUGH_VECTORS || away * 2 <= cosines.length) return undefined;
  return `${away} of ${cosines.length} vectors point elsewhere (a cosine below ${NEAR} with those of before): vectors that clients have stored no longer compare with them`;
}

/** The cosine of each vector of an answer with the one in its place in the other answer. */
export function cosinesOf({ before, after }: Answers): readonly number[] {
  const now = vectorsIn(after);
  return vectorsIn(before).map((vector, index) => cosine(vector, now[index] ?? []));
}

/** The lists of numbers in an answer, in their order. */
function vectorsIn(value: unknown): readonly (readonly number[])[] {
  if (Array.isArray(value)) {
    const isVector =
      value.length >= FEWEST_DIMENSIONS && value.every((each) => typeof each === 'number');
    return isVector ? [value] : value.flatMap(vectorsIn);
  }
  return isObject(value) ? Object.values(value).flatMap(vectorsIn) : [];
}

/** 0 for vectors of other lengths, and for the zero vector. */
function cosine(a: readonly number[], b: readonly number[]): number {
  if (a.length !== b.length) return 0;
  const dot = (x: readonly number[], y: readonly number[]) =>
    x.reduce((sum, value, at) => sum + value * (y[at] ?? 0), 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b)) || 0;
}
