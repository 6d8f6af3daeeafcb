import { once } from 'node:events';
import { constants, getPriority, platform, setPriority } from 'node:os';
import { setImmediate as turn } from 'node:timers/promises';
import { parentPort, Worker, workerData } from 'node:worker_threads';
import { type AnswerEvidence, compareAnswers } from '#domain/comparison/compare-answers.ts';
import type { Comparing } from '#ports/comparing.ts';

type Given = Parameters<Comparing['compare']>;
type Pairs = Given[0];

const { PRIORITY_BELOW_NORMAL } = constants.priority;
const MARK = 'slipway-comparison';
/** So few answers are compared in a moment, and a thread takes longer to start. */
const FEW = { answers: 100, bytes: 40_000 } as const;
/** So many pairs are handed to the thread at once: to copy them all in one go would take some 10 ms. */
const PORTION = 20;

/** Compares many answers on a thread of its own: it takes a time in which the gateway, whose thread this is, would answer no client. */
export async function comparedApart(...given: Given): Promise<AnswerEvidence> {
  if (isFew(given[0])) return compareAnswers(...given);
  // The thread runs this module, or its bundle, once more.
  const worker = new Worker(new URL(import.meta.url), { workerData: MARK });
  const [[evidence]] = await Promise.all([once(worker, 'message'), handOver(worker, ...given)]);
  return evidence;
}

/** Clients are answered between two portions. */
async function handOver(worker: Worker, pairs: Pairs, counting: Given[1]): Promise<void> {
  for (let at = 0; at < pairs.length; at += PORTION) {
    worker.postMessage(pairs.slice(at, at + PORTION));
    await turn();
  }
  worker.postMessage(counting);
}

/** Puts the portions together, and compares them once the counting, which comes last, is there. */
function takeOver(): void {
  // On other systems the priority is that of the whole process. https://man7.org/linux/man-pages/man2/setpriority.2.html
  if (platform() === 'linux') setPriority(Math.max(getPriority(), PRIORITY_BELOW_NORMAL));
  const pairs: Pairs[number][] = [];
  parentPort?.on('message', (said: Pairs | Given[1]) => {
    if (isPairs(said)) pairs.push(...said);
    else {
      parentPort?.postMessage(compareAnswers(pairs, said));
      parentPort?.close();
    }
  });
}

function isPairs(said: Pairs | Given[1]): said is Pairs {
  return Array.isArray(said);
}

function isFew(pairs: Pairs): boolean {
  const bytes = pairs.reduce((sum, { before, after }) => sum + sizeOf(before) + sizeOf(after), 0);
  return pairs.length <= FEW.answers && bytes <= FEW.bytes;
}

function sizeOf(answer: Pairs[number]['before']): number {
  return answer.kind === 'answer' ? answer.body.length : 0;
}

if (workerData === MARK) takeOver();
