import type { RunningSlipway } from '../../test/support/slipway/running.ts';

/** A request, and how the numbers or the text are read from its answer. */
export type Asking = {
  readonly path: string;
  readonly body: object;
  readonly read: (answer: unknown) => Answer;
};
export type Answer = readonly number[] | string;

/** The same question for both sides; `count` says of how many texts, rows or tokens its answer is. */
export type Question = {
  readonly what: string;
  readonly count: number;
  readonly ours: (model: string) => Asking;
  readonly peers: Asking;
};

/** What a user starts instead: a script of this folder with the framework, which reads MODEL_PATH and PORT. */
export type Peer = {
  readonly name: string;
  readonly python: string;
  readonly script: string;
  readonly modelPath: string;
};

/** A model as its framework saved it, and what both sides are asked. `aims` are ratios, the peer's figure under Slipway's. */
export type Subject = {
  readonly peer: Peer;
  readonly unit: string;
  /** Puts it in the bucket. */
  readonly drop: (slipway: RunningSlipway, model: string) => void;
  readonly questions: readonly [Question, ...Question[]];
  readonly aims: { readonly startCpu?: number; readonly unitCpu?: number };
};
