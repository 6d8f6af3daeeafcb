import type { Datatype } from '../support/models/onnx-graph.ts';

export type Env = Readonly<Record<string, string>>;

type Shape = readonly (number | 'n' | 'm')[];

/** A model server that the contract is held against: how it is started, and models of its kind. */
export type Runtime = {
  readonly serverName: string;
  readonly platform: string;
  readonly command: readonly [string, ...string[]];
  readonly env: Env;
  /** The signal that ends a server that does not drain in its time. */
  readonly drainSignal: string;
  /** The status of an answer in which the model itself failed. */
  readonly failure: number;
  readonly models: TestModels;
};

/** Each returns the environment with which a server of that model is started. A letter in a shape is a free dimension. */
export type TestModels = {
  /** Answers each input `<name>` as `<name> out`. */
  identities(datatypes: readonly Datatype[]): Promise<Env>;
  /** Answers `x` as `y`; without `shape` any is right. */
  identity(tensors: { readonly datatype: Datatype; readonly shape?: Shape }): Promise<Env>;
  /** Answers `y` = `x` + `constant`, FP32 [n] unless another shape is given. */
  addConstant(model: { readonly constant: number; readonly shape?: Shape }): Promise<Env>;
  /** Answers `sum` = a + b and `less` = a < b, all [n, 2]. */
  twoInputs(): Promise<Env>;
  /** Answers `total` = weight x pieces, FP32 and INT64 columns [n], and `name` as `label`, a text. */
  columns(): Promise<Env>;
  /** Answers `total` = unit_price x pieces, FP32 columns [n], whose names have no spaces any more. */
  savedNames(): Promise<Env>;
  /** Answers `input`, a text [n], as `label`. */
  unnamedText(): Promise<Env>;
  /** Answers FP32 `y` = x / 0. */
  divideByZero(): Promise<Env>;
  /** Declares any FP32 `x` [h, w] and answers `y`, the sums of rows, but fails unless they are 32 wide. */
  width32Only(): Promise<Env>;
  /** Answers a `y` that grows with `x`, FP32 [n], after about as many seconds as the largest `x`. */
  asLongAsAsked(): Promise<Env>;
  /** Makes the mean of the vectors of a text's words, in LEXICON. */
  embedder(): Promise<Env>;
  /** Scores how well texts go with a query; it knows those of the fixture electra-reranker. */
  ranker(): Promise<Env>;
  /** Labels images. Its labels are in no request to both servers, as Python needs Pillow for them. */
  labeller(): Promise<Env>;
  /** A language model that answers a text with its words from the last to the first, and embeds one as the numbers of its letters and words. The ONNX server has none. */
  talker?(task: 'generate' | 'embed'): Promise<Env>;
  /** Code that takes a file and a number, and answers the file's bytes and their number times it. The ONNX server runs no code. */
  fileReader?(): Promise<Env>;
  /** Takes more than an hour to load. */
  neverLoaded(): Promise<Env>;
};
