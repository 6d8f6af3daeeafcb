import { runningBuilds } from '#adapters/local/builds/running-builds.ts';
import { describeBuilds } from '../../../contracts/builds.ts';
import { eventually } from '../../../support/clock/eventually.ts';
import { buildFolder, failureOf, startBuild } from '../../../support/local/build-folder.ts';

const HANGS = { build: ['tail -f /dev/null'] };

describeBuilds('runningBuilds', async () => {
  const folder = buildFolder();
  const { builder, run, stop } = folder.builds(HANGS);
  const builds = runningBuilds({ image: builder });
  return {
    builds,
    async begin(deploymentId) {
      run(startBuild(deploymentId, { DEPLOYMENT_ID: deploymentId })).catch(() => undefined);
      await eventually(async () => (await builds.find(deploymentId))?.phase === 'BUILD');
    },
    async close() {
      await stop();
      await folder.close();
    },
  };
});

describe('a build of this machine that is stopped', () => {
  it('ends for whoever waits for it, as one that was stopped in its phase', async () => {
    const folder = buildFolder();
    const { builder, run } = folder.builds(HANGS);
    const builds = runningBuilds({ image: builder });
    const failed = failureOf(run(startBuild('t', { DEPLOYMENT_ID: 'd1' })));
    await eventually(async () => (await builds.find('d1'))?.phase === 'BUILD');

    await builds.stop('d1');

    const { name, build } = await failed;
    expect(name).toBe('States.TaskFailed');
    expect(build).toMatchObject({
      BuildStatus: 'STOPPED',
      Phases: [{ PhaseType: 'BUILD', PhaseStatus: 'STOPPED' }],
    });
    expect(await builds.find('d1')).toBeUndefined();
    await folder.close();
  });
});
