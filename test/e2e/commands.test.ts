import { mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runCli } from '../cli/run-cli.ts';
import { addConstantModel, unknownOperatorModel } from '../support/models/onnx.ts';
import { behaving } from '../support/servers/behaviour.ts';
import { runHere } from '../support/slipway/command-line.ts';
import { type RunningSlipway, startSlipway, temporaryFolder } from '../support/slipway/running.ts';

const GOOD = addConstantModel({ constant: 10 });
// A light model, for tests that do not call it.
const LIGHT = behaving('echoes', GOOD);
// A bake that nobody waits for: it is aborted.
const LONG_BAKE = 'rollout: { bakeSeconds: 3600 }\n';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let slipway: RunningSlipway;

beforeAll(async () => {
  folder = await temporaryFolder();
  slipway = await startSlipway(join(folder.path, 'data'), {
    hasAnyServer: true,
    config: { bakeSeconds: 0 },
  });
});

afterAll(async () => {
  await slipway[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

const run = (...args: readonly string[]) => runHere(...args, '--data', slipway.dataDir);

/** Runs a command as its user does, in a separate process. */
const runApart = (args: readonly string[], cwd = '.') =>
  runCli(args, { PATH: process.env['PATH'], SLIPWAY_DATA: slipway.dataDir }, cwd).result;

async function file(name: string, bytes: Uint8Array | string): Promise<string> {
  const path = join(folder.path, name);
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, bytes);
  return path;
}

let constant = 100;

/** Drops the next version of a model. */
function dropNext(model: string, manifest?: string): void {
  constant += 1;
  const key = `models/${model}/v${constant}.onnx`;
  if (manifest) slipway.drop(`${key}.yaml`, manifest);
  slipway.drop(key, behaving('echoes', addConstantModel({ constant })));
}

async function live(model: string, versions: number): Promise<void> {
  for (let version = 1; version <= versions; version += 1) {
    dropNext(model);
    await slipway.ending(model, version);
  }
}

/** Version 1 is live, and version 2 bakes. */
async function untilBaking(model: string): Promise<void> {
  await live(model, 1);
  dropNext(model, LONG_BAKE);
  await slipway.told(model, ({ data }) => data['bakeSeconds'] === 3600);
}

describe('slipway push', () => {
  it('uploads a file under its stem and follows it until it is live', async () => {
    const pushed = await runApart(['push', await file('shapes.onnx', GOOD)]);

    expect(pushed).toMatchObject({ code: 0, stderr: '' });
    expect(pushed.stdout).toMatch(/uploaded models\/shapes\/shapes\.onnx[\s\S]*Live +shapes v1/);
  });

  it('uploads a folder with its model.yaml last, and one without gets an empty one', async () => {
    await file('net/model.onnx', LIGHT);
    await file('net/notes.txt', 'hello');

    const pushed = await run('push', join(folder.path, 'net'), '--name', 'nets');

    expect(pushed.code).toBe(0);
    expect(pushed.stdout).toMatch(/uploaded models\/nets\/net\/notes\.txt[\s\S]*Live/);
    // This file is not one of the user's.
    expect(pushed.stdout).not.toContain('uploaded models/nets/net/model.yaml');
  });

  it('uploads a folder again, as its next version, without waiting for what is there', async () => {
    const path = join(await file('folder-twice/model.onnx', LIGHT), '..');
    await file('folder-twice/notes.txt', 'first');
    await run('push', path);
    await file('folder-twice/notes.txt', 'second');

    const pushed = await run('push', path);

    expect(pushed).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/Live +folder-twice v2/),
    });
  });

  it('uploads a folder without what was in it at the push before, which goes from the bucket too', async () => {
    const renamed = await file('renaming/weights/first.onnx', LIGHT);
    const path = join(renamed, '../..');
    await run('push', path);
    await rename(renamed, await file('renaming/second.onnx', ''));

    const pushed = await run('push', path);

    expect(pushed).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(
        /removed models\/renaming\/renaming\/weights\/first\.onnx, which is not in the folder[\s\S]*Live +renaming v2/,
      ),
    });
  });

  it('says of a folder that no version can come of before anything of it is sent', async () => {
    const path = join(await file('twins/one.onnx', LIGHT), '..');
    await file('twins/two.onnx', GOOD);
    await file('twins/notes.txt', 'which?');

    const pushed = await run('push', path);

    expect(pushed.code).toBe(1);
    expect(pushed.stdout).toBe('');
    expect(pushed.stderr).toMatch(
      /slipway: `one\.onnx` and `two\.onnx` are two models; .*\n→ Upload each under its own name/,
    );
    expect(await slipway.get('/objects?prefix=models/twins/')).toEqual({ keys: [] });
  });

  it('uploads the manifest beside a file before it', async () => {
    const path = await file('sided.onnx', LIGHT);
    await file('sided.onnx.yaml', 'exmaples: []\n');

    const pushed = await run('push', path);

    expect(pushed.code).toBe(1);
    expect(pushed.stdout).toMatch(/Rejected[\s\S]*did you mean `examples`/);
  });

  it('uploads the files behind links within the folder and leaves hidden ones behind, from inside the folder too', async () => {
    const path = await file('linked.d/notes.txt', 'hello');
    await file('linked.d/.git/config', 'secret');
    await file('linked.d/of/blob', LIGHT);
    await symlink('of/blob', join(path, '../model.onnx'));

    const pushed = await runApart(['push', '.', '--name', 'linked'], join(path, '..'));

    expect(pushed.code).toBe(0);
    expect(pushed.stdout.match(/(?<=uploaded models\/linked\/)\S+/g)?.toSorted()).toEqual([
      'linked.d/model.onnx',
      'linked.d/notes.txt',
      'linked.d/of/blob',
    ]);
  });

  it('uploads nothing of a folder with a link that leads out of it', async () => {
    const path = await file('leaks.d/model.onnx', LIGHT);
    await symlink(await file('credentials', 'secret'), join(path, '../data.txt'));

    const pushed = await runApart(['push', join(path, '..'), '--name', 'leaks']);

    expect(pushed.code).toBe(2);
    expect(pushed.stderr).toMatch(
      /data\.txt is a link to \S+credentials, which is not in leaks\.d\n→ /,
    );
    expect(pushed.stdout).toBe('');
  });

  it('answers the terminal event alone as JSON, and 1 when the model is not live', async () => {
    const bad = await file('bad.onnx', unknownOperatorModel());

    const pushed = await runApart(['push', bad, '--json']);

    expect(pushed.code).toBe(1);
    expect(JSON.parse(pushed.stdout)).toMatchObject({
      'detail-type': 'Deployment State Change',
      detail: { model: 'bad', state: 'Failed', reason: expect.stringMatching(/Mystery/) },
    });
  });

  it('answers 0 for the same bytes again, which change nothing', async () => {
    const path = await file('again.onnx', LIGHT);
    await run('push', path);

    const pushed = await run('push', path);

    expect(pushed.code).toBe(0);
    expect(pushed.stdout).toMatch(/Ignored[\s\S]*again-v1, which is live/);
  });
});

