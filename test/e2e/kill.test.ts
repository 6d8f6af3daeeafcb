import { readFileSync } from 'node:fs';
import { cp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { SlipwayEvent } from '#domain/event.ts';
import { deployStates } from '../support/deploy-asl.ts';
import { eventually } from '../support/eventually.ts';
import { addConstantModel, slowModel, unknownOperatorModel } from '../support/onnx-models.ts';
import {
  drop,
  isEnding,
  processesOf,
  type RunningSlipway,
  startSlipway,
  temporaryFolder,
} from '../support/running-slipway.ts';

const KEY = 'models/shapes/model.onnx';
const REQUEST = { inputs: [{ name: 'x', datatype: 'FP32', shape: [2], data: [1, 2] }] };
const RECOVERY_MS = 3000;

const GOOD = addConstantModel({ constant: 20 });
const BROKEN = unknownOperatorModel();

/** A data folder in which v1 of the model is live, made once and copied for each case. */
let template: Awaited<ReturnType<typeof temporaryFolder>>;

beforeAll(async () => {
  template = await temporaryFolder();
  const slipway = await startSlipway(template.path);
  slipway.drop(KEY, addConstantModel({ constant: 10 }));
  await slipway.ending('shapes', 1);
  await eventually(async () => (await deployment(slipway)).endedAtMs !== null);
  await slipway.stop();
});

afterAll(() => template[Symbol.asyncDispose]());

async function deployment(slipway: RunningSlipway) {
  const { newest } = (await slipway.get('/models/shapes')) as { newest: { id: string } };
  return (await slipway.get(`/deployments/${newest.id}`)) as { phase: string; endedAtMs: number | null };
}

/** Starts on a copy of the template, drops v2, and waits until the kernel has killed Slipway at that moment. */
async function dieDuring(dataDir: string, dieAt: string, onBaking: () => Promise<void>): Promise<void> {
  const doomed = await startSlipway(dataDir, { dieAt });
  const isDead = () => doomed.process.signalCode === 'SIGKILL';
  const isBad = ['RollBack', 'Compensate'].some((state) => dieAt.startsWith(state));
  doomed.drop(KEY, dieAt.startsWith('Compensate') ? BROKEN : GOOD);
  if (isBad) void onBaking();
  await eventually(isDead);
}

/** Takes the candidate's files and processes away as soon as it has traffic, so that its bake breaks. */
async function sabotage(dataDir: string): Promise<void> {
  const folder = join(dataDir, 'revisions', 'shapes-v2');
  const events = join(dataDir, 'events.ndjson');
  await eventually(() => readFileSync(events, 'utf8').includes('"state":"Baking"'));
  const files = await readdir(folder, { recursive: true });
  for (const file of files.filter((name) => name.endsWith('.onnx'))) await rm(join(folder, file));
  for (const pid of processesOf(join(dataDir, 'revisions', 'shapes-v2'))) process.kill(pid, 'SIGKILL');
}

/** When v1 or v2 answers right, in ms since `sinceMs`. */
async function answering(slipway: RunningSlipway, sinceMs: number): Promise<number> {
  return eventually(async () => {
    const response = await slipway.infer('shapes', REQUEST).catch(() => undefined);
    return response?.status === 200 && performance.now() - sinceMs;
  });
}

const MOMENTS = Object.entries(deployStates)
  .filter(([, { Type }]) => Type === 'Task')
  .flatMap(([state]) => [`${state} begins`, `${state} ended`]);

describe('a Slipway that is killed in the middle of an upgrade', () => {
  it.each(MOMENTS)('takes it up again when it was killed as %s', async (dieAt) => {
    await using folder = await temporaryFolder();
    await cp(template.path, folder.path, { recursive: true });
    await dieDuring(folder.path, dieAt, () => sabotage(folder.path));
    await eventually(() => processesOf(folder.path).length === 0);

    const restartedAt = performance.now();
    const slipway = await startSlipway(folder.path);
    const servingMs = await answering(slipway, restartedAt);
    const end = await slipway.ending('shapes', 2);
    await eventually(async () => (await deployment(slipway)).endedAtMs !== null);

    expect(servingMs).toBeLessThan(RECOVERY_MS);
    await expectConsistent(slipway, end);
    await slipway.stop();
    expect(processesOf(folder.path)).toEqual([]);
  });

  it('leaves no model server behind that was busy inside a run', async () => {
    await using folder = await temporaryFolder();
    const slipway = await startSlipway(folder.path);
    slipway.drop('models/slow/model.onnx', slowModel({ seconds: 30 }));
    await eventually(() => processesOf(folder.path).length > 0);
    await eventually(async () => (await slipway.events('slow')).some(({ detail }) => detail.state === 'Provisioning'));

    await slipway.kill();

    await eventually(() => processesOf(folder.path).length === 0);
    drop(folder.path, 'models/other/model.onnx', GOOD);
    const restarted = await startSlipway(folder.path);
    expect((await restarted.ending('other', 1)).detail.state).toBe('Live');
    await restarted.kill();
  });
});

/** One terminal event of v2, and endpoint, live pointer and revisions that agree with it. */
async function expectConsistent(slipway: RunningSlipway, end: SlipwayEvent): Promise<void> {
  const isLive = end.detail.state === 'Live';
  const revision = isLive ? 'shapes-v2' : 'shapes-v1';
  const endings = (await slipway.events('shapes')).filter(isEnding);
  const response = await slipway.infer('shapes', REQUEST);

  expect(endings.filter(({ detail }) => detail.deploymentId === end.detail.deploymentId)).toHaveLength(1);
  expect(['Live', 'Failed', 'RolledBack']).toContain(end.detail.state);
  expect(await slipway.get('/models/shapes')).toMatchObject({ live: { revision } });
  expect(response.headers.get('x-slipway-revision')).toBe(revision);
  const candidate = await fetch(`${slipway.gateway}/_candidate/shapes-v2/ping`);
  expect(candidate.status).toBe(isLive ? 200 : 404);
}
