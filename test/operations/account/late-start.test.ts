import type { ObjectCreated } from '#domain/workflow.ts';
import { startIfLate } from '#operations/account/late-start.ts';
import { startLostUploads } from '#steps/sweep-uploads.ts';
import { BUCKET, idOf, memoryWorld } from '../../support/worlds/memory.ts';

async function uploaded() {
  const world = memoryWorld();
  const event = world.upload();
  const { key, 'version-id': versionId = '' } = event.detail.object;
  const upload = { key, versionId, sizeBytes: 1, deploymentId: await idOf(event) };
  const { registry, executions } = world;
  const sleep = async (ms: number) => world.clock.advance(ms);
  return { world, event, upload, deps: { registry, executions, bucket: BUCKET, sleep } };
}

describe('an upload that S3 tells EventBridge nothing of', () => {
  it('is started by whoever has pushed it', async () => {
    const { world, upload, deps } = await uploaded();

    await startIfLate(deps, upload);

    expect(world.executions.started).toMatchObject([{ workflow: 'deploy' }]);
    const { input } = world.executions.started[0]!;
    await world.deploy(input as ObjectCreated);
    expect((await world.registry.model('digits'))?.live?.version).toBe(1);
  });

  it('is started once, whether the sweep or its own event comes later', async () => {
    const { world, event, upload, deps } = await uploaded();
    await startIfLate(deps, upload);
    world.clock.advance(900_000);

    await startLostUploads({ ...world.deps, bucket: BUCKET, uploadGraceMs: 0 });

    const { input } = world.executions.started[0]!;
    expect(world.executions.started).toHaveLength(1);
    await world.steps.AdmitDeployment({ event: input, execution: 'execution-1' });
    world.executions.begin('execution-1');
    const answer = await world.steps.AdmitDeployment({ event, execution: 'execution-2' });
    expect(answer).toMatchObject({ kind: 'ignored' });
  });

  it('is left alone when its own event came in time, or when it starts nothing', async () => {
    const { world, event, upload, deps } = await uploaded();
    await startIfLate(deps, { ...upload, deploymentId: null });
    await world.steps.AdmitDeployment({ event, execution: 'execution-1' });

    await startIfLate(deps, upload);

    expect(world.executions.started).toEqual([]);
  });

  it('waits for the sweep where its user may start nothing', async () => {
    const { upload, deps } = await uploaded();
    const denied = { start: () => Promise.reject(new Error('denied')) };

    await expect(startIfLate({ ...deps, executions: denied }, upload)).resolves.toBeUndefined();
  });
});