it('slipway status, events and logs show what they say, each as JSON too', async () => {
  await run('push', await file('shown.onnx', GOOD));

  const status = await run('status', '--json');
  const events = await run('events', '--model', 'shown', '--json');
  const logs = await run('logs', 'shown', '--json');

  expect(JSON.parse(status.stdout).models).toEqual(
    expect.arrayContaining([expect.objectContaining({ name: 'shown' })]),
  );
  const states = events.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).detail.state);
  expect(states.at(-1)).toBe('Live');
  expect(JSON.parse(logs.stdout)).toMatchObject({ revision: 'shown-v1' });
  expect((await run('status')).stdout).toMatch(/shown +v1 live on lambda +http:\/\/127/);
  expect((await run('events', '--model', 'shown')).stdout).toMatch(/Admitted +shown v1/);
  expect((await run('logs', 'shown')).stdout).toMatch(/shown is ready/);
});

it('slipway invoke calls a model by its name and shows what it answered, right or wrong', async () => {
  await run('push', await file('called.onnx', GOOD));
  const body = await file('request.json', JSON.stringify({ inputs: [1, 2] }));

  const ready = await run('invoke', 'called', '--path', '/ping');
  const called = await run('invoke', 'called', '--body', `@${body}`, '--json');
  const rows = await run('invoke', 'called', '--body', `@${await file('rows.csv', '1\n2\n')}`);
  const typed = await run('invoke', 'called', '[1, 2]');
  const nothing = await run('invoke', 'called', '--body', '@-');
  const wrong = await run('invoke', 'called', '--body', '{}');
  const nobody = await run('invoke', 'nobody', '--path', 'ping');

  expect(ready).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^200 OK \(called-v1\)\n/),
  });
  expect(JSON.parse(called.stdout)).toMatchObject({
    revision: 'called-v1',
    status: 200,
    body: { predictions: [11, 12] },
  });
  expect(rows.stdout).toContain('{"predictions":[11,12]}');
  expect(typed.stdout).toContain('{"predictions":[11,12]}');
  expect(nothing.stdout).toContain('it is empty');
  expect(wrong).toMatchObject({ code: 1, stdout: expect.stringMatching(/^400 /) });
  expect(nobody).toMatchObject({ code: 1, stdout: expect.stringMatching(/^404 Not Found\n/) });
});

