import type { ArtifactFacts } from '#domain/artifact/facts.ts';
import type { Manifest } from '#domain/manifest/manifest.ts';
import { byPlace, type LeafPair, leafPairs } from './answer-content.ts';
import { areMeasured, deviation } from './statistics.ts';
import { cosinesOf } from './vector-space.ts';

/** The numbers of one version have fewer significant bits than those of the other, so its answers differ a little: a number by at most `within` of the spread of its output. */
export type Precision = { readonly bits: number; readonly within: number };

type Weights = {
  readonly facts: Pick<ArtifactFacts, 'dtypes'>;
  readonly manifest: { readonly runtime: Pick<Manifest['runtime'], 'optimize'> };
};

/** The significant bits of weights, by the protocol's names of their types. */
const BITS: Readonly<Record<string, number>> = {
  FP64: 53,
  FP32: 24,
  FP16: 11,
  BF16: 8,
  INT8: 8,
  UINT8: 8,
};
/** Fewer bits than these change what a model says, so whoever uses them has to look at the answers. */
const FEWEST_BITS = 8;
/** A weight of eight bits is off by up to 1/256 of the largest one. Over the sums and the layers of a network that adds up: in `bench/gate.ts` the answers are off by 1 % of their spread in the mean, and by 5 % at most. This is 6 % at eight bits, and 0.8 % at eleven. */
const ERROR = 16;
/** Vectors of eight bits keep a cosine of 0.99 with their own, as the build demands it of `runtime.optimize: int8`. */
const LEAST_COSINE = 0.99;

/** The precision that explains small differences between two versions; undefined where both have as many bits, or one has too few. */
export function precisionOf(before: Weights, after: Weights): Precision | undefined {
  const [old, now] = [bitsOf(before), bitsOf(after)];
  const bits = Math.min(old, now);
  if (old === now || bits < FEWEST_BITS || !Number.isFinite(Math.max(old, now))) return undefined;
  return { bits, within: ERROR * 2 ** -bits };
}

/** The fewest bits among its types, since few tensors of a quantized model stay as they were; infinitely many where they are not known. */
function bitsOf({ facts: { dtypes }, manifest: { runtime } }: Weights): number {
  const asked = runtime.optimize === 'int8' ? [BITS['INT8'] ?? 0] : [];
  return Math.min(...asked, ...dtypes.flatMap((name) => BITS[name] ?? []));
}

/** The answers of both versions to one request. */
type Answered = {
  readonly leaves: readonly LeafPair[];
  readonly before: unknown;
  readonly after: unknown;
};

/** A test whether a precision explains how the answers to one request differ: the same labels, and numbers or vectors as near as it keeps them. `all` are the answers to all requests, which say how far the numbers of each output spread. */
export function explains(
  { within }: Precision,
  all: readonly Answered[],
  isEmbedder: boolean,
): (answered: Answered) => boolean {
  const spreads = spreadsOf(all.flatMap(({ leaves }) => leaves));
  const isNear = ({ place, before, after }: LeafPair) => {
    const spread = spreads.get(place);
    if (spread === undefined || typeof before !== 'number' || typeof after !== 'number') {
      return before === after;
    }
    return Math.abs(after - before) <= within * spread;
  };
  return ({ leaves, before, after }) => {
    // The new answer may hold more than the one of before.
    if (leafPairs(after, before).length !== leaves.length) return false;
    const cosines = isEmbedder ? cosinesOf({ before, after }) : [];
    return cosines.length > 0
      ? cosines.every((each) => each >= LEAST_COSINE)
      : leaves.every(isNear);
  };
}

/** The spread of each output that measures something: whole numbers may be classes. */
function spreadsOf(leaves: readonly LeafPair[]): ReadonlyMap<string, number> {
  return new Map(
    [...byPlace(leaves)].flatMap(([place, found]) => {
      const values = found.flatMap(({ before }) => (typeof before === 'number' ? before : []));
      return areMeasured(values) ? [[place, deviation(values)] as const] : [];
    }),
  );
}
