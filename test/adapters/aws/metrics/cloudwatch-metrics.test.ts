import {
  CloudWatchClient,
  PutMetricAlarmCommand,
  PutMetricDataCommand,
  SetAlarmStateCommand,
} from '@aws-sdk/client-cloudwatch';
import { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import { cloudWatchMetrics } from '#adapters/aws/metrics/cloudwatch-metrics.ts';
import { isRefusal } from '#domain/rollout/refusal-status.ts';
import type { MadeRevision, Metrics } from '#ports/metrics.ts';
import { describeMetrics, MADE_BY } from '../../../contracts/metrics.ts';
import { awsClient } from '../../../support/aws/clients.ts';
import { containersWorld } from '../../../support/aws/containers.ts';
import { itBearsFaults } from '../../../support/aws/fault-matrix.ts';
import { awsFault } from '../../../support/aws/faults.ts';
import { modelFunctionsWorld } from '../../../support/aws/model-functions.ts';
import { describeOnMoto } from '../../../support/aws/moto.ts';
import { addMiddleware } from '../../../support/aws/rules/rules.ts';
import { fakeClock } from '../../../support/clock/fake-clock.ts';
import { scriptedServer } from '../../../support/fronts/scripted-server.ts';

const V1: MadeRevision = { revision: 'digits-v1', target: 'lambda', madeBy: MADE_BY };
const V6: MadeRevision = { revision: 'digits-v6', target: 'fargate', madeBy: MADE_BY };
const MARK = { Name: 'Deployment', Value: MADE_BY };
const NO_SERVER = scriptedServer(() => () => undefined);

describeOnMoto('cloudWatchMetrics on moto', (moto) => {
  async function open(options = {}) {
    const world = await modelFunctionsWorld(moto(), NO_SERVER);
    const streaming = ['digits-v3'];
    await world.publish('digits', ['digits-v1', 'digits-v2', ...streaming], { streaming });
    const clock = fakeClock(Date.now());
    const cloudWatch = awsClient(CloudWatchClient, moto(), undefined, options);
    const { prefix: functionPrefix } = world.functions;

    /** Lambda's metrics of one invocation. */
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
    /** A server's count of a version's answers with a 5xx, or of those by which it refuses a request. */
    const tally = (MetricName: string, version: string, Value = 1, mark = [MARK]) => {
      const Dimensions = [
        { Name: 'FunctionName', Value: `${functionPrefix}digits` },
        { Name: 'ExecutedVersion', Value: version },
        ...mark,
      ];
      const datum = { Dimensions, Timestamp: new Date(clock.now()), Value };
      return cloudWatch.send(
        new PutMetricDataCommand({
          Namespace: 'Slipway',
          MetricData: [{ ...datum, MetricName }],
        }),
      );
    };
    const refuse = (version: string, Value?: number, mark?: (typeof MARK)[]) =>
      tally('ServerErrors', version, Value, mark);
    /** Lambda's count of requests to the alias that it has no room for. */
    const throttle = (Value: number) => {
      const Dimensions = [
        { Name: 'FunctionName', Value: `${functionPrefix}digits` },
        { Name: 'Resource', Value: `${functionPrefix}digits:live` },
      ];
      const Timestamp = new Date(clock.now());
      return cloudWatch.send(
        new PutMetricDataCommand({
          Namespace: 'AWS/Lambda',
          MetricData: [{ Dimensions, Timestamp, MetricName: 'Throttles', Value }],
        }),
      );
    };
    const elb = awsClient(ElasticLoadBalancingV2Client, moto());
    const containers = await containersWorld(moto(), elb);
    await containers.start('digits-v1', '10.0.0.1');
    await containers.start('digits-v2', '10.0.0.2');

    const countOnly = (revision: string, ...names: readonly string[]) => {
      const group = String(containers.groups.get(revision));
      const Dimensions = [
        {
          Name: 'LoadBalancer',
          Value: /listener\/(app\/[^/]+\/[^/]+)/.exec(containers.front.listener)?.[1],
        },
        { Name: 'TargetGroup', Value: group.split(':').at(-1) },
      ];
      const datum = { Dimensions, Timestamp: new Date(clock.now()), Value: 1 };
      return cloudWatch.send(
        new PutMetricDataCommand({
          Namespace: 'AWS/ApplicationELB',
          MetricData: names.map((MetricName) => ({ ...datum, MetricName })),
        }),
      );
    };
    /** The load balancer's count of one request, answered by a target or by no target. */
    const countOf = (revision: string, status?: number) => {
      const family = status === undefined ? [] : [Math.floor(status / 100)];
      const codes = family.map((first) => `HTTPCode_Target_${first}XX_Count`);
      return countOnly(revision, 'RequestCount', ...codes);
    };
    /** A server's count for an answer of a language model. */
    const write = async (revision: string, Value: number) => {
      const Dimensions = [
        { Name: 'Model', Value: 'digits' },
        { Name: 'Revision', Value: revision },
        MARK,
      ];
      const datum = { Dimensions, Timestamp: new Date(clock.now()), Value };
      await cloudWatch.send(
        new PutMetricDataCommand({
          Namespace: 'Slipway',
          MetricData: [{ ...datum, MetricName: 'TokensPerSecond' }],
        }),
      );
    };
    const metricsOver = (client: CloudWatchClient, others = { lambda: world.lambda(), elb }) =>
      cloudWatchMetrics({
        cloudWatch: client,
        lambda: others.lambda,
        functionPrefix,
        clock,
        containers: { elb: others.elb, front: containers.front },
      });
    return {
      ...world,
      clock,
      cloudWatch,
      count,
      refuse,
      tally,
      throttle,
      write,
      countOf,
      countOnly,
      metricsOver,
    };
  }

  describeMetrics('cloudWatchMetrics of functions', async () => {
    const world = await open();
    return {
      metrics: world.metricsOver(world.cloudWatch),
      target: 'lambda',
      now: world.clock.now,
      async answer(revision, status) {
        const version = revision.slice(-1);
        // Lambda counts any answer as a success.
        await world.count(version, false);
        if (status >= 500) await world.refuse(version);
        if (isRefusal(status)) await world.tally('Refusals', version);
      },
      write: world.write,
      pass: world.clock.advance,
      close: world.close,
    };
  });

  describeMetrics('cloudWatchMetrics of containers', async () => {
    const world = await open();
    return {
      metrics: world.metricsOver(world.cloudWatch),
      target: 'fargate',
      now: world.clock.now,
      async answer(revision, status) {
        await world.countOf(revision, status);
      },
      write: world.write,
      pass: world.clock.advance,
      close: world.close,
    };
  });

  it('takes what no target answered for an error, once all of its minute is counted', async () => {
    const world = await open();
    const inContainers = { ...V1, target: 'fargate' } as const;
    for (const status of [200, 302, 404, 500, undefined]) await world.countOf('digits-v1', status);
    const traffic = () => world.metricsOver(world.cloudWatch).traffic(inContainers, 0);

    const early = await traffic();
    world.clock.advance(120_000);

    expect(early).toEqual({ requests: 5, serverErrors: 1, refused: 1 });
    expect(await traffic()).toEqual({ requests: 5, serverErrors: 2, refused: 1 });
    await world.close();
  });

  it('counts no error where an answer is counted before its request', async () => {
    const world = await open();
    await world.countOf('digits-v1', 200);
    await world.countOf('digits-v1', 503);
    await world.countOnly('digits-v1', 'HTTPCode_Target_2XX_Count');
    world.clock.advance(120_000);

    const metrics = world.metricsOver(world.cloudWatch);

    expect(await metrics.traffic({ ...V1, target: 'fargate' }, 0)).toEqual({
      requests: 2,
      serverErrors: 1,
      refused: 0,
    });
    await world.close();
  });

  it('counts as errors the requests that Lambda had no room for, which no version executed', async () => {
    const world = await open();
    await world.count('1', false);
    await world.throttle(3);

    const traffic = await world.metricsOver(world.cloudWatch).traffic(V1, 0);

    expect(traffic).toEqual({ requests: 4, serverErrors: 3, refused: 0 });
    await world.close();
  });

  it('counts what the function failed at beside what its server answered with a 5xx, and never more than was asked', async () => {
    const world = await open();
    for (const isError of [true, false, false, false]) await world.count('1', isError);
    await world.refuse('1', 2);
    const traffic = () => world.metricsOver(world.cloudWatch).traffic(V1, 0);

    const seen = await traffic();
    // Probes asked the version itself.
    await world.refuse('1', 9);

    expect(seen).toEqual({ requests: 4, serverErrors: 3, refused: 0 });
    expect(await traffic()).toEqual({ requests: 4, serverErrors: 4, refused: 0 });
    await world.close();
  });

  it('counts no line that another model printed for the version, without its mark or with its own', async () => {
    const world = await open();
    for (let asked = 0; asked < 4; asked += 1) await world.count('1', false);
    await world.refuse('1', 2, []);
    await world.refuse('1', 2, [{ ...MARK, Value: 'of-another' }]);

    const traffic = await world.metricsOver(world.cloudWatch).traffic(V1, 0);

    expect(traffic).toEqual({ requests: 4, serverErrors: 0, refused: 0 });
    await world.close();
  });

  it('counts what clients asked for, not what was asked of the version itself', async () => {
    const world = await open();
    await world.count('1', true, '1');

    const traffic = await world.metricsOver(world.cloudWatch).traffic(V1, 0);

    expect(traffic).toEqual({ requests: 0, serverErrors: 0, refused: 0 });
    await world.close();
  });

  it('counts what clients asked for of one that streams, by the alias of those', async () => {
    const world = await open();
    await world.count('3', true, 'live');
    await world.count('3', false, 'live-streaming');

    const ref = {
      revision: 'digits-v3',
      target: 'lambda',
      isStreaming: true,
      madeBy: MADE_BY,
    } as const;
    const traffic = await world.metricsOver(world.cloudWatch).traffic(ref, 0);

    expect(traffic).toEqual({ requests: 1, serverErrors: 0, refused: 0 });
    await world.close();
  });

  it.each([{ ...V1, revision: 'nobody-v1' }, V6])(
    'has counted nothing of $revision on $target, which is not there',
    async (ref) => {
      const world = await open();

      const traffic = await world.metricsOver(world.cloudWatch).traffic(ref, 0);

      expect(traffic).toEqual({ requests: 0, serverErrors: 0, refused: 0 });
      await world.close();
    },
  );

  it('tells the alarms that ring, of metrics and composite ones, from those that there are not', async () => {
    const world = await open();
    const cloudWatch = withCompositeAlarm(world.cloudWatch, 'both-ring');
    for (const AlarmName of ['rings', 'is-still', 'has-no-data']) {
      await cloudWatch.send(
        new PutMetricAlarmCommand({
          AlarmName,
          Namespace: 'shop',
          MetricName: 'orders',
          Statistic: 'Sum',
          Period: 60,
          EvaluationPeriods: 1,
          Threshold: 1,
          ComparisonOperator: 'LessThanThreshold',
        }),
      );
    }
    const states = { rings: 'ALARM', 'is-still': 'OK' } as const;
    for (const [AlarmName, StateValue] of Object.entries(states)) {
      await cloudWatch.send(
        new SetAlarmStateCommand({ AlarmName, StateValue, StateReason: 'planted' }),
      );
    }

    const names = ['is-still', 'rings', 'has-no-data', 'nobody', 'both-ring'];
    const alarms = await world.metricsOver(cloudWatch).alarms(names);

    expect(alarms).toEqual({ ringing: ['rings', 'both-ring'], unknown: ['nobody'] });
    await world.close();
  });

  const FAULTS = [
    { fault: 'throttled', name: 'PlatformThrottled' },
    { fault: 'broken', name: 'PlatformUnavailable' },
    { fault: 'reply lost', name: 'PlatformUnavailable' },
    { fault: 'denied', name: 'PlatformDenied' },
  ] as const;

  it.each(FAULTS)('fails with $name when it is $fault', async ({ fault, name }) => {
    const world = await open({ maxAttempts: 1 });
    const counting = awsFault(world.cloudWatch, 'GetMetricData', fault);
    const looking = awsFault(world.cloudWatch, 'DescribeAlarms', fault);
    const metrics = world.metricsOver(world.cloudWatch);

    await expect(metrics.traffic(V1, 0)).rejects.toMatchObject({ name });
    await expect(metrics.alarms(['rings'])).rejects.toMatchObject({ name });
    expect([counting.count(), looking.count()]).toEqual([1, 1]);
    await world.close();
  });

  const deeds: Readonly<Record<string, (metrics: Metrics) => Promise<unknown>>> = {
    'a count of a function': (metrics) => metrics.traffic(V1, 0),
    'a count of containers': (metrics) => metrics.traffic({ ...V1, target: 'fargate' }, 0),
    'a look at alarms': (metrics) => metrics.alarms(['nobody']),
  };

  for (const [deed, run] of Object.entries(deeds)) {
    itBearsFaults(deed, async () => {
      const world = await open();
      await world.count('1', true);
      await world.countOf('digits-v1', 200);
      world.clock.advance(300_000);
      return {
        deed(outer) {
          const client = awsClient(CloudWatchClient, moto(), undefined, { maxAttempts: 1 });
          const elb = awsClient(ElasticLoadBalancingV2Client, moto(), undefined, {
            maxAttempts: 1,
          });
          for (const each of [client, elb]) outer(each);
          const lambda = world.lambda({ maxAttempts: 1, outer });
          return run(world.metricsOver(client, { lambda, elb }));
        },
        left: async () => undefined,
        close: world.close,
      };
    });
  }
});

/** Moto has no composite alarms: this one is in alarm, and is listed for requests that ask for its type. */
function withCompositeAlarm(client: CloudWatchClient, AlarmName: string): CloudWatchClient {
  addMiddleware(client, (next, { commandName }) => async (args) => {
    const answer = await next(args);
    const { AlarmTypes = [] } = args.input as { readonly AlarmTypes?: readonly string[] };
    if (commandName !== 'DescribeAlarmsCommand' || !AlarmTypes.includes('CompositeAlarm')) {
      return answer;
    }
    const CompositeAlarms = [{ AlarmName, StateValue: 'ALARM' }];
    return { ...answer, output: { ...answer.output, CompositeAlarms } };
  });
  return client;
}
