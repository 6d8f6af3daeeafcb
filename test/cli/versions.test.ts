import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { eventually } from '../support/eventually.ts';
import { addConstantModel } from '../support/onnx-models.ts';
import { startSlipway, temporaryFolder } from '../support/running-slipway.ts';
import { runCli } from './run-cli.ts';

const LONG_BAKE = 'rollout: {bakeSeconds: 600}\n';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let slipway: Awaited<ReturnType<typeof startSlipway>>;
let constant = 0;

beforeAll(async () => {
  folder = await temporaryFolder();
  slipway = await startSlipway(join(folder.path, 'data'));
});

afterAll(async () => {
  await slipway[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

const run = (...args: readonly string[]) =>
  runCli(args, { PATH: process.env['PATH'], SLIPWAY_DATA: slipway.dataDir }).result;

/** Drops the next version of a model. */
function dropNext(model: string, manifest?: string): void {
  constant += 1;
  const key = `models/${model}/v${constant}.onnx`;
  if (manifest) slipway.drop(`${key}.yaml`, manifest);
  slipway.drop(key, addConstantModel({ constant }));
}

async function live(model: string, versions: number): Promise<void> {
  for (let version = 1; version <= versions; version += 1) {
    dropNext(model);
    await slipway.ending(model, version);
  }
}

/** What the model's endpoint answers for 0: its version's constant. */
async function answerOf(model: string): Promise<number> {
  const inputs = [{ name: 'x', datatype: 'FP32', shape: [1], data: [0] }];
  const response = await slipway.infer(model, { inputs });
  const { outputs } = (await response.json()) as { outputs: [{ data: [number] }] };
  return outputs[0].data[0];
}

const isBaking = (model: string) =>
  eventually(async () =>
    (await slipway.events(model)).some(({ detail }) => detail.data['bakeSeconds'] === 600),
  );

describe('slipway rollback', () => {
  it('makes the version before live again within 5 s, and that after it by another one', async () => {
    await live('back', 2);
    const newest = await answerOf('back');
    const startedAtMs = performance.now();

    const back = await run('rollback', 'back');
    const tookMs = performance.now() - startedAtMs;
    const before = await answerOf('back');
    const forth = await run('rollback', 'back', '--json');

    expect(back.code).toBe(0);
    expect(back.stdout).toMatch(
      /^back goes back to version 1\n[\s\S]*Live +back v1[\s\S]*\nback v1 is live on lambda +http/,
    );
    expect(tookMs).toBeLessThan(5000);
    expect(before).toBe(newest - 1);
    expect(JSON.parse(forth.stdout)).toMatchObject({
      end: { detail: { state: 'Live', version: 2 } },
      live: { version: 2 },
    });
    expect(await answerOf('back')).toBe(newest);
  });

  it('aborts a deployment that is under way instead', async () => {
    await live('busy', 1);
    dropNext('busy', LONG_BAKE);
    await isBaking('busy');

    const { code, stdout } = await run('rollback', 'busy');

    expect(code).toBe(0);
    expect(stdout).toMatch(
      /version 2, which is under way, is aborted[\s\S]*RolledBack +busy v2\n +aborted by slipway rollback\nbusy v1 is live/,
    );
    expect(stdout).not.toMatch(/Admitted/);
  });

  it('does nothing, and says so, where there is nothing to go back to', async () => {
    await live('single', 1);

    const { code, stdout } = await run('rollback', 'single');

    expect(code).toBe(0);
    expect(stdout).toMatch(/^single has no version to go back to\nsingle v1 is live/);
  });
});

describe('slipway abort', () => {
  it('gives up a deployment and leaves what is live', async () => {
    await live('given', 1);
    dropNext('given', LONG_BAKE);
    await isBaking('given');

    const aborted = await run('abort', 'given');
    const again = await run('abort', 'given');

    expect(aborted.code).toBe(0);
    expect(aborted.stdout).toMatch(/aborted by slipway abort\ngiven v1 is live/);
    expect(again).toMatchObject({ code: 0, stdout: expect.stringMatching(/^no deployment of/) });
  });
});

describe('slipway versions and explain', () => {
  it('show a table of what went live, and the decision of one', async () => {
    await live('told', 2);

    const versions = await run('versions', 'told');
    const explained = await run('explain', 'told', '--version', '1');
    const json = await run('explain', 'told', '--json');

    expect(versions.stdout).toMatch(
      /^VERSION +STATE +TARGET +LIVE SINCE \(UTC\) +ARTIFACT\nv2 +Live +lambda +\S+ \S+ +v\d+\.onnx\nv1 +Retired +lambda/,
    );
    expect(explained.stdout).toMatch(/^told v1 on lambda +\(deployment \w{32}: Live\)\n/);
    expect(explained.stdout).toMatch(/\nproven by +a request of zeros/);
    expect(explained.stdout).toMatch(/\n\* lambda +1,769 +1\.00 +0\.00 +fits in/);
    expect(explained.stdout).toMatch(/\n {2}fargate .*lambda costs less while idle/);
    expect(JSON.parse(json.stdout)).toMatchObject({ version: 2, shift: { previous: 'told-v1' } });
  });
});

describe('slipway undeploy', () => {
  it('says what goes, and removes nothing where it cannot ask', async () => {
    await live('kept', 1);

    const { code, stdout, stderr } = await run('undeploy', 'kept');

    expect(code).toBe(2);
    expect(stdout).toMatch(/removes its endpoint http\S+kept\n {2}removes kept-v1 on lambda, Live/);
    expect(stderr).toMatch(/nothing was removed\n→ Say --yes/);
    expect(await answerOf('kept')).toBe(constant);
  });

  it('takes a model away when it is told to', async () => {
    await live('gone', 2);

    const { code, stdout } = await run('undeploy', 'gone', '--yes');

    expect(code).toBe(0);
    expect(stdout).toMatch(/Undeployed +gone\n[\s\S]*nothing of gone is live/);
    expect((await fetch(`${slipway.gateway}/models/gone/ping`)).status).toBe(404);
    expect((await run('versions', 'gone')).stdout.match(/Removed/g)).toHaveLength(2);
    expect((await run('status')).stdout).toMatch(/^gone +undeployed$/m);
  });
});

it.each([
  { args: ['rollback', 'nobody'], says: /no model nobody/ },
  { args: ['rollback', 'nobody', '--to', 'one'], says: /a whole number is needed/ },
  { args: ['abort', 'nobody'], says: /no model nobody/ },
  { args: ['undeploy', 'nobody', '--yes'], says: /no model nobody/ },
  { args: ['versions', 'nobody'], says: /no model nobody/ },
  { args: ['explain', 'nobody'], says: /no model nobody/ },
  { args: ['start', '--webhook', 'http://127.0.0.1:1/'], says: /a webhook needs a secret/ },
])('slipway $args answers 2 and says why', async ({ args, says }) => {
  const { code, stderr } = await run(...args);

  expect(code).toBe(2);
  expect(stderr).toMatch(says);
});

it('slipway start posts each event to its webhooks', async () => {
  await using data = await temporaryFolder();
  const states: string[] = [];
  const server = createServer(async (request, response) => {
    states.push(JSON.parse((await request.toArray()).join('')).detail.state);
    response.writeHead(204).end();
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as { port: number };
  const args = ['start', '--data', data.path, '--port', '0', '--control-port', '0'];
  const running = runCli([...args, '--webhook', `http://127.0.0.1:${port}/`], {
    PATH: process.env['PATH'],
    SLIPWAY_WEBHOOK_SECRET: `whsec_${Buffer.alloc(32, 1).toString('base64')}`,
  });
  await eventually(() => running.output().includes('serving until'));
  await writeFile(join(data.path, 'm.onnx'), addConstantModel({ constant: 1 }));

  await runCli(['push', join(data.path, 'm.onnx'), '--data', data.path], {
    PATH: process.env['PATH'],
  }).result;
  await eventually(() => states.includes('Live'));
  running.interrupt();
  await running.result;
  server.closeAllConnections();
  server.close();

  expect(states[0]).toBe('Admitted');
});
