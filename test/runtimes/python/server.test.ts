import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { type ClientRequest, request } from 'node:http';
import { join } from 'node:path';
import { eventually } from '../../support/clock/eventually.ts';
import {
  caughtUp,
  type ModelServer,
  modelFolder,
  startModel,
  stopServers,
} from '../model-server.ts';
import { onPython, pythonFolder } from '../python-runtime.ts';
import type { Runtime } from '../runtime.ts';

await onPython(describeServer);

const X_TO_Y = {
  inputs: [{ name: 'x', datatype: 'FP32', shape: ['n'] }],
  outputs: [{ name: 'y', datatype: 'FP32', shape: ['n'] }],
} as const;

/** Counts its runs, which wait while there is a gate; the first says that it has begun. */
const gated = (gate: string, begun: string) => `
import os, time
class Predictor:
    runs = 0
    def predict(self, x):
        self.runs += 1
        open(${JSON.stringify(begun)}, "w").close()
        while os.path.exists(${JSON.stringify(gate)}): time.sleep(0.01)
        return x * 0 + self.runs
`;

function describeServer(runtime: Runtime): void {
  afterAll(stopServers);

  it('requests whose clients have gone before their turn are not run', async () => {
    const folder = await modelFolder({});
    const [gate, begun] = [join(folder, 'gate'), join(folder, 'begun')];
    await writeFile(gate, '');
    const server = await startModel(runtime, pythonFolder(gated(gate, begun), X_TO_Y));
    const first = server.post('/invocations', { inputs: [1] });
    await eventually(() => existsSync(begun));
    const abandoned = Array.from({ length: 5 }, () => postAndForget(server));
    await caughtUp(server);
    // Each ends with an error, as nobody has answered it.
    const closed = abandoned.map((each) => new Promise((resolve) => each.once('close', resolve)));
    for (const each of abandoned) each.destroy();
    await Promise.all(closed);
    await caughtUp(server);

    await rm(gate);
    await first;
    const { json } = await server.post('/invocations', { inputs: [1] });

    expect(json).toEqual({ predictions: [2] });
  });

  it('on Lambda a request that is answered with a 5xx is counted in its log, and no other', async () => {
    const code = 'class Predictor:\n    def predict(self, x): raise RuntimeError("broken")\n';
    const server = await startModel(runtime, pythonFolder(code, X_TO_Y), {
      AWS_LAMBDA_FUNCTION_NAME: 'slipway-m-digits',
      AWS_LAMBDA_FUNCTION_VERSION: '3',
    });
    let log = '';
    server.child.stdout?.on('data', (bytes) => {
      log += bytes;
    });
    const invoked = { 'x-amzn-lambda-context': '{}' };

    await server.post('/invocations', { inputs: [1] });
    await server.post('/nowhere', {}, invoked);
    const { status } = await server.post('/invocations', { inputs: [1] }, invoked);
    await eventually(() => log.includes('_aws'));

    expect(status).toBe(500);
    const counted = log.split('\n').filter((line) => line.startsWith('{"_aws":'));
    expect(counted.map((line) => JSON.parse(line))).toMatchObject([
      { FunctionName: 'slipway-m-digits', ExecutedVersion: '3', ServerErrors: 1 },
    ]);
  });
}

function postAndForget({ url }: ModelServer): ClientRequest {
  const call = request(`${url}/invocations`, { method: 'POST' });
  call.on('error', () => undefined);
  return call.end('{"inputs":[2]}');
}
