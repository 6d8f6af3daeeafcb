import { call, clients, kinds } from '../support/clients.ts';
import { eventually } from '../support/eventually.ts';
import { addConstantModel } from '../support/onnx-models.ts';
import { isAlive } from '../support/processes.ts';
import {
  processesOf,
  type RunningSlipway,
  servedIn,
  startSlipway,
  temporaryFolder,
} from '../support/running-slipway.ts';

const KEY = 'models/shapes/model.onnx';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let slipway: RunningSlipway;

beforeEach(async () => {
  folder = await temporaryFolder();
  slipway = await startSlipway(folder.path);
});

afterEach(async () => {
  await slipway[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

it('a replica that is killed under load costs no request, and is started again', async () => {
  slipway.drop(`${KEY}.yaml`, 'placement: { target: fargate }\nscaling: { min: 2 }\n');
  slipway.drop(KEY, addConstantModel({ constant: 10 }));
  await slipway.ending('shapes', 1);
  const first = processesOf(folder.path);
  const load = clients(slipway, 'shapes', { count: 8, pauseMs: 0 });
  await load.more(100);

  for (const [index, pid] of first.entries()) {
    process.kill(pid, 'SIGKILL');
    // The other one is not killed before this one's successor serves: nobody would be left.
    await eventually(async () => (await startsSoFar()) === first.length + index + 1);
    await load.more(200);
  }
  await load.stop();

  expect(first).toHaveLength(2);
  expect(kinds(load.answers)).toEqual(['200 shapes-v1 11,12']);
  process.stdout.write(`${load.answers.length} requests, 2 replicas killed, 0 lost\n`);
});

it('a replica that hangs under load is replaced, and its requests are answered by the other', async () => {
  slipway.drop(`${KEY}.yaml`, 'placement: { target: fargate }\nscaling: { min: 2 }\n');
  slipway.drop(KEY, addConstantModel({ constant: 10 }));
  await slipway.ending('shapes', 1);
  const [hung = 0, other] = processesOf(folder.path);
  const load = clients(slipway, 'shapes', { count: 8, pauseMs: 0 });
  await load.more(100);

  process.kill(hung, 'SIGSTOP');
  const stoppedMs = performance.now();
  await eventually(async () => (await startsSoFar()) === 3);
  const seconds = Math.round((performance.now() - stoppedMs) / 1000);
  await load.more(200);
  await load.stop();

  expect(kinds(load.answers)).toEqual(['200 shapes-v1 11,12']);
  expect(isAlive(hung)).toBe(false);
  const now = processesOf(folder.path);
  expect(now).toHaveLength(2);
  expect(now).toContain(other);
  expect(await lines()).toContain(
    'slipway: the model server of shapes-v1 did not answer its health check 4 times',
  );
  process.stdout.write(
    `${load.answers.length} requests, a hung replica replaced in ${seconds} s\n`,
  );
});

/** How many of the model's servers have ever said that they are ready. */
async function startsSoFar(): Promise<number> {
  return (await lines()).filter((line) => line.includes('is ready')).length;
}

async function lines(): Promise<readonly string[]> {
  const log = (await slipway.get('/models/shapes/logs')) as { lines: readonly string[] };
  return log.lines;
}

it('a model moves from lambda to fargate and back under load, behind one URL', async () => {
  slipway.drop(`${KEY}.yaml`, 'placement: { target: lambda }\n');
  slipway.drop(KEY, addConstantModel({ constant: 10 }));
  await slipway.ending('shapes', 1);
  const load = clients(slipway, 'shapes', { count: 3, pauseMs: 0 });
  await load.more(50);

  for (const [index, target] of ['fargate', 'lambda'].entries()) {
    slipway.drop(`${KEY}.yaml`, `placement: { target: ${target} }\n`);
    slipway.drop(KEY, addConstantModel({ constant: 10 }));
    expect((await slipway.ending('shapes', index + 2)).detail.state).toBe('Live');
    expect(await slipway.get('/models/shapes')).toMatchObject({ live: { target } });
    await load.more(50);
  }
  await eventually(() => servedIn(folder.path).join() === 'shapes-v3');
  await load.more(50);
  await load.stop();

  expect(kinds(load.answers)).toEqual([1, 2, 3].map((version) => `200 shapes-v${version} 11,12`));
  expect(await call(slipway, 'shapes')).toMatchObject({ revision: 'shapes-v3' });
  process.stdout.write(`${load.answers.length} requests, 2 moves between targets, 0 lost\n`);
});
