import { once } from 'node:events';
import { parentPort, workerData } from 'node:worker_threads';
import { firstSession } from './session/first-session.ts';
import { openModel, type Run } from './session/model.ts';
import { buffersOf } from './values/tensors.ts';

if (!parentPort) throw new Error('this is to be a thread of the model server');
const port = parentPort;
const told = once(port, 'message');
if (workerData.isSpare) await firstSession();
const [modelPath] = await told;
const model = await openModel(modelPath);

port.on('message', async (run: Run) => {
  const result = await model.run(run);
  port.postMessage(result, 'outputs' in result ? buffersOf(result.outputs) : []);
});
port.postMessage(model.signature);
