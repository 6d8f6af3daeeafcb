import { CloudWatchClient, PutMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { targetGroupName } from '#adapters/aws/ecs/target-group-name.ts';
import { cloudWatchDemand } from '#adapters/aws/metrics/cloudwatch-demand.ts';
import { type CountedAt, dynamoProbeCounts } from '#adapters/aws/registry/probe-counts.ts';
import type { ModelVersion } from '#domain/deployment.ts';
import { describeDemandHistory } from '../../../contracts/demand-history.ts';
import { awsClient } from '../../../support/aws/clients.ts';
import { dynamoWorld } from '../../../support/aws/dynamo.ts';
import { describeOnMoto } from '../../../support/aws/moto.ts';
import { fakeClock } from '../../../support/clock/fake-clock.ts';

const PREFIX = 'slipway-test-m-';
const HOUR = 3_600_000;

describeOnMoto('the demand by CloudWatch', (moto) => {
  let opened = 0;

  async function open(target: 'lambda' | 'fargate' = 'lambda') {
    const cloudWatch = awsClient(CloudWatchClient, moto());
    opened += 1;
    // Moto keeps metrics: each test has a model of its own.
    const model = `digits${opened}`;
    const revision = `${model}-v3`;
    const clock = fakeClock(Date.now());
    clock.advance(-24 * HOUR);
    const liveAtMs = clock.now() - HOUR;
    const key = { model, version: 3, revision, madeBy: 'd1' };
    const live = { ...key, target, liveAtMs } as unknown as ModelVersion;
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
    const front = { stage: 'test' };
    const LoadBalancer = 'app/slipway-test/0123456789abcdef';
    /** Requests to the target group of a revision. */
    const receive = (times: number, at = revision) => {
      const TargetGroup = `targetgroup/${targetGroupName(front.stage, at)}/fedcba9876543210`;
      return count('AWS/ApplicationELB', 'RequestCount', { LoadBalancer, TargetGroup }, times);
    };
    const { client, table } = dynamoWorld(moto());
    const probes = dynamoProbeCounts({ client: client(), table, clock });
    const demand = cloudWatchDemand({
      cloudWatch,
      functionPrefix: PREFIX,
      containers: { front },
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

  it('counts a container by its target group since it went live, and the function before it', async () => {
    const { demand, live, clock, invoke, receive } = await open('fargate');
    clock.advance(-2 * HOUR);
    await invoke('live', 2);
    await receive(3);
    clock.advance(2 * HOUR);
    await receive(7);

    const sinceMs = clock.now() - 24 * HOUR;
    expect(await demand.hours(live, sinceMs, [live])).toMatchObject([
      { requests: 2 },
      { requests: 7 },
    ]);
  });

  it('counts the containers of an earlier version, whose target group is gone, since it went live', async () => {
    const { demand, live, clock, invoke, receive } = await open();
    const revision = `${live.model}-v2`;
    const earlier: ModelVersion = {
      ...{ ...live, version: 2, revision, target: 'fargate' },
      liveAtMs: live.liveAtMs - 5 * HOUR,
    };
    clock.advance(-9 * HOUR);
    await receive(100, revision);
    clock.advance(6 * HOUR);
    await receive(4, revision);
    clock.advance(3 * HOUR);
    await invoke('live', 1);

    const since = (ago: number) => demand.hours(live, clock.now() - ago * HOUR, [live, earlier]);
    expect(await since(24)).toMatchObject([{ requests: 4 }, { requests: 1 }]);
    // The earlier version ended an hour ago.
    expect(await since(0.5)).toMatchObject([{ requests: 1 }]);
  });

  it('counts what a version got before a rollback brought it back', async () => {
    const { demand, live, clock, invoke, receive } = await open('fargate');
    const between = {
      ...live,
      version: 4,
      revision: `${live.model}-v4`,
      target: 'lambda',
    } as const;
    clock.advance(-9 * HOUR);
    await receive(6);
    clock.advance(5 * HOUR);
    await invoke('live', 2);
    clock.advance(4 * HOUR);
    await receive(7);

    const versions = [live, { ...between, liveAtMs: live.liveAtMs - 5 * HOUR }];
    expect(await demand.hours(live, clock.now() - 24 * HOUR, versions)).toMatchObject([
      { requests: 6 },
      { requests: 2 },
      { requests: 7 },
    ]);
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
