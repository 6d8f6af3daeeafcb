import { spawn } from 'node:child_process';
import { mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { addConstantModel, unknownOperatorModel } from '../support/onnx-models.ts';
import { startSlipway, temporaryFolder } from '../support/running-slipway.ts';

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const GOOD = addConstantModel({ constant: 10 });

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let slipway: Awaited<ReturnType<typeof startSlipway>>;

beforeAll(async () => {
  folder = await temporaryFolder();
  slipway = await startSlipway(join(folder.path, 'data'));
});

afterAll(async () => {
  await slipway[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

type Result = { code: number | null; stdout: string; stderr: string };

function run(args: readonly string[], { cwd = '.' } = {}): Promise<Result> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [MAIN, ...args], {
      cwd,
      env: { PATH: process.env['PATH'], SLIPWAY_DATA: slipway.dataDir },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const result: Result = { code: null, stdout: '', stderr: '' };
    child.stdout.on('data', (text) => {
      result.stdout += text;
    });
    child.stderr.on('data', (text) => {
      result.stderr += text;
    });
    child.on('close', (code) => resolve({ ...result, code }));
  });
}

async function file(name: string, bytes: Uint8Array | string): Promise<string> {
  const path = join(folder.path, name);
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, bytes);
  return path;
}

describe('slipway', () => {
  it('pushes a file under its stem and follows it until it is live', async () => {
    const pushed = await run(['push', await file('shapes.onnx', GOOD)]);

    expect(pushed).toMatchObject({ code: 0, stderr: '' });
    expect(pushed.stdout).toMatch(/uploaded models\/shapes\/shapes\.onnx[\s\S]*Live +shapes v1/);
  });

  it('pushes a folder with its model.yaml last, and one without gets an empty one', async () => {
    await file('net/model.onnx', GOOD);
    await file('net/notes.txt', 'hello');

    const pushed = await run(['push', join(folder.path, 'net'), '--name', 'nets']);

    expect(pushed.code).toBe(0);
    expect(pushed.stdout).toMatch(/uploaded models\/nets\/net\/model\.yaml \(0 bytes\)[\s\S]*Live/);
  });

  it('pushes a folder again, as its next version, without waiting for what is there', async () => {
    const path = join(await file('folder-twice/model.onnx', GOOD), '..');
    await file('folder-twice/notes.txt', 'first');
    await run(['push', path]);
    await file('folder-twice/notes.txt', 'second');

    const pushed = await run(['push', path]);

    expect(pushed).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/Live +folder-twice v2/),
    });
  });

  it('pushes a folder without what was in it at the push before, which goes from the bucket too', async () => {
    const renamed = await file('renaming/weights/first.onnx', GOOD);
    const path = join(renamed, '../..');
    await run(['push', path]);
    await rename(renamed, await file('renaming/second.onnx', ''));

    const pushed = await run(['push', path]);

    expect(pushed).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(
        /removed models\/renaming\/renaming\/weights\/first\.onnx, which is not in the folder[\s\S]*Live +renaming v2/,
      ),
    });
  });

  it('pushes the manifest beside a file before it', async () => {
    const path = await file('sided.onnx', GOOD);
    await file('sided.onnx.yaml', 'exmaples: []\n');

    const pushed = await run(['push', path]);

    expect(pushed.code).toBe(1);
    expect(pushed.stdout).toMatch(/Rejected[\s\S]*did you mean `examples`/);
  });

  it('pushes the files behind links and leaves hidden ones behind, from inside the folder too', async () => {
    const path = await file('linked.d/notes.txt', 'hello');
    await file('linked.d/.git/config', 'secret');
    await symlink(await file('blob', GOOD), join(path, '../model.onnx'));

    const pushed = await run(['push', '.', '--name', 'linked'], { cwd: join(path, '..') });

    expect(pushed.code).toBe(0);
    expect(pushed.stdout.match(/(?<=uploaded models\/linked\/)\S+/g)?.toSorted()).toEqual([
      'linked.d/model.onnx',
      'linked.d/model.yaml',
      'linked.d/notes.txt',
    ]);
  });

  it('answers the terminal event alone as JSON, and 1 when the model is not live', async () => {
    const pushed = await run(['push', await file('bad.onnx', unknownOperatorModel()), '--json']);

    expect(pushed.code).toBe(1);
    expect(JSON.parse(pushed.stdout)).toMatchObject({
      'detail-type': 'Deployment State Change',
      detail: { model: 'bad', state: 'Failed', reason: expect.stringMatching(/Mystery/) },
    });
  });

  it('answers 0 for the same bytes again, which change nothing', async () => {
    const path = await file('again.onnx', GOOD);
    await run(['push', path]);

    const pushed = await run(['push', path]);

    expect(pushed.code).toBe(0);
    expect(pushed.stdout).toMatch(/Ignored[\s\S]*again-v1, which is live/);
  });

  it('shows the status, the events and the log, each as JSON too', async () => {
    await run(['push', await file('shown.onnx', GOOD)]);

    const status = await run(['status', '--json']);
    const events = await run(['events', '--model', 'shown', '--json']);
    const logs = await run(['logs', 'shown', '--json']);

    expect(JSON.parse(status.stdout).models).toEqual(
      expect.arrayContaining([expect.objectContaining({ name: 'shown' })]),
    );
    const states = events.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).detail.state);
    expect(states.at(-1)).toBe('Live');
    expect(JSON.parse(logs.stdout)).toMatchObject({ revision: 'shown-v1' });
    expect((await run(['status'])).stdout).toMatch(/shown +v1 live on lambda +http:\/\/127/);
    expect((await run(['events', '--model', 'shown'])).stdout).toMatch(/Admitted +shown v1/);
    expect((await run(['logs', 'shown'])).stdout).toMatch(/shown is ready/);
  });

  it.each([
    { args: ['push', 'missing.onnx'], says: /missing\.onnx cannot be read/ },
    { args: ['push', MAIN], says: /main\.ts is not a self-contained model file/ },
    { args: ['push', MAIN, '--name', 'Bad_Name'], says: /`Bad_Name` is no model name/ },
    { args: ['push'], says: /missing required argument/ },
    { args: ['launch'], says: /unknown command/ },
    { args: ['status', '--loud'], says: /unknown option/ },
    { args: ['start', '--port', 'many'], says: /a whole number/ },
    { args: ['logs', 'nobody'], says: /no model nobody/ },
    { args: ['invoke', 'nobody'], says: /\/invocations takes a body/ },
    { args: ['uninstall'], says: /uninstall needs the stage it is to remove/ },
    { args: ['keys', 'list'], says: /listens on 127\.0\.0\.1 only and needs no keys/ },
    { args: ['start', '--data', MAIN], says: /main\.ts cannot hold Slipway's data/ },
  ])('answers 2 for $args and says why', async ({ args, says }) => {
    const result = await run(args);

    expect(result.code).toBe(2);
    expect(result.stderr).toMatch(says);
    expect(result.stderr).not.toMatch(/\n\s+at /);
  });

  it('calls a model by its name and shows what it answered, right or wrong', async () => {
    await run(['push', await file('called.onnx', GOOD)]);
    const body = await file('request.json', JSON.stringify({ inputs: [1, 2] }));

    const ready = await run(['invoke', 'called', '--path', '/ping']);
    const called = await run(['invoke', 'called', '--body', `@${body}`, '--json']);
    const wrong = await run(['invoke', 'called', '--body', '{}']);
    const nobody = await run(['invoke', 'nobody', '--path', 'ping']);

    expect(ready).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^200 OK \(called-v1\)\n/),
    });
    expect(JSON.parse(called.stdout)).toMatchObject({
      revision: 'called-v1',
      status: 200,
      body: { predictions: [11, 12] },
    });
    expect(wrong).toMatchObject({ code: 1, stdout: expect.stringMatching(/^400 /) });
    expect(nobody).toMatchObject({ code: 1, stdout: expect.stringMatching(/^404 Not Found\n/) });
  });

  it('looks at this machine, and says what is in the way with its fix', async () => {
    const good = await run(['doctor', '--json']);
    const bad = await run(['doctor', '--data', '/proc/slipway']);

    const findings: readonly { check: string; result: string }[] = JSON.parse(good.stdout);
    expect(good.code).toBe(0);
    expect(findings.map(({ check }) => check)).toEqual([
      'node',
      'data folder',
      'free disk',
      'port 8080',
      'port 8081',
      'walls',
      'python',
      'docker',
    ]);
    expect(bad.code).toBe(1);
    expect(bad.stdout).toMatch(
      /^fail {2}data folder +\/proc cannot be written to\n +→ Name another/m,
    );
  });

  it('asks for a name where the stem cannot be one', async () => {
    const pushed = await run(['push', await file('My Model.onnx', GOOD)]);

    expect(pushed.code).toBe(2);
    expect(pushed.stderr).toMatch(/`My Model` is no model name\n→ .*--name NAME/);
  });

  it('says how to start one when no Slipway runs', async () => {
    const status = await run(['status', '--data', join(folder.path, 'nowhere')]);

    expect(status.code).toBe(1);
    expect(status.stderr).toMatch(/no Slipway is running on .*nowhere\n→ Start one with/);
  });

  it('is not taken in by the file of a killed Slipway whose port is another’s now', async () => {
    const { control, gateway } = slipway;
    const left = await file('killed/instance.json', JSON.stringify({ pid: 1, control, gateway }));

    const status = await run(['status', '--data', join(left, '..')]);

    expect(status.code).toBe(1);
    expect(status.stderr).toMatch(/no Slipway is running on .*killed/);
  });

  it('shows its help and its version', async () => {
    expect(await run([])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^Usage: slipway/),
    });
    expect((await run(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it.each(['start', 'push', 'invoke', 'status', 'events', 'logs', 'doctor', 'uninstall'])(
    'has help with examples for %s',
    async (name) => {
      const help = await run([name, '--help']);

      expect(help.code).toBe(0);
      expect(help.stdout).toMatch(new RegExp(`Examples:\\n +slipway ${name}`));
    },
  );

  it('starts the demo, reads what was drawn, and finds it live the second time', async () => {
    const data = join(folder.path, 'demo');
    const args = [
      'start',
      '--demo',
      '--once',
      '--data',
      data,
      '--port',
      '0',
      '--control-port',
      '0',
    ];

    const first = await run(args);
    const second = await run([...args, '--json']);

    expect(first.code).toBe(0);
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

  it('moves to the next port when one is busy', async () => {
    const busy = new URL(slipway.gateway).port;
    const data = join(folder.path, 'moved');

    const { stdout } = await run([
      'start',
      '--demo',
      '--once',
      '--data',
      data,
      '--port',
      busy,
      '--control-port',
      busy,
    ]);

    const ports = [...stdout.matchAll(/^(?:gateway|control) .*:(\d+)$/gm)].map(([, port]) => port);
    expect(new Set([busy, ...ports]).size).toBe(3);
  });
});
