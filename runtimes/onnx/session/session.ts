import { once } from 'node:events';
import { readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { isRefusal, refusal } from '../refusal.ts';
import { messageOf } from '../values/json.ts';
import { buffersOf, type Signature, type Tensor } from '../values/tensors.ts';
import { worded } from '../worded.ts';
import { joinedRuns } from './joined-runs.ts';
import { type LoadedModel, openModel, type Run, type RunResult } from './model.ts';
import { answerToNoRows } from './no-rows.ts';
import { type ProvenRows, provenRows, type RunTimed } from './proven-rows.ts';
import { createQueue } from './queue.ts';
import { shortRunsHere } from './short-runs.ts';

/**
 * A loaded model. `run` returns the outputs in the order requested, and consumes the inputs' memory; one run at a time,
 * the others wait, and those that fit together then run as one where the model may join them. Refuses with 400 inputs that onnxruntime refuses, and with 503 when memory is short, or when 100 requests already wait.
 */
export type Session = {
  readonly signature: Signature;
  run(run: Run, isGone?: () => boolean): Promise<readonly Tensor[]>;
  /** Settles when nothing runs and nothing waits. */
  idle(): Promise<unknown>;
};

// Loads in a tenth of a second. Loaded trees take 13 times their size: a server's expected memory covers both copies (src/domain/placement/expected-memory.ts).
const SMALL_BYTES = 4 * 2 ** 20;

/** Starts the thread of a session. A spare one loads onnxruntime before it knows its model. */
export function sessionThread(script: URL, isSpare: boolean): Worker {
  return new Worker(script, { workerData: { isSpare } });
}

/**
 * Loads the model in its own thread, since onnxruntime blocks its thread while it loads and runs; runs that prove short move to this thread.
 * Runs that wait are joined up to `batchRows` rows, 1 where each runs alone; with `auto`, up to as many as a proof allows, which begins when runs first wait.
 * Rejects when the model cannot be loaded; `onDeath` gets the reason when the thread ends later on.
 */
export async function openSession(
  worker: Worker,
  modelPath: string,
  onDeath: (error: unknown) => void,
  batchRows: number | 'auto' = 1,
): Promise<Session> {
  worker.postMessage(modelPath);
  const queue = createQueue(100);
  const signature = await nextMessage<Signature>(worker);
  worker.once('error', onDeath);

  const runThere = ({ inputs, outputs }: Run): Promise<RunResult> => {
    worker.postMessage({ inputs, outputs }, buffersOf(inputs));
    return nextMessage(worker);
  };
  const runModel = shortRunsHere(runThere, () => openSmall(modelPath));
  const runNow = async (run: Run): Promise<readonly Tensor[]> => {
    const none = answerToNoRows(run, signature);
    if (none) return none;
    const result = await runModel(run);
    if ('outputs' in result) return result.outputs;
    if ('exhausted' in result) {
      // On AWS, clients only see a 502, so the log has the reason.
      console.error(`a run had too little memory: ${result.exhausted}`);
      throw refusal(503, `the server has too little memory for this request: ${result.exhausted}`);
    }
    throw refusal(400, worded('modelRefused', result.refused));
  };
  const runAlone: Session['run'] = (run, isGone) => queue.run(() => runNow(run), isGone);
  const runTimed: RunTimed = (run) =>
    queue.run(async () => {
      const sinceMs = performance.now();
      return { outputs: await runNow(run), ms: performance.now() - sinceMs };
    });
  const mostRows =
    batchRows === 'auto' ? provenOnce(() => provenRows(signature, runTimed)) : () => batchRows;
  return {
    signature,
    run: batchRows === 1 ? runAlone : joinedRuns(queue, runNow, mostRows),
    idle: queue.idle,
  };
}

/** The most rows of a run: 1 until the proof, which the first call begins, has ended. A proof that a full queue has ended begins again later. */
function provenOnce(prove: () => Promise<ProvenRows>): () => number {
  let rows = 1;
  let isBegun = false;
  const end = (found: ProvenRows) => {
    rows = found.rows;
    console.log(
      `${rows > 1 ? `requests that wait share a run of up to ${rows} rows` : 'each request has a run of its own'}: ${found.reason}`,
    );
  };
  return () => {
    if (!isBegun) {
      isBegun = true;
      prove().then(end, (error: unknown) => {
        if (isRefusal(error) && error.status === 503) isBegun = false;
        else
          end({
            rows: 1,
            reason: `the model refused rows made for its signature: ${messageOf(error)}`,
          });
      });
    }
    return rows;
  };
}

async function openSmall(modelPath: string): Promise<LoadedModel> {
  if ((await bytesIn(dirname(modelPath))) > SMALL_BYTES) throw new Error('it is too large');
  return openModel(modelPath);
}

/** A model may keep its weights in separate files beside it. */
async function bytesIn(folder: string): Promise<number> {
  const paths = await readdir(folder, { recursive: true });
  const found = await Promise.all(paths.map((path) => stat(join(folder, path))));
  return found.reduce((sum, { size }) => sum + size, 0);
}

async function nextMessage<T>(worker: Worker): Promise<T> {
  const [message] = await once(worker, 'message');
  return message;
}
