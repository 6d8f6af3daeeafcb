import type { RunningBuild } from '#adapters/aws/code-builds.ts';
import { buildsProgress } from '#operations/account/builds-progress.ts';
import { memoryBuildLog } from '../../support/memory/build-log.ts';

it('a build in an account tells its phase, the last stage in its log, and the last lines of that', async () => {
  const buildLog = memoryBuildLog();
  const log = { group: 'builds', stream: 'd1' };
  buildLog.write(log, ['progress: loading the model', 'a warning']);
  const build: RunningBuild = {
    ...{ deploymentId: 'd1', of: 'image', status: 'IN_PROGRESS', phase: 'BUILD', phases: [] },
    log,
  };
  const waiting: RunningBuild = { ...build, deploymentId: 'd2', phase: 'QUEUED', log: null };

  const seen = await buildsProgress({
    builds: { running: async () => [build, waiting] },
    buildLog,
  });

  const unknown = { place: null, leftMs: null };
  expect(seen).toEqual([
    {
      ...{ deploymentId: 'd1', stage: 'image BUILD, loading the model', lines: ['a warning'] },
      ...unknown,
    },
    { ...{ deploymentId: 'd2', stage: 'image QUEUED', lines: [] }, ...unknown },
  ]);
});
