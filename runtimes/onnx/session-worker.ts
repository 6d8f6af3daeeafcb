import { parentPort, workerData } from 'node:worker_threads';
import { openModel, type Run } from './model.ts';
import { buffersOf } from './tensors.ts';

const model = await openModel(workerData.modelPath);

parentPort?.on('message', async (run: Run) => {
  const result = await model.run(run);
  parentPort?.postMessage(result, 'outputs' in result ? buffersOf(result.outputs) : []);
});
parentPort?.postMessage(model.signature);
