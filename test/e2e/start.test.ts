import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readdir, writeFile } from 'node:fs/promises';
import { Agent, createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { BASE_IMAGES } from '#domain/build/runtime.ts';
import { type RunningCommand, runCli } from '../cli/run-cli.ts';
import { eventually } from '../support/clock/eventually.ts';
import { addConstantModel } from '../support/models/onnx.ts';
import { needing, notLinux } from '../support/needs.ts';
import { PATH_WITH_CURL } from '../support/programs/path.ts';
import { processesOf, startSlipway, temporaryFolder } from '../support/slipway/running.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const ENV = { PATH: process.env['PATH'] };

function slipwayStart(...args: readonly string[]): RunningCommand {
  return runCli(['start', '--port', '0', '--control-port', '0', ...args], ENV);
}

describe('slipway start --demo', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let dataDir: string;
  let serving: RunningCommand;

  beforeAll(async () => {
    folder = await temporaryFolder();
    dataDir = join(folder.path, 'my data');
    serving = slipwayStart('--demo', '--data', dataDir);
    await eventually(() => serving.output().includes('serving until Ctrl-C'));
  });

  afterAll(async () => {
    serving.interrupt();
    await serving.result;
    await folder[Symbol.asyncDispose]();
  });

  it('prints three commands to try next, each of which works as it is printed', async () => {
    const commands = serving.output().split('try next\n')[1]?.split('\n').slice(0, 3) ?? [];

    const env = { ...process.env, PATH: PATH_WITH_CURL };
    const answers = [];
    for (const command of commands) {
      answers.push(await promisify(execFile)('sh', ['-c', command], { cwd: ROOT, env }));
    }

    expect(answers.map(({ stdout }) => stdout)).toEqual([
      expect.stringMatching(/^\{"model_name":"ocr"/),
      expect.stringMatching(/Live +mine v1/),
      expect.stringMatching(/^mine +v1 live on lambda .*\nocr +v1 live on lambda /),
    ]);
  });

  it('reads what was drawn, and finds the model live the second time', async () => {
    const data = join(folder.path, 'again');
    const args = ['--demo', '--once', '--data', data];

    const first = await slipwayStart(...args).result;
    const second = await slipwayStart(...args, '--json').result;

    expect(first.code).toBe(0);
    expect(first.stdout).not.toContain('try next');
    expect(first.stdout).toMatch(
      /Live +ocr v1[\s\S]*drawn +Total 431\.50 [\s\S]*read +Total 431\.50 /,
    );
    expect(second.code).toBe(0);
    expect(second.stderr).toMatch(/`ocr` is live[\s\S]*read +Total 431\.50 /);
    expect(second.stderr).not.toMatch(/Admitted/);
    expect(
      second.stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual([
      {
        gateway: expect.any(String),
        control: expect.any(String),
        bucket: join(data, 'bucket'),
        walls: expect.any(String),
      },
      { endpoint: expect.any(String), drawn: 'Total 431.50', read: 'Total 431.50' },
    ]);
  });

  it('goes on showing what happens after the demo, each change of phase in a line, and none twice', async () => {
    const model = join(folder.path, 'own.onnx');
    await writeFile(model, addConstantModel({ constant: 1 }));

    await runCli(['push', model, '--name', 'own', '--data', dataDir], ENV).result;
    await runCli(['push', model, '--name', 'own', '--data', dataDir], ENV).result;
    await eventually(() => serving.output().includes('Ignored      own'));

    const shown = serving.output().split('serving until Ctrl-C\n')[1] ?? '';
    const states = [...shown.matchAll(/^ *[\d.]+ s {2}(\w+) +own/gm)].map(([, state]) => state);
    expect(states[0]).toBe('Admitted');
    expect(states.slice(-2)).toEqual(['Live', 'Ignored']);
    expect(shown).toMatch(/Live +own v1 {2}http:\/\/127\.0\.0\.1:\d+\/models\/own\n/);
    expect(shown).not.toMatch(/ ocr v1/);
  });

  it('ends at a Ctrl-C and leaves no process behind', async () => {
    serving.interrupt();

    expect((await serving.result).code).toBe(0);
    expect(processesOf(dataDir)).toEqual([]);
  });
});

describe('slipway start', () => {
  it.each([
    ['--port', 'gateway'],
    ['--control-port', 'control'],
  ])('fails at a port that %s names and another program has', async (option, which) => {
    await using folder = await temporaryFolder();
    await using running = await startSlipway(join(folder.path, 'a'));
    const busy = new URL(which === 'gateway' ? running.gateway : running.control).port;

    const command = slipwayStart('--data', join(folder.path, 'b'), option, busy);
    await eventually(() => /serving until|another program/.test(command.output()));
    command.interrupt();
    const { code, stderr } = await command.result;

    expect(code).toBe(1);
    expect(stderr).toContain(`another program has the port ${busy} of 127.0.0.1`);
    expect(stderr).toContain(`Name another by ${option}`);
  });

  it('takes --once with --demo alone, and says so', async () => {
    const { code, stderr } = await runCli(['start', '--once'], ENV).result;

    expect(code).toBe(2);
    expect(stderr).toContain('--once stops after the answer of the demo, and there is no --demo');
  });

  it.each(['WEB_ADAPTER_IMAGE', ...BASE_IMAGES])(
    'starts nothing where %s, an image for its builds, has an invalid name',
    async (setting) => {
      await using folder = await temporaryFolder();
      const command = runCli(
        ['start', '--port', '0', '--control-port', '0', '--data', folder.path],
        {
          ...ENV,
          [setting]: 'https://registry.example/image',
        },
      );
      await eventually(() => /serving until|container image/.test(command.output()));
      command.interrupt();
      const { code, stderr } = await command.result;

      expect(code).toBe(2);
      expect(stderr).toContain(`${setting} is not the name of a container image`);
      expect(await readdir(folder.path)).toEqual([]);
    },
  );

  it('moves on from the usual ports where another program has them, and says so', async () => {
    await using folder = await temporaryFolder();
    // If another program already holds a port, that serves the test too.
    const held = [8080, 8081].map((port) =>
      createServer()
        .on('error', () => {})
        .listen(port, '127.0.0.1'),
    );
    try {
      const command = runCli(['start', '--data', folder.path], ENV);
      await eventually(() => command.output().includes('serving until Ctrl-C'));
      command.interrupt();
      const { stdout } = await command.result;

      const [gateway] = /(?<=^gateway .*:)\d+$/m.exec(stdout) ?? [];
      const [control] = /(?<=^control .*:)\d+$/m.exec(stdout) ?? [];
      expect(stdout).toContain(`port 8080 is taken, so the gateway is at ${gateway}\n`);
      expect(stdout).toContain(`port 8081 is taken, so the control API is at ${control}\n`);
    } finally {
      for (const server of held) server.close();
    }
  });

  it('ends at a signal during the demo, whose deployment the next start takes up', async () => {
    await using folder = await temporaryFolder();
    const first = slipwayStart('--demo', '--data', folder.path);
    await eventually(() => first.output().includes('Provisioning'));

    first.interrupt();
    const { code } = await first.result;
    await using second = await startSlipway(folder.path);

    expect(code).toBe(0);
    expect((await second.ending('ocr', 1)).detail).toMatchObject({ state: 'Live', version: 1 });
  });

  needing(notLinux, () => {
    it('ends with the reason where there can be no such folder', async () => {
      const { code, stderr } = await slipwayStart('--data', '/proc/slipway/data').result;

      expect(code).toBe(2);
      expect(stderr).toMatch(
        /^slipway: \/proc\/slipway\/data cannot hold Slipway's data: .*\n→ Name another folder: --data DIR\.\n$/,
      );
    });
  });

  it('refuses a folder on which another Slipway runs', async () => {
    await using folder = await temporaryFolder();
    await using running = await startSlipway(folder.path);

    const { code, stdout, stderr } = await slipwayStart('--data', running.dataDir).result;

    expect(code).toBe(2);
    expect(stdout + stderr).toMatch(
      /^slipway: another Slipway is running with the data folder \S+\n→ Stop it first.*\n$/,
    );
    const answer = await fetch(`${running.control}/healthz`);
    expect(await answer.json()).toMatchObject({ pid: running.process.pid });
  });

  it('ends though clients keep their connections and event streams open', async () => {
    await using folder = await temporaryFolder();
    await using slipway = await startSlipway(folder.path);
    const agent = new Agent({ keepAlive: true });
    for (const url of [`${slipway.control}/healthz`, `${slipway.gateway}/models/none/ping`]) {
      const [response] = await once(get(url, { agent }), 'response');
      await response.resume().toArray();
    }
    const follower = await slipway.api('/events');

    expect(await slipway.stop()).toBe(0);
    expect(await follower.text()).toBe('');
    agent.destroy();
  });

  it('posts each event to its webhooks', async () => {
    await using data = await temporaryFolder();
    const states: string[] = [];
    const server = createServer(async (request, response) => {
      states.push(JSON.parse((await request.toArray()).join('')).detail.state);
      response.writeHead(204).end();
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    const webhook = ['--webhook', `http://127.0.0.1:${port}/`];
    const running = runCli(
      ['start', '--port', '0', '--control-port', '0', '--data', data.path, ...webhook],
      { ...ENV, SLIPWAY_WEBHOOK_SECRET: `whsec_${Buffer.alloc(32, 1).toString('base64')}` },
    );
    await eventually(() => running.output().includes('serving until'));
    await writeFile(join(data.path, 'm.onnx'), addConstantModel({ constant: 1 }));

    await runCli(['push', join(data.path, 'm.onnx'), '--data', data.path], ENV).result;
    await eventually(() => states.includes('Live'));
    running.interrupt();
    await running.result;
    server.closeAllConnections();
    server.close();

    expect(states[0]).toBe('Admitted');
  });
});
