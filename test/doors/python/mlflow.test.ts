import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pythonWith } from '../../runtimes/python-environment.ts';
import { eventually } from '../../support/clock/eventually.ts';
import { type MlflowServer, startMlflow } from '../../support/doors/mlflow-server.ts';
import { addConstantModel, unknownOperatorModel } from '../../support/models/onnx.ts';
import { call } from '../../support/slipway/clients.ts';
import {
  type RunningSlipway,
  startSlipway,
  temporaryFolder,
} from '../../support/slipway/running.ts';

const MAIN = fileURLToPath(new URL('../../../slipway.js', import.meta.url));
const MINUTES_10 = 600_000;
const HOURLY = '3600';

const python = await pythonWith('../../test/doors/python/mlflow-requirements.txt');

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let slipway: RunningSlipway;
let mlflow: MlflowServer;

beforeAll(async () => {
  folder = await temporaryFolder();
  slipway = await startSlipway(join(folder.path, 'data'), { config: { bakeSeconds: 0 } });
  if (typeof python === 'string') mlflow = await startMlflow(python, folder.path);
}, MINUTES_10);

afterAll(async () => {
  mlflow?.stop();
  await slipway[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

const answer = async () => (await call(slipway, 'adder')).data;

/** `slipway mlflow` as a person starts it, until it is disposed of. */
function following(...options: readonly string[]) {
  const args = [MAIN, 'mlflow', mlflow.url, '--data', slipway.dataDir, ...options];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (text) => {
      output += text;
    });
  }
  return {
    output: () => output,
    said: (text: string) => eventually(() => output.includes(text) || undefined),
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    },
  };
}

const aRealServer = async () => {
  await writeFile(join(folder.path, 'one.onnx'), addConstantModel({ constant: 10 }));
  await writeFile(join(folder.path, 'two.onnx'), addConstantModel({ constant: 20 }));
  await writeFile(join(folder.path, 'bad.onnx'), unknownOperatorModel());
  await mlflow.registry('register', 'Adder', 'one.onnx', 'two.onnx', 'bad.onnx');

  {
    await using bridge = following('--every', HOURLY, '--listen', '0');
    await bridge.said('following the alias');
    expect(bridge.output()).toContain('MLflow reports each move');

    await mlflow.registry('alias', 'Adder', '1');
    await bridge.said('Adder version 1: Live');
    expect(await answer()).toEqual([11, 12]);
    await mlflow.registry('alias', 'Adder', '2', '1000');
    await bridge.said('Adder version 2: Live');
    expect(await answer()).toEqual([21, 22]);
    await mlflow.registry('alias', 'Adder', '3');
    await bridge.said('Adder version 3: Failed');
    expect(await answer()).toEqual([21, 22]);
    await mlflow.registry('alias', 'Adder', '1');
    await bridge.said('goes back to version 1');
    await eventually(async () => (String(await answer()) === '11,12' ? true : undefined));
  }

  // While nobody follows, each report is lost.
  await mlflow.registry('alias', 'Adder', '2');
  const later = following('--every', '1');
  await eventually(async () => (String(await answer()) === '21,22' ? true : undefined));
  await later.said('Adder version 2: Live');
  await later[Symbol.asyncDispose]();

  expect((await slipway.endings('adder')).map(({ state }) => state)).toEqual([
    'Live',
    'Live',
    'Failed',
    'Live',
    'Live',
  ]);
  expect(await mlflow.tagsOf('2')).toMatchObject({
    'slipway.state': 'Live',
    'slipway.endpoint': `${slipway.gateway}/models/adder`,
  });
  const refused = await mlflow.tagsOf('3');
  expect(refused['slipway.state']).toBe('Failed');
  expect(refused['slipway.reason']?.length).toBeGreaterThan(10);
};

const NAME =
  'a champion of a real MLflow is deployed by its webhook, once for a thousand of them, refused with a reason, brought back, and found although its webhook is lost';
if (typeof python === 'string') it(NAME, aRealServer, MINUTES_10);
else it.skip(`${NAME}: ${python.missing}`, () => undefined);
