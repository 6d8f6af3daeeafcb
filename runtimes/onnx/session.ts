import { once } from 'node:events';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { createQueue } from './queue.ts';
import { refusal } from './refusal.ts';
import type { Run, RunResult } from './session-worker.ts';
import { buffersOf, type Signature, type Tensor } from './tensors.ts';

/**
 * A loaded model. `run` answers the outputs in the order asked for and takes the inputs' memory; one run at a time,
 * the others wait. Refuses with 400 what onnxruntime refuses, with 503 when 100 requests wait already.
 */
export type Session = {
  readonly signature: Signature;
  run(run: Run, signal?: AbortSignal): Promise<readonly Tensor[]>;
  /** Settles when nothing runs and nothing waits. */
  idle(): Promise<unknown>;
};

/**
 * Loads the model in a thread of its own, since onnxruntime blocks its thread while it loads and runs.
 * Rejects when the model cannot be loaded; `onDeath` is told why the thread ended later on.
 */
export async function openSession(
  modelPath: string,
  onDeath: (error: unknown) => void,
): Promise<Session> {
  const script = new URL(`./session-worker${extname(import.meta.url)}`, import.meta.url);
  const worker = new Worker(script, { workerData: { modelPath } });
  const queue = createQueue(100);
  const signature = await nextMessage<Signature>(worker);
  worker.once('error', onDeath);

  const runNow = async ({ inputs, outputs }: Run): Promise<readonly Tensor[]> => {
    worker.postMessage({ inputs, outputs }, buffersOf(inputs));
    const result = await nextMessage<RunResult>(worker);
    if ('outputs' in result) return result.outputs;
    throw refusal(400, `the model refused the inputs: ${result.refused}`);
  };
  return {
    signature,
    run: (run, signal) => queue.run(() => runNow(run), signal),
    idle: queue.idle,
  };
}

async function nextMessage<T>(worker: Worker): Promise<T> {
  const [message] = await once(worker, 'message');
  return message;
}
