import { CloudWatchClient, PutMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import { cloudWatchDemand } from '#adapters/aws/metrics/cloudwatch-demand.ts';
import { type CountedAt, dynamoProbeCounts } from '#adapters/aws/registry/probe-counts.ts';
import type { ModelVersion } from '#domain/deployment.ts';
import { describeDemandHistory } from '../../../contracts/demand-history.ts';
import { awsClient } from '../../../support/aws/clients.ts';
import { containersWorld } from '../../../support/aws/containers.ts';
import { dynamoWorld } from '../../../support/aws/dynamo.ts';
import { describeOnMoto } from '../../../support/aws/moto.ts';
import { fakeClock } from '../../../support/clock/fake-clock.ts';

const PREFIX = 'slipway-test-m-';
const HOUR = 3_600_000;

describeOnMoto('the demand by CloudWatch', (moto) => {
  let opened = 0;

  async function open(target: 'lambda' | 'fargate' = 'lambda') {
    const cloudWatch = awsClient(CloudWatchClient, moto());
    const elb = awsClient(ElasticLoadBalancingV2Client, moto());
    const containers = await containersWorld(moto(), elb);
    opened += 1;
    // Moto keeps metrics and groups: each test has a model of its own.
    const model = `digits${opened}`;
    const revision = `${model}-v3`;
    await containers.start(revision, '10.0.0.1');
    const clock = fakeClock(Date.now());
    clock.advance(-24 * HOUR);
    const liveAtMs = clock.now() - HOUR;
    const live = { model, revision, target, liveAtMs, madeBy: 'd1' } as unknown as ModelVersion;
    const count = (
      Namespace: string,
      name: string,
      dimensions: Readonly<Record<string, string>>,
      times: number,
    ) =>
      cloudWatch.send(
        new PutMetricDataCommand({
          Namespace,
          MetricData: [
            {
              MetricName: name,
              Value: times,
              Timestamp: new Date(clock.now()),
              Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
            },
          ],
        }),
      );
    const invoke = (alias: string, times: number) => {
      const FunctionName = PREFIX + model;
      const dimensions = { FunctionName, Resource: `${FunctionName}:${alias}` };
      return count('AWS/Lambda', 'Invocations', dimensions, times);
    };
    const { front, groups } = containers;
    const LoadBalancer = /listener\/(app\/[^/]+\/[^/]+)/.exec(front.listener)?.[1] ?? '';
    const TargetGroup = String(groups.get(revision)).split(':').at(-1) ?? '';
    const receive = (times: number) =>
      count('AWS/ApplicationELB', 'RequestCount', { LoadBalancer, TargetGroup }, times);
    const { client, table } = dynamoWorld(moto());
    const probes = dynamoProbeCounts({ client: client(), table, clock });
    const demand = cloudWatchDemand({
      cloudWatch,
      functionPrefix: PREFIX,
      containers: { elb, front },
      clock,
      probes,
    });
    const probe = async (at: CountedAt['at'], times: number) => {
      for (let each = 0; each < times; each += 1) await probes.add({ model, at });
    };
    return { demand, live, clock, invoke, receive, probe };
  }

  describeDemandHistory('cloudWatchDemand', async () => {
    const { demand, live, clock, invoke } = await open();
    return {
      demand,
      live,
      now: clock.now,
      call: async (times) => void (await invoke('live', times)),
      pass: clock.advance,
    };
  });

  it('adds the requests whose answers were streamed', async () => {
    const { demand, live, clock, invoke } = await open();
    await invoke('live', 2);
    await invoke('live-streaming', 3);

    expect(await demand.hours(live, clock.now() - HOUR, [live])).toMatchObject([{ requests: 5 }]);
  });

  it('counts a container by its target group since it went live, and the function right before it', async () => {
    const { demand, live, clock, invoke, receive } = await open('fargate');
    clock.advance(-2 * HOUR);
    await invoke('live', 2);
    await receive(3);
    clock.advance(2 * HOUR);
    await receive(7);

    const before = { ...live, target: 'lambda', liveAtMs: live.liveAtMs - 5 * HOUR } as const;
    const sinceMs = clock.now() - 24 * HOUR;
    expect(await demand.hours(live, sinceMs, [live, before])).toMatchObject([
      { requests: 2 },
      { requests: 7 },
    ]);
    expect(await demand.hours(live, sinceMs, [live])).toMatchObject([{ requests: 7 }]);
  });

  it('leaves out the probes that were counted with the requests of a function', async () => {
    const { demand, live, clock, invoke, probe } = await open();
    await invoke('live', 9);
    await probe('function', 4);
    clock.advance(2 * HOUR);
    await invoke('live', 3);
    await probe('function', 3);

    expect(await demand.hours(live, clock.now() - 12 * HOUR, [live])).toMatchObject([
      { requests: 5, busiestMinute: 5 },
    ]);
  });

  it('leaves out the requests that were replayed to a container, and those of its probes alone', async () => {
    const { demand, live, clock, receive, probe } = await open('fargate');
    await receive(9);
    await probe({ revision: live.revision }, 6);
    await probe({ revision: `${live.model}-v4` }, 2);
    await probe('function', 1);

    expect(await demand.hours(live, clock.now() - HOUR, [live])).toMatchObject([{ requests: 3 }]);
  });
});
