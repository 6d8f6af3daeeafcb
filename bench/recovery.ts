// Measures the time from the restart of a killed Slipway, and from `slipway rollback`, to the answer of the model that is live then, beside the bare cost of starting the same model server and calling it.
// All take turns in one run. `node bench/recovery.ts [ROUNDS]`
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { addConstantModel } from '../test/support/models/onnx.ts';
import { startSlipway, temporaryFolder } from '../test/support/slipway/running.ts';
import { bareStart } from './bare-server.ts';
import { row, spread } from './figures.ts';

const ROUNDS = Number(process.argv[2] ?? 7);
const REQUEST = { inputs: [{ name: 'x', datatype: 'FP32', shape: [2], data: [1, 2] }] };

const folder = await temporaryFolder();
const path = join(folder.path, 'bare.onnx');
await writeFile(path, addConstantModel({ constant: 1 }));
let slipway = await startSlipway(folder.path);
for (const version of [1, 2]) {
  slipway.drop('models/model/a.onnx', addConstantModel({ constant: version }));
  await slipway.ending('model', version);
  await slipway.settled('model');
}

const times: Record<'bare start' | 'restart: Slipway is up' | 'restart' | 'rollback', number[]> = {
  'bare start': [],
  'restart: Slipway is up': [],
  restart: [],
  rollback: [],
};
for (let round = 0; round < ROUNDS; round += 1) {
  times['bare start'].push(await bareStart(path, answered));

  await slipway.kill();
  const restartedAt = performance.now();
  slipway = await startSlipway(folder.path);
  times['restart: Slipway is up'].push(performance.now() - restartedAt);
  await answered(`${slipway.gateway}/models/model/v2/models/model/infer`);
  times.restart.push(performance.now() - restartedAt);

  const askedAt = performance.now();
  const { code, err } = await slipway.command('rollback', 'model');
  if (code !== 0) throw new Error(err);
  await answered(`${slipway.gateway}/models/model/v2/models/model/infer`);
  times.rollback.push(performance.now() - askedAt);
  await slipway.settled('model');
}
await slipway.stop();
await folder[Symbol.asyncDispose]();

console.log(
  `→ answer, ${ROUNDS} rounds, ms (min / median / max), and the ratio to a bare start, round by round`,
);
for (const [what, values] of Object.entries(times)) {
  const ratios = values.map((value, round) => value / (times['bare start'][round] ?? Number.NaN));
  console.log(`${row(what, spread(values))}    × ${spread(ratios, 2)}`);
}

async function answered(url: string): Promise<void> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(REQUEST),
  });
  await response.arrayBuffer();
  if (response.status !== 200) throw new Error(`answered ${response.status}`);
}
