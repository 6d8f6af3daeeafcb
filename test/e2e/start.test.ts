import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent, get } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { eventually } from '../support/eventually.ts';
import { processesOf, startSlipway, temporaryFolder } from '../support/running-slipway.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const FLAGS = ['--port', '0', '--control-port', '0'];

function slipwayStart(...args: readonly string[]) {
  const child = spawn(process.execPath, ['src/cli/main.ts', 'start', ...args, ...FLAGS], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (text) => {
      output += text;
    });
  }
  return { child, output: () => output, exited: once(child, 'exit') };
}

describe('slipway start', () => {
  it('prints three commands to try next, each of which works as it is printed', async () => {
    await using folder = await temporaryFolder();
    const dataDir = join(folder.path, 'my data');
    const { child, output, exited } = slipwayStart('--demo', '--data', dataDir);
    await eventually(() => output().includes('serving until Ctrl-C'));
    const commands = output().split('try next\n')[1]?.split('\n').slice(0, 3) ?? [];

    const answers = [];
    for (const command of commands) {
      answers.push(await promisify(execFile)('sh', ['-c', command], { cwd: ROOT }));
    }
    child.kill('SIGINT');
    await exited;

    expect(answers.map(({ stdout }) => stdout)).toEqual([
      expect.stringMatching(/^\{"model_name":"ocr"/),
      expect.stringMatching(/Live +mine v1/),
      expect.stringMatching(/^mine +v1 live on lambda .*\nocr +v1 live on lambda /),
    ]);
    expect(child.exitCode).toBe(0);
    expect(processesOf(dataDir)).toEqual([]);
  });

  it('ends at a signal during the demo, whose deployment the next start takes up', async () => {
    await using folder = await temporaryFolder();
    const first = slipwayStart('--demo', '--data', folder.path);
    await eventually(() => first.output().includes('Provisioning'));

    first.child.kill('SIGINT');
    await first.exited;
    await using second = await startSlipway(folder.path);

    expect(first.child.exitCode).toBe(0);
    expect((await second.ending('ocr', 1)).detail).toMatchObject({ state: 'Live', version: 1 });
  });

  it('refuses a folder on which another Slipway runs', async () => {
    await using folder = await temporaryFolder();
    await using running = await startSlipway(folder.path);

    const { child, output, exited } = slipwayStart('--data', running.dataDir);
    await exited;

    expect(child.exitCode).toBe(2);
    expect(output()).toMatch(/^slipway: another Slipway runs on \S+\n→ Stop it first.*\n$/);
    expect((await fetch(`${running.control}/healthz`)).status).toBe(200);
  });

  it('ends though clients keep their connections and event streams open', async () => {
    await using folder = await temporaryFolder();
    await using slipway = await startSlipway(folder.path);
    const agent = new Agent({ keepAlive: true });
    for (const url of [`${slipway.control}/healthz`, `${slipway.gateway}/models/none/ping`]) {
      const [response] = await once(get(url, { agent }), 'response');
      await response.resume().toArray();
    }
    const follower = await fetch(`${slipway.control}/events`);

    expect(await slipway.stop()).toBe(0);
    expect(await follower.text()).toBe('');
    agent.destroy();
  });
});
