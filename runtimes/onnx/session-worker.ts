import { parentPort, workerData } from 'node:worker_threads';
import { openModel, type Run } from './session/model.ts';
import { buffersOf } from './values/tensors.ts';

const model = await openModel(workerData.modelPath);

parentPort?.on('message', async (run: Run) => {
  const result = await model.run(run);
  parentPort?.postMessage(result, 'outputs' in result ? buffersOf(result.outputs) : []);
});
parentPort?.postMessage(model.signature);
