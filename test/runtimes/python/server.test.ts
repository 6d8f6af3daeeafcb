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
    for (const each of abandoned) each.destroy();
    await caughtUp(server);

    await rm(gate);
    await first;
    const { json } = await server.post('/invocations', { inputs: [1] });

    expect(json).toEqual({ predictions: [2] });
  });
}

function postAndForget({ url }: ModelServer): ClientRequest {
  const call = request(`${url}/invocations`, { method: 'POST' });
  call.on('error', () => undefined);
  return call.end('{"inputs":[2]}');
}
