import { eventually } from '../support/clock/eventually.ts';
import { isAlive } from '../support/local/processes.ts';
import { addConstantModel } from '../support/models/onnx.ts';
import { call, clients, kinds } from '../support/slipway/clients.ts';
import {
  processesOf,
  type RunningSlipway,
  servedIn,
  startSlipway,
  temporaryFolder,
} from '../support/slipway/running.ts';

const LOOK_MS = 250;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let slipway: RunningSlipway;

beforeAll(async () => {
  folder = await temporaryFolder();
  slipway = await startSlipway(folder.path, { hasAnyServer: true, config: { bakeSeconds: 0 } });
});

afterAll(async () => {
  await slipway[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

/** Deploys a model on two replicas; answers their processes. */
async function twoReplicas(model: string): Promise<readonly number[]> {
  const key = `models/${model}/model.onnx`;
  slipway.drop(`${key}.yaml`, 'placement: { target: fargate }\nscaling: { min: 2 }\n');
  slipway.drop(key, addConstantModel({ constant: 10 }));
  await slipway.ending(model, 1);
  return replicasOf(model);
}

const replicasOf = (model: string) => processesOf(`${folder.path}/revisions/${model}-v1/`);

it('a replica that is killed under load costs no request, and is started again', async () => {
  const first = await twoReplicas('killed');
  const load = clients(slipway, 'killed', { count: 8, pauseMs: 10 });
  await load.more(100);

  for (const [index, pid] of first.entries()) {
    process.kill(pid, 'SIGKILL');
    await load.more(200);
    load.pauseFor(100);
    // The other one is not killed before this one's successor serves: nobody would be left.
    await eventually(async () => (await startsOf('killed')) === first.length + index + 1, LOOK_MS);
    load.pauseFor(10);
  }
  await load.more(100);
  await load.stop();

  expect(first).toHaveLength(2);
  expect(kinds(load.answers)).toEqual(['200 killed-v1 11,12']);
});

it('a replica that hangs under load is replaced, and its requests are answered by the other', async () => {
  const [hung = 0, other] = await twoReplicas('hung');
  const load = clients(slipway, 'hung', { count: 8, pauseMs: 10 });
  await load.more(100);

  process.kill(hung, 'SIGSTOP');
  await load.more(200);
  load.pauseFor(500);
  await eventually(async () => (await startsOf('hung')) === 3, LOOK_MS);
  load.pauseFor(10);
  await load.more(200);
  await load.stop();

  expect(kinds(load.answers)).toEqual(['200 hung-v1 11,12']);
  expect(isAlive(hung)).toBe(false);
  const now = replicasOf('hung');
  expect(now).toHaveLength(2);
  expect(now).toContain(other);
  expect((await lines('hung')).join('\n')).toMatch(
    /^\S+Z slipway: the model server of hung-v1 failed its health check 4 times$/m,
  );
});

/** How many of the model's servers have ever said that they are ready. */
async function startsOf(model: string): Promise<number> {
  return (await lines(model)).filter((line) => line.includes('is ready')).length;
}

async function lines(model: string): Promise<readonly string[]> {
  const log = (await slipway.get(`/models/${model}/logs`)) as { lines: readonly string[] };
  return log.lines;
}

it('a model moves from lambda to fargate and back under load, behind one URL', async () => {
  const key = 'models/moved/model.onnx';
  slipway.drop(`${key}.yaml`, 'placement: { target: lambda }\n');
  slipway.drop(key, addConstantModel({ constant: 10 }));
  await slipway.ending('moved', 1);
  const load = clients(slipway, 'moved', { count: 3, pauseMs: 10 });
  await load.more(50);

  for (const [index, target] of ['fargate', 'lambda'].entries()) {
    slipway.drop(`${key}.yaml`, `placement: { target: ${target} }\n`);
    slipway.drop(key, addConstantModel({ constant: 10 }));
    expect((await slipway.ending('moved', index + 2)).detail.state).toBe('Live');
    expect(await slipway.get('/models/moved')).toMatchObject({ live: { target } });
    await load.more(50);
  }
  await eventually(() => !servedIn(folder.path).some((it) => /^moved-v[12]$/.test(it)));
  await load.more(50);
  await load.stop();

  expect(kinds(load.answers)).toEqual([1, 2, 3].map((version) => `200 moved-v${version} 11,12`));
  expect(await call(slipway, 'moved')).toMatchObject({ revision: 'moved-v3' });
});
