import type { RunningSlipway } from '../../test/support/slipway/running.ts';
import type { Answer, Asking } from './asking.ts';
import type { Command } from './server.ts';

/** The same question for all sides; `count` says how many texts, rows or tokens its answer has. */
export type Question = {
  readonly what: string;
  readonly count: number;
  readonly ours: (model: string) => Asking;
  readonly peers: Asking | ((peer: string) => Asking);
  /** The framework's own answer; if it is not known, the first peer's answer is used. */
  readonly wanted?: Answer;
};

/** A server that a user starts in place of Slipway. */
export type Peer = { readonly name: string; readonly command: Command };

/** A way in which Slipway serves the model. */
export type Ours = {
  readonly name: string;
  /** Puts the model into the bucket. */
  readonly drop: (slipway: RunningSlipway, model: string) => void;
};

/** A model as its framework saved it, and the questions to all sides. `aims` are ratios, the peer's figure to Slipway's. */
export type Subject = {
  readonly ours: readonly [Ours, ...Ours[]];
  readonly peers: readonly [Peer, ...Peer[]];
  readonly unit: string;
  readonly questions: readonly [Question, ...Question[]];
  /** How far a right answer may be from the framework's, relative to its largest number. */
  readonly mostApart: number;
  readonly aims?: { readonly startCpu?: number; readonly unitCpu?: number };
};
