import type { GoldenRequest } from '#domain/rollout/golden-request.ts';
import type { GoldenAnswer } from '#domain/rollout/golden-verdict.ts';
import type { PairScores } from './answer-scores.ts';

/**
 * A request that both versions are asked; `what` names it to a person. `isDrawn`: nobody sends it.
 * `text` is the body of the request as JSON, where it was made already: the requests of a comparison may have 80 MB.
 * `answer` is the content of what the version before has answered; where there is one, that version is asked only to see whether it repeats itself.
 * `given` is the content of what the new version has answered to a client that sent it; where there is one, that version is not asked again.
 * `isSent`: a client sent it, and only the gate may read it and its answers: neither is told. `isOwn`: it came with the new version. `sentAtMs` is when a client sent it (epoch), `caller` names that client, and `answerClass` the class that its answer gives, where they are known.
 * `expect` is what the new version's own example says that it answers, `truth` what is true of the request; `truthAtMs` is when feedback said so (epoch). `isTruthOwn`: it came with the new version, and is in its scale and with its labels.
 */
export type ComparedRequest = {
  readonly what: string;
  readonly isDrawn: boolean;
  readonly isSent?: boolean;
  readonly isOwn?: boolean;
  readonly sentAtMs?: number;
  readonly caller?: string;
  readonly answerClass?: string;
  readonly request: GoldenRequest;
  readonly text?: string;
  readonly answer?: unknown;
  readonly given?: unknown;
  readonly expect?: unknown;
  readonly truth?: unknown;
  readonly truthAtMs?: number;
  readonly isTruthOwn?: boolean;
};

/**
 * The answers of both versions to one request. `before` is the answer of the version before, or what it answered when a client asked. `again` is another answer of that version, where it was asked: a difference between its own answers is noise.
 */
export type AskedPair = Omit<ComparedRequest, 'answer' | 'given'> & {
  readonly before: GoldenAnswer;
  readonly again: GoldenAnswer | null;
  readonly after: GoldenAnswer;
  /** Only of language models that can say how likely a text is to them. */
  readonly scores?: PairScores;
};