it('slipway doctor looks at this machine, and says what is in the way with its fix', async () => {
  const good = await run('doctor', '--json');
  const bad = await runHere('doctor', '--data', '/proc/slipway');

  const findings: readonly { check: string; result: string }[] = JSON.parse(good.stdout);
  expect(good.code).toBe(0);
  expect(findings.map(({ check }) => check)).toEqual([
    'node',
    'data folder',
    'registry',
    'free disk',
    'slipway',
    `port ${new URL(slipway.gateway).port}`,
    `port ${new URL(slipway.control).port}`,
    'walls',
    'bash',
    'python',
    'docker',
  ]);
  const own = findings.filter(({ check }) => check === 'slipway' || check.startsWith('port'));
  expect(own).toEqual([
    expect.objectContaining({
      result: 'ok',
      says: expect.stringMatching(
        `^runs as process ${slipway.process.pid}; its model servers hold \\d+ of the [\\d,]+ MiB that they may$`,
      ),
    }),
    expect.objectContaining({ result: 'ok', says: 'its gateway answers' }),
    expect.objectContaining({ result: 'ok', says: 'its control API answers' }),
  ]);
  expect(bad.code).toBe(1);
  expect(bad.stdout).toMatch(/^ok {4}slipway +none runs with this data folder$/m);
  expect(bad.stdout).toMatch(/^(ok|warn) +port 8080 +(free|held by )/m);
  expect(bad.stdout).toMatch(/^fail {2}data folder +\/proc is not writable\n +→ Name another/m);
});

