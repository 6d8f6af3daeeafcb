import { CloudWatchClient, PutMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { cloudWatchMetrics } from '#adapters/aws/cloudwatch-metrics.ts';
import { describeMetrics } from '../../contracts/metrics.ts';
import { awsClient } from '../../support/aws-clients.ts';
import { awsFault } from '../../support/aws-faults.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { modelFunctionsWorld } from '../../support/model-functions-world.ts';
import { describeOnMoto } from '../../support/moto.ts';
import { scriptedServer } from '../../support/scripted-server.ts';

const NO_SERVER = scriptedServer(() => () => undefined);

describeOnMoto('cloudWatchMetrics on moto', (moto) => {
  async function open(options = {}) {
    const world = await modelFunctionsWorld(moto(), NO_SERVER);
    await world.publish('digits', ['digits-v1', 'digits-v2']);
    const clock = fakeClock(Date.now());
    const cloudWatch = awsClient(CloudWatchClient, moto(), undefined, options);
    const { prefix: functionPrefix } = world.functions;

    /** What Lambda counts of one invocation. */
    const count = (version: string, isError: boolean, resource = 'live') => {
      const Dimensions = [
        { Name: 'FunctionName', Value: `${functionPrefix}digits` },
        { Name: 'Resource', Value: `${functionPrefix}digits:${resource}` },
        { Name: 'ExecutedVersion', Value: version },
      ];
      const datum = { Dimensions, Timestamp: new Date(clock.now()), Unit: 'Count' } as const;
      return cloudWatch.send(
        new PutMetricDataCommand({
          Namespace: 'AWS/Lambda',
          MetricData: [
            { ...datum, MetricName: 'Invocations', Value: 1 },
            { ...datum, MetricName: 'Errors', Value: isError ? 1 : 0 },
          ],
        }),
      );
    };
    const metricsOver = (client: CloudWatchClient) =>
      cloudWatchMetrics({ cloudWatch: client, lambda: world.lambda(), functionPrefix, clock });
    return { ...world, clock, cloudWatch, count, metricsOver };
  }

  describeMetrics('cloudWatchMetrics', async () => {
    const world = await open();
    return {
      metrics: world.metricsOver(world.cloudWatch),
      now: world.clock.now,
      async answer(revision, status) {
        await world.count(revision.slice(-1), status >= 500);
      },
      pass: world.clock.advance,
      close: world.close,
    };
  });

  it('counts what clients asked for, not what was asked of the version itself', async () => {
    const world = await open();
    await world.count('1', true, '1');

    const traffic = await world.metricsOver(world.cloudWatch).traffic('digits-v1', 0);

    expect(traffic).toEqual({ requests: 0, serverErrors: 0 });
    await world.close();
  });

  it('has counted nothing of a revision that is not there', async () => {
    const world = await open();

    const traffic = await world.metricsOver(world.cloudWatch).traffic('nobody-v1', 0);

    expect(traffic).toEqual({ requests: 0, serverErrors: 0 });
    await world.close();
  });

  it.each([
    { fault: 'throttled', name: 'PlatformThrottled' },
    { fault: 'broken', name: 'PlatformUnavailable' },
    { fault: 'reply lost', name: 'PlatformUnavailable' },
    { fault: 'denied', name: 'PlatformDenied' },
  ] as const)('fails with $name when it is $fault', async ({ fault, name }) => {
    const world = await open({ maxAttempts: 1 });
    const { client } = awsFault(world.cloudWatch, 'GetMetricData', fault);

    const traffic = world.metricsOver(client).traffic('digits-v1', 0);

    await expect(traffic).rejects.toMatchObject({ name });
    await world.close();
  });
});
