import { once } from 'node:events';
import { parentPort, Worker, workerData } from 'node:worker_threads';
import { type AnswerEvidence, compareAnswers } from '#domain/comparison/compare-answers.ts';
import type { Comparing } from '#ports/comparing.ts';

type Given = Parameters<Comparing['compare']>;

const MARK = 'slipway-comparison';
/** Answers of so many bytes are compared in about the time in which a thread starts. */
const FEW_BYTES = 200_000;

/** Compares many answers on a thread of its own: it takes a time in which the gateway, whose thread this is, would answer no client. */
export async function comparedApart(...given: Given): Promise<AnswerEvidence> {
  const bytes = given[0].reduce(
    (sum, { before, after }) => sum + sizeOf(before) + sizeOf(after),
    0,
  );
  if (bytes < FEW_BYTES) return compareAnswers(...given);
  // The thread runs this module, or its bundle, once more.
  const worker = new Worker(new URL(import.meta.url), { workerData: { [MARK]: given } });
  const [evidence] = await once(worker, 'message');
  return evidence;
}

function sizeOf(answer: Given[0][number]['before']): number {
  return answer.kind === 'answer' ? answer.body.length : 0;
}

const mine: Given | undefined = workerData?.[MARK];
if (mine) parentPort?.postMessage(compareAnswers(...mine));