// rollback.test.ts tests these on each target.
describe('slipway rollback, abort and undeploy', () => {
  it('rollback aborts a deployment that is under way instead', async () => {
    await untilBaking('busy');

    const { code, stdout } = await run('rollback', 'busy');

    expect(code).toBe(0);
    expect(stdout).toMatch(
      /the deployment of version 2 is aborted[\s\S]*RolledBack +busy v2\n +aborted by slipway rollback\nbusy v1 is live/,
    );
    expect(stdout).not.toMatch(/Admitted/);
  });

  it('abort gives up a deployment and leaves what is live', async () => {
    await untilBaking('given');

    const aborted = await run('abort', 'given');
    const again = await run('abort', 'given');

    expect(aborted.code).toBe(0);
    expect(aborted.stdout).toMatch(/aborted by slipway abort\ngiven v1 is live/);
    expect(again).toMatchObject({ code: 1, stdout: expect.stringMatching(/^no deployment of/) });
  });

  it.each([
    ['rollback', 'sole', 'sole has no version to go back to'],
    ['abort', 'only', 'no deployment of only is under way'],
  ])(
    '%s answers 1 where there is nothing to do, and says so in JSON too',
    async (command, model, says) => {
      await live(model, 1);

      const { code, stdout } = await run(command, model);
      const json = await run(command, model, '--json');

      expect({ code, says: stdout.split('\n')[0] }).toEqual({ code: 1, says });
      expect(json.code).toBe(1);
      expect(JSON.parse(json.stdout)).toMatchObject({
        ...{ kind: 'nothing', says, end: null },
        live: { version: 1 },
      });
    },
  );

  it('undeploy says what goes, and removes nothing where it cannot ask', async () => {
    await live('kept', 1);

    const { code, stdout, stderr } = await run('undeploy', 'kept');

    expect(code).toBe(2);
    expect(stdout).toMatch(/removes its endpoint http\S+kept\n {2}removes kept-v1 on lambda, Live/);
    expect(stderr).toMatch(/nothing was removed\n→ Use --yes/);
    expect((await fetch(`${slipway.gateway}/models/kept/ping`)).status).toBe(200);
  });

  it('undeploy takes a model away when it is told to', async () => {
    await live('gone', 2);

    const { code, stdout } = await run('undeploy', 'gone', '--yes');

    expect(code).toBe(0);
    expect(stdout).toMatch(/Undeployed +gone\n[\s\S]*nothing of gone is live/);
    expect((await fetch(`${slipway.gateway}/models/gone/ping`)).status).toBe(404);
    expect((await run('versions', 'gone')).stdout.match(/Removed/g)).toHaveLength(2);
    expect((await run('undeploy', 'gone', '--yes')).stdout).not.toContain('removes its endpoint');
    expect((await run('status')).stdout).toMatch(/^gone +undeployed$/m);
  });

  it('undeploy has a name whose uploads were all refused go from the status', async () => {
    slipway.drop('models/misfit/a.onnx', 'no model');
    await slipway.ending('misfit', 1);
    const before = await run('status');

    const { code, stdout } = await run('undeploy', 'misfit', '--yes');

    expect(before.stdout).toMatch(/^misfit +nothing live$/m);
    expect(code).toBe(0);
    expect(stdout).toMatch(/Undeployed +misfit\n/);
    expect((await run('status')).stdout).not.toContain('misfit');
    expect((await run('undeploy', 'misfit', '--yes')).stdout).toContain('has nothing deployed\n');
  });
});

it('slipway versions and explain show a table of what went live, and the decision of one', async () => {
  await live('told', 2);

  const versions = await run('versions', 'told');
  const explained = await run('explain', 'told', '--version', '1');
  const json = await run('explain', 'told', '--json');

  expect(versions.stdout).toMatch(
    /^VERSION +STATE +TARGET +LIVE SINCE \(UTC\) +ARTIFACT\nv2 +Live +lambda +\S+ \S+ +v\d+\.onnx\nv1 +Retired +lambda/,
  );
  expect(explained.stdout).toMatch(
    /^told v1 on lambda, not live +\(deployment \w{32}: it went Live\)\nstate +Retired; v2 is live\. /,
  );
  expect(explained.stdout).toMatch(/\nproven by +a request of zeros/);
  expect(explained.stdout).toMatch(/\n\* lambda +1,769 +1\.00 +~\d+ +0\.00 +fits in/);
  expect(explained.stdout).toMatch(/\n {2}fargate .*lambda costs less while idle/);
  // No build loads an ONNX file here, so its own server is measured, while it is live.
  const measured = (await run('explain', 'told')).stdout;
  expect(measured).toMatch(/\nMeasured: \d[\d.]* ms on one vCPU, /);
  expect(measured).toMatch(/\nIts own server was measured once it was live/);
  expect(JSON.parse(json.stdout)).toMatchObject({ version: 2, shift: { previous: 'told-v1' } });
});
