import { CloudWatchClient, PutMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import { cloudWatchTraffic } from '#adapters/aws/metrics/cloudwatch-traffic.ts';
import { awsClient } from '../../../support/aws/clients.ts';
import { containersWorld } from '../../../support/aws/containers.ts';
import { modelFunctionsWorld } from '../../../support/aws/model-functions.ts';
import { describeOnMoto } from '../../../support/aws/moto.ts';
import { fakeClock } from '../../../support/clock/fake-clock.ts';
import { scriptedServer } from '../../../support/fronts/scripted-server.ts';

const MINUTE = 60_000;
const NO_SERVER = scriptedServer(() => () => undefined);
const made = (revision: string, target: 'lambda' | 'fargate' = 'lambda') => ({
  revision,
  target,
  madeBy: 'a'.repeat(32),
});

describeOnMoto('cloudWatchTraffic on moto', (moto) => {
  async function open() {
    const world = await modelFunctionsWorld(moto(), NO_SERVER);
    await world.publish('digits', ['digits-v1', 'digits-v2']);
    const clock = fakeClock(Date.now());
    const nowMs = clock.now();
    const cloudWatch = awsClient(CloudWatchClient, moto());
    const elb = awsClient(ElasticLoadBalancingV2Client, moto());
    const containers = await containersWorld(moto(), elb);
    await containers.start('digits-v3', '10.0.0.1');
    const { prefix: functionPrefix } = world.functions;
    const put = (
      Namespace: string,
      dimensions: Readonly<Record<string, string>>,
      values: Readonly<Record<string, number>>,
      minutesAgo: number,
    ) =>
      cloudWatch.send(
        new PutMetricDataCommand({
          Namespace,
          MetricData: Object.entries(values).map(([MetricName, Value]) => ({
            MetricName,
            Value,
            Timestamp: new Date(nowMs - minutesAgo * MINUTE),
            Dimensions: Object.entries(dimensions).map(([Name, value]) => ({ Name, Value: value })),
          })),
        }),
      );
    const FunctionName = `${functionPrefix}digits`;
    const executed = (ExecutedVersion: string) => ({
      FunctionName,
      Resource: `${FunctionName}:live`,
      ExecutedVersion,
    });
    const traffic = (...revisions: ReturnType<typeof made>[]) =>
      cloudWatchTraffic(
        {
          cloudWatch,
          lambda: world.lambda(),
          functionPrefix,
          containers: { elb, front: containers.front },
          clock,
        },
        revisions,
        60,
      );
    const group = String(containers.groups.get('digits-v3'));
    const { listener } = containers.front;
    return { put, executed, traffic, group, listener, FunctionName, nowMs };
  }

  it('tells the requests, errors, times and shares of each version of a function by the minute', async () => {
    const { put, executed, traffic, FunctionName, nowMs } = await open();
    const refused = { FunctionName, ExecutedVersion: '2', Deployment: 'a'.repeat(32) };
    await put('AWS/Lambda', executed('1'), { Invocations: 30, Errors: 0, Duration: 12 }, 3);
    await put('AWS/Lambda', executed('2'), { Invocations: 10, Errors: 1, Duration: 20 }, 3);
    await put('Slipway', refused, { ServerErrors: 2 }, 3);
    await put('AWS/Lambda', executed('2'), { Invocations: 5, Errors: 0, Duration: 20 }, 1);
    await put('AWS/Lambda', executed('2'), { Invocations: 9, Errors: 0, Duration: 20 }, 90);

    const minute = (ago: number) => nowMs - (nowMs % MINUTE) - ago * MINUTE;
    expect(await traffic(made('digits-v1'), made('digits-v2'))).toEqual({
      everySeconds: 60,
      nowMs,
      points: [
        expect.objectContaining({
          ...{ revision: 'digits-v1', atMs: minute(3), requests: 30, errors: 0, share: 75 },
          ...{ p50Ms: 12, p99Ms: 12, memoryMiB: null },
        }),
        expect.objectContaining({
          ...{ revision: 'digits-v2', atMs: minute(3), requests: 10, errors: 3, share: 25 },
        }),
        expect.objectContaining({
          ...{ revision: 'digits-v2', atMs: minute(1), requests: 5, errors: 0, share: 100 },
        }),
      ],
    });
  });

  it("tells a container's requests by its target group, and its seconds in milliseconds", async () => {
    const { put, traffic, group, listener } = await open();
    const LoadBalancer = /listener\/(app\/[^/]+\/[^/]+)/.exec(listener)?.[1] ?? '';
    const dimensions = { LoadBalancer, TargetGroup: group.split(':').at(-1) ?? '' };
    await put(
      'AWS/ApplicationELB',
      dimensions,
      { RequestCount: 8, HTTPCode_Target_5XX_Count: 1, TargetResponseTime: 0.25 },
      2,
    );

    const { points } = await traffic(made('digits-v3', 'fargate'));

    expect(points).toEqual([
      expect.objectContaining({ requests: 8, errors: 1, p50Ms: 250, share: 100 }),
    ]);
  });

  it('is empty for a version that is not there, and for one that nobody asked', async () => {
    const { traffic } = await open();

    expect((await traffic(made('digits-v1'), made('digits-v9'))).points).toEqual([]);
  });
});
