import type { Held } from '#domain/workflow.ts';
import type { Build } from '#ports/builds.ts';
import { explainBuild } from '#steps/explain-build.ts';
import { grantBuild } from '#steps/grant-build.ts';
import { planBuild } from '#steps/plan-build.ts';
import { type MemoryWorld, memoryWorld } from '../support/worlds/memory.ts';

const LATE = { Error: 'States.Timeout', Cause: '' };
const STOPPED = {
  Error: 'States.TaskFailed',
  Cause: JSON.stringify({ Build: { BuildStatus: 'STOPPED' } }),
};
const RUNNING: Build = {
  ...{ of: 'image', status: 'IN_PROGRESS', phase: 'BUILD' },
  phases: [
    { name: 'PRE_BUILD', status: 'SUCCEEDED', seconds: 2 },
    { name: 'BUILD', status: '', seconds: null },
  ],
  log: { group: 'builds', stream: 'b1' },
};

describe('explaining a failed build', () => {
  it('records the likely cause with the last lines of the log that the failure names', async () => {
    const world = memoryWorld({ engine: 'image' });
    world.builds.fail(['#9 COPY model', 'write /layer.tar: no space left on device']);
    const held = await building(world);
    const { imageTag } = await grantBuild(world.deps)(held);
    const override = [{ Name: 'IMAGE_TAG', Value: imageTag }];
    const error = await world.steps.BuildImage({ EnvironmentVariablesOverride: override }).then(
      () => undefined,
      (thrown: Error) => ({ Error: thrown.name, Cause: thrown.message }),
    );

    await explainBuild(world.deps)({ ...held, error: error! });

    const { trouble, work } = await world.recordOf(held);
    expect(work.buildLog).toEqual({ group: expect.any(String), stream: expect.any(String) });
    expect(trouble).toEqual({
      name: 'BuildFailed',
      reason: [
        'the image was not built: the build ran out of disk',
        '#9 COPY model',
        'write /layer.tar: no space left on device',
      ].join('\n'),
      fix: expect.stringMatching(/larger machine/),
    });
  });

  it('says what it knows when no build ran', async () => {
    const world = memoryWorld({ engine: 'image' });
    const held = await building(world);

    await explainBuild(world.deps)({ ...held, error: LATE });

    expect((await world.recordOf(held)).trouble).toMatchObject({
      name: 'BuildFailed',
      reason: 'the image was not built: it ended with States.Timeout',
    });
  });

  it('stops a build whose time is over, and says in which phase it was', async () => {
    const world = memoryWorld({ engine: 'image' });
    const held = await building(world);
    world.builds.has(held.deploymentId, RUNNING);

    await explainBuild(world.deps)({ ...held, error: LATE });

    expect(await world.builds.builds.find(held.deploymentId)).toMatchObject({ status: 'STOPPED' });
    expect((await world.recordOf(held)).trouble?.reason).toMatch(/ended in BUILD with States.Time/);
  });

  it('reads the phase that failed, and the log, from the build where the failure does not tell them', async () => {
    const world = memoryWorld({ engine: 'image' });
    const held = await building(world);
    const phases = [{ name: 'DOWNLOAD_SOURCE', status: 'CLIENT_ERROR', seconds: 1 }];
    world.builds.has(held.deploymentId, { ...RUNNING, status: 'FAILED', phases });

    await explainBuild(world.deps)({ ...held, error: { Error: 'States.TaskFailed', Cause: '' } });

    expect((await world.recordOf(held)).trouble?.reason).toMatch(/ended in DOWNLOAD_SOURCE with/);
  });

  it('is of the phase that failed, not of those before and after it', async () => {
    const world = memoryWorld({ engine: 'image' });
    const held = await building(world);
    const phases = [
      { name: 'DOWNLOAD_SOURCE', status: 'SUCCEEDED', seconds: 1 },
      { name: 'BUILD', status: '', seconds: null },
      { name: 'POST_BUILD', status: 'FAILED', seconds: 1 },
    ];
    world.builds.has(held.deploymentId, { ...RUNNING, status: 'FAILED', phases });

    await explainBuild(world.deps)({ ...held, error: LATE });

    expect((await world.recordOf(held)).trouble?.reason).toMatch(/ended in POST_BUILD with/);
    expect(await world.builds.builds.find(held.deploymentId)).toMatchObject({ status: 'FAILED' });
  });

  it('names the phase that was caught where the build tells of none', async () => {
    const world = memoryWorld({ engine: 'image' });
    const held = await building(world);
    const log = { group: 'builds', stream: 'b2' };
    world.builds.has(held.deploymentId, { ...RUNNING, status: 'FAILED', phases: [], log: null });
    const Build = {
      Phases: [{ PhaseType: 'INSTALL', PhaseStatus: 'FAILED' }],
      Logs: { GroupName: log.group, StreamName: log.stream },
    };
    const error = { Error: 'States.TaskFailed', Cause: JSON.stringify({ Build }) };

    await explainBuild(world.deps)({ ...held, error });

    const { trouble, work } = await world.recordOf(held);
    expect(trouble?.reason).toMatch(/ended in INSTALL with/);
    expect(work.buildLog).toEqual(log);
  });

  it('reads the log that the build names rather than the one that was caught', async () => {
    const world = memoryWorld({ engine: 'image' });
    const held = await building(world);
    world.builds.has(held.deploymentId, { ...RUNNING, status: 'FAILED' });
    const Build = { Logs: { GroupName: 'others', StreamName: 'b9' } };
    const error = { Error: 'States.TaskFailed', Cause: JSON.stringify({ Build }) };

    await explainBuild(world.deps)({ ...held, error });

    expect((await world.recordOf(held)).work.buildLog).toEqual(RUNNING.log);
  });

  it('leaves the first explanation, and a build, as they are when it runs again', async () => {
    const world = memoryWorld({ engine: 'image' });
    const held = await building(world);
    const first = { name: 'BuildFailed', reason: 'the disk was full', fix: '' };
    await world.registry.recordTrouble(held, first);
    world.builds.has(held.deploymentId, RUNNING);

    await explainBuild(world.deps)({ ...held, error: LATE });

    expect((await world.recordOf(held)).trouble).toEqual(first);
    expect(await world.builds.builds.find(held.deploymentId)).toEqual(RUNNING);
  });

  it('takes nothing from a build that succeeded, which is not the one that failed', async () => {
    const world = memoryWorld({ engine: 'image' });
    const held = await building(world);
    world.builds.has(held.deploymentId, { ...RUNNING, of: 'environment', status: 'SUCCEEDED' });

    await explainBuild(world.deps)({ ...held, error: LATE });

    expect((await world.recordOf(held)).trouble?.reason).not.toMatch(/BUILD/);
  });

  it.each([
    ['the build says so', 'STOPPED', LATE],
    ['the failure says so', 'FAILED', STOPPED],
  ] as const)('knows that it was stopped for a newer upload when %s', async (_, status, error) => {
    const world = memoryWorld({ engine: 'image' });
    const held = await building(world);
    world.builds.has(held.deploymentId, { ...RUNNING, status });
    await world.before('AcquireLease', world.upload());

    await explainBuild(world.deps)({ ...held, error });

    expect((await world.recordOf(held)).trouble).toEqual({
      name: 'Superseded',
      reason: 'a newer upload of digits came while the image of this one was being built',
      fix: '',
    });
  });

  it('does not call a build superseded that failed by itself before a newer upload', async () => {
    const world = memoryWorld({ engine: 'image' });
    const held = await building(world);
    world.builds.has(held.deploymentId, { ...RUNNING, status: 'FAILED' });
    await world.before('AcquireLease', world.upload());

    await explainBuild(world.deps)({ ...held, error: LATE });

    expect((await world.recordOf(held)).trouble?.name).toBe('BuildFailed');
  });

  it('tells one that was stopped for a newer upload from one that somebody stopped', async () => {
    const world = memoryWorld({ engine: 'image' });
    const held = await building(world);
    const other = memoryWorld({ engine: 'image' });
    const alone = await building(other);
    await world.before('AcquireLease', world.upload());

    await explainBuild(world.deps)({ ...held, error: STOPPED });
    await explainBuild(other.deps)({ ...alone, error: STOPPED });

    expect((await world.recordOf(held)).trouble).toMatchObject({
      name: 'Superseded',
      reason: expect.stringContaining('a newer upload'),
    });
    expect((await other.recordOf(alone)).trouble?.name).toBe('BuildFailed');
  });
});

async function building(world: MemoryWorld): Promise<Held> {
  const held = await world.before('PlanBuild');
  await planBuild(world.deps)(held);
  return held;
}
