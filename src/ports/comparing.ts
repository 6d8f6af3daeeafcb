import { type AnswerEvidence, compareAnswers } from '#domain/comparison/compare-answers.ts';

/** How a comparison stays out of the way of clients. */
export type Comparing = {
  /** How many requests that no client waits for the candidate may have at once. */
  readonly atOnce: number;
  /** Whether the thread that compares answers no clients, so that what it computes alone need not give way. */
  readonly isApart: boolean;
  /** Resolves once clients leave the servers alone for a moment, and at the latest after `atMostMs`. It never fails. */
  giveWay(atMostMs: number): Promise<void>;
  compare(...given: Parameters<typeof compareAnswers>): Promise<AnswerEvidence>;
};

/** In a process without clients; nobody knows there what clients have under way: a function has an instance for each of them, and a load balancer counts them a minute later. */
export const APART: Comparing = {
  atOnce: 1,
  isApart: true,
  giveWay: async () => undefined,
  compare: async (...given) => compareAnswers(...given),
};
