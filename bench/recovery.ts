// From the restart of a killed Slipway to the first answer of the model that was live, and of it the start of the process itself. `node bench/recovery.ts [ROUNDS]`
import { addConstantModel } from '../test/support/onnx-models.ts';
import { startSlipway, temporaryFolder } from '../test/support/running-slipway.ts';
import { row, spread } from './figures.ts';

const ROUNDS = Number(process.argv[2] ?? 7);
const REQUEST = { inputs: [{ name: 'x', datatype: 'FP32', shape: [2], data: [1, 2] }] };

const folder = await temporaryFolder();
let slipway = await startSlipway(folder.path);
slipway.drop('models/shapes/a.onnx', addConstantModel({ constant: 1 }));
await slipway.ending('shapes', 1);

const started: number[] = [];
const answered: number[] = [];
for (let round = 0; round < ROUNDS; round += 1) {
  await slipway.kill();
  const restartedAt = performance.now();
  slipway = await startSlipway(folder.path);
  started.push(performance.now() - restartedAt);
  const response = await slipway.infer('shapes', REQUEST);
  if (response.status !== 200) throw new Error(`answered ${response.status}`);
  answered.push(performance.now() - restartedAt);
}
await slipway.stop();
await folder[Symbol.asyncDispose]();

console.log(`kill -9 → start → answer, ${ROUNDS} rounds, ms (min / median / max)`);
console.log(row('Slipway is up', spread(started)));
console.log(row('the model answers', spread(answered)));
