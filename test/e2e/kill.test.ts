import { readFileSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
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

const GOOD = addConstantModel({ constant: 20 });
const BROKEN = unknownOperatorModel();

async function deployment(slipway: RunningSlipway) {
  const { newest } = (await slipway.get('/models/shapes')) as { newest: { id: string } };
  return (await slipway.get(`/deployments/${newest.id}`)) as {
    phase: string;
    endedAtMs: number | null;
  };
}

/** Deploys v1, drops v2, and waits until the kernel has killed Slipway at that moment of v2's deployment. */
async function dieDuring(dataDir: string, dieAt: string): Promise<void> {
  await using doomed = await startSlipway(dataDir, { dieAt });
  // Only a roll back needs a bake that lasts.
  if (!dieAt.startsWith('RollBack')) doomed.drop(`${KEY}.yaml`, 'rollout: { bakeSeconds: 0 }\n');
  doomed.drop(KEY, addConstantModel({ constant: 10 }));
  await doomed.ending('shapes', 1);
  await eventually(async () => (await deployment(doomed)).endedAtMs !== null);

  doomed.drop(KEY, dieAt.startsWith('Compensate') ? BROKEN : GOOD);
  if (dieAt.startsWith('RollBack')) await sabotage(dataDir);
  await eventually(() => doomed.process.signalCode === 'SIGKILL');
}

/** Takes the candidate's files and processes away as soon as it has traffic, so that its bake breaks. */
async function sabotage(dataDir: string): Promise<void> {
  const folder = join(dataDir, 'revisions', 'shapes-v2');
  const events = () => readFileSync(join(dataDir, 'events.ndjson'), 'utf8').split('\n');
  await eventually(() =>
    events().some((line) => line.includes('"version":2') && line.includes('"state":"Baking"')),
  );
  for (const file of await readdir(folder, { recursive: true })) {
    if (file.endsWith('.onnx')) await rm(join(folder, file));
  }
  for (const pid of processesOf(folder)) process.kill(pid, 'SIGKILL');
}

/** Resolves once v1 or v2 answers. */
async function answering(slipway: RunningSlipway): Promise<void> {
  await eventually(async () => {
    const response = await slipway.infer('shapes', REQUEST).catch(() => undefined);
    return response?.status === 200;
  });
}

// Processes are served without an image; a kill in a build is in test/docker.
const BUILDS: readonly string[] = ['BuildImage', 'ExplainBuild'];

const MOMENTS = Object.entries(deployStates)
  .filter(([state, { Type }]) => Type === 'Task' && !BUILDS.includes(state))
  .flatMap(([state]) => [`${state} begins`, `${state} ended`]);

describe('a Slipway that is killed in the middle of an upgrade', () => {
  it.each(MOMENTS)('takes it up again when it was killed as %s', async (dieAt) => {
    await using folder = await temporaryFolder();
    await dieDuring(folder.path, dieAt);
    await eventually(() => processesOf(folder.path).length === 0);

    await using slipway = await startSlipway(folder.path);
    await answering(slipway);
    const end = await slipway.ending('shapes', 2);
    await eventually(async () => (await deployment(slipway)).endedAtMs !== null);

    await expectConsistent(slipway, end);
    await slipway.stop();
    expect(processesOf(folder.path)).toEqual([]);
  });

  it('leaves no model server behind that was busy inside a run', async () => {
    await using folder = await temporaryFolder();
    await using slipway = await startSlipway(folder.path);
    slipway.drop('models/slow/model.onnx', slowModel({ seconds: 30 }));
    await eventually(() => processesOf(folder.path).length > 0);
    await eventually(async () =>
      (await slipway.events('slow')).some(({ detail }) => detail.state === 'Provisioning'),
    );

    await slipway.kill();

    await eventually(() => processesOf(folder.path).length === 0);
    drop(folder.path, 'models/other/model.onnx', GOOD);
    await using restarted = await startSlipway(folder.path);
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

  expect(
    endings.filter(({ detail }) => detail.deploymentId === end.detail.deploymentId),
  ).toHaveLength(1);
  expect(['Live', 'Failed', 'RolledBack']).toContain(end.detail.state);
  expect(await slipway.get('/models/shapes')).toMatchObject({ live: { revision } });
  expect(response.headers.get('x-slipway-revision')).toBe(revision);
  const candidate = await fetch(`${slipway.gateway}/_candidate/shapes-v2/ping`);
  expect(candidate.status).toBe(isLive ? 200 : 404);
}
