import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { needing } from '../../support/needs.ts';
import { sharedModel } from '../model-server.ts';
import { pythonWith } from '../python-environment.ts';
import type { Runtime } from '../runtime.ts';

const run = promisify(execFile);

const file = (name: string) => fileURLToPath(new URL(`../${name}`, import.meta.url));

/** NVIDIA's own client, which sends bytes by default. It brings 20 packages, so it is installed only when asked for. */
export async function describeTritonClient(runtime: Runtime): Promise<void> {
  const python = process.env['SLIPWAY_TRITON_CLIENT']
    ? await pythonWith(file('triton-requirements.txt'))
    : { missing: 'SLIPWAY_TRITON_CLIENT is not set' };

  const says = 'tritonclient sends and takes both JSON and bytes';
  if (typeof python === 'object') {
    needing(`${says}: ${python.missing}`, () => undefined);
    return;
  }
  it(says, async () => {
    const server = await sharedModel(runtime, ['columns']);

    const { stdout } = await run(python, [file('triton_client.py'), new URL(server.url).host]);

    expect(stdout).toBe('9 requests answered\n');
  });
}
