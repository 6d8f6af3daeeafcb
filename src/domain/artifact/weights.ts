/** A summary of the numbers in one part of a model, by which versions are compared without their files. */
export type WeightPrint = {
  /** The path to the part within the model; all items of a long list are one part, whose name has a `*`. */
  readonly name: string;
  /** Whether it belongs to what answers, and not to a step that prepares the rows for it. */
  readonly isFinal: boolean;
  /** A training may change only some of its rows: the tokens of an embedding, or the experts that its data reached. */
  readonly isSparse?: boolean;
  /** Its pieces are samples, since the model is large. */
  readonly isSampled?: boolean;
  readonly bytes: number;
  /** A digest of each of its pieces, in their order; empty for a piece whose bytes are all equal. */
  readonly pieces: readonly string[];
  /** How many different magnitudes besides zero its first numbers have, at most 256; null where they are not read. */
  readonly magnitudes: number | null;
};
