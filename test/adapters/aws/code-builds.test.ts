import {
  CodeBuildClient,
  CreateProjectCommand,
  StartBuildCommand,
} from '@aws-sdk/client-codebuild';
import { codeBuilds } from '#adapters/aws/code-builds.ts';
import { describeBuilds } from '../../contracts/builds.ts';
import { buildHistory } from '../../support/aws/build-history.ts';
import { awsClient } from '../../support/aws/clients.ts';
import { awsFault } from '../../support/aws/faults.ts';
import { describeOnMoto } from '../../support/aws/moto.ts';
import { awsRules } from '../../support/aws/rules/rules.ts';

describeOnMoto('codeBuilds on moto', (moto) => {
  let stages = 0;

  async function open() {
    const history = buildHistory();
    const rules = awsRules(history.rules);
    const client = rules.guard(awsClient(CodeBuildClient, moto(), undefined, { maxAttempts: 1 }));
    const stage = `b${++stages}`;
    for (const kind of ['image', 'own-image', 'environment']) {
      await client.send(
        new CreateProjectCommand({
          name: `slipway-${stage}-${kind}`,
          source: { type: 'S3', location: 'bucket/key' },
          artifacts: { type: 'NO_ARTIFACTS' },
          environment: {
            type: 'LINUX_CONTAINER',
            image: 'aws/codebuild/standard:8.0',
            computeType: 'BUILD_GENERAL1_MEDIUM',
          },
          serviceRole: 'arn:aws:iam::123456789012:role/build',
        }),
      );
    }
    const begin = async (deploymentId: string, of = 'image') => {
      const value = deploymentId;
      const { build } = await client.send(
        new StartBuildCommand({
          projectName: `slipway-${stage}-${of}`,
          environmentVariablesOverride: [{ name: 'DEPLOYMENT_ID', value, type: 'PLAINTEXT' }],
        }),
      );
      history.set(String(build?.id), {
        currentPhase: 'BUILD',
        logs: { groupName: '/slipway/builds', streamName: String(build?.id) },
      });
      return String(build?.id);
    };
    return { client, history, rules, begin, builds: codeBuilds({ client, stage }) };
  }

  describeBuilds('codeBuilds', async () => {
    const { builds, begin } = await open();
    return {
      builds,
      async begin(deploymentId) {
        await begin(deploymentId);
      },
      close: async () => undefined,
    };
  });

  it('tells the phases with their times, and of an environment and an image the image', async () => {
    const { builds, begin, history, rules } = await open();
    await begin('d1', 'environment');
    expect(await builds.find('d1')).toMatchObject({ of: 'environment' });
    const id = await begin('d1');
    history.set(id, {
      buildStatus: 'FAILED',
      phases: [
        { phaseType: 'PRE_BUILD', phaseStatus: 'SUCCEEDED', durationInSeconds: 3 },
        { phaseType: 'BUILD', phaseStatus: 'FAILED', durationInSeconds: 7 },
        { phaseType: 'COMPLETED' },
      ],
    });

    expect(await builds.find('d1')).toMatchObject({
      of: 'image',
      status: 'FAILED',
      phases: [
        { name: 'PRE_BUILD', status: 'SUCCEEDED', seconds: 3 },
        { name: 'BUILD', status: 'FAILED', seconds: 7 },
        { name: 'COMPLETED', status: '', seconds: null },
      ],
    });
    expect(rules.fired()).toContain('codebuild: a build runs until it has ended');
  });

  it('tells all that waits or runs, oldest first, and for which deployment', async () => {
    const { builds, begin, history } = await open();
    await begin('d1', 'environment');
    history.set(await begin('d2'), { buildStatus: 'SUCCEEDED' });
    await begin('d3');

    expect(await builds.running()).toMatchObject([
      { deploymentId: 'd1', of: 'environment', status: 'IN_PROGRESS', phase: 'BUILD' },
      { deploymentId: 'd3', of: 'image', status: 'IN_PROGRESS', phase: 'BUILD' },
    ]);
  });

  it('takes the build of a Dockerfile for one of its image, of which the newer stands for both', async () => {
    const { builds, begin, history } = await open();
    const old = await begin('d1');
    history.set(old, { buildStatus: 'FAILED', startTime: new Date(1000) });
    const own = await begin('d1', 'own-image');
    history.set(own, { startTime: new Date(2000) });

    expect(await builds.find('d1')).toMatchObject({ of: 'image', status: 'IN_PROGRESS' });
    await builds.stop('d1');
    expect(await builds.find('d1')).toMatchObject({ status: 'STOPPED' });
  });

  it('stops what is built of both projects', async () => {
    const { builds, begin } = await open();
    await begin('d1', 'environment');
    await begin('d1');

    await builds.stop('d1');

    expect((await builds.find('d1'))?.status).toBe('STOPPED');
  });

  it.each([
    { fault: 'throttled', name: 'PlatformThrottled' },
    { fault: 'broken', name: 'PlatformUnavailable' },
    { fault: 'denied', name: 'PlatformDenied' },
  ] as const)('fails with $name when it is $fault', async ({ fault, name }) => {
    const { builds, begin, client } = await open();
    await begin('d1');
    awsFault(client, 'BatchGetBuilds', fault);

    await expect(builds.find('d1')).rejects.toMatchObject({ name });
    await expect(builds.stop('d1')).rejects.toMatchObject({ name });
  });

  it('tells nothing where the stack has no such projects', async () => {
    const { client } = await open();
    const builds = codeBuilds({ client, stage: 'none' });

    expect(await builds.find('d1')).toBeUndefined();
    expect(await builds.running()).toEqual([]);
  });
});
