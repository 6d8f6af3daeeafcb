import { type Json, ofType, plain, readTemplate } from './template.ts';

const template = await readTemplate();

describe('alarms', () => {
  it('ring for each queue, for what failed in each workflow, late events, a failing sweep, and what serves badly', () => {
    const alarms = ofType(template, 'AWS::CloudWatch::Alarm').map(([, { Properties }]) => [
      Properties.MetricName ?? Properties.Metrics[0].Expression['Fn::Sub'].split(' FROM ')[0],
      plain(Properties.Dimensions?.[0]?.Value ?? 'all'),
      Properties.TreatMissingData,
    ]);

    expect(alarms).toEqual([
      ['ApproximateNumberOfMessagesVisible', 'UploadDeadLetters.QueueName', 'notBreaching'],
      ['ApproximateNumberOfMessagesVisible', 'OutboxDeadLetters.QueueName', 'notBreaching'],
      ['ApproximateNumberOfMessagesVisible', 'SweepDeadLetters.QueueName', 'notBreaching'],
      ['ApproximateNumberOfMessagesVisible', 'NotificationDeadLetters.QueueName', 'notBreaching'],
      ['Errors', 'SweepLambdaFunction', 'notBreaching'],
      ['ExecutionsFailed', 'DeployWorkflow', 'notBreaching'],
      ['ExecutionsFailed', 'PromoteWorkflow', 'notBreaching'],
      ['ExecutionsFailed', 'RollbackWorkflow', 'notBreaching'],
      ['ExecutionsFailed', 'UndeployWorkflow', 'notBreaching'],
      ['ExecutionsTimedOut', 'DeployWorkflow', 'notBreaching'],
      ['ExecutionsTimedOut', 'PromoteWorkflow', 'notBreaching'],
      ['ExecutionsTimedOut', 'RollbackWorkflow', 'notBreaching'],
      ['ExecutionsTimedOut', 'UndeployWorkflow', 'notBreaching'],
      ['IteratorAge', 'PublishEventsLambdaFunction', 'notBreaching'],
      ['Throttles', 'all', 'notBreaching'],
      ['5XXError', 'slipway-test', 'notBreaching'],
      ['Latency', 'slipway-test', 'notBreaching'],
      ['AuthorizerFailures', 'all', 'notBreaching'],
      ['Throttles', 'AuthorizeLambdaFunction', 'notBreaching'],
      ['SELECT MAX(UnHealthyHostCount)', 'all', 'notBreaching'],
      ['NumberOfMessagesSent', 'TaskDeaths.QueueName', 'notBreaching'],
    ]);
  });

  it('count of the authorizer what failed, and no request without a key', () => {
    const [[, filter]] = ofType(template, 'AWS::Logs::MetricFilter') as [Json];
    const { LogGroupName, FilterPattern, MetricTransformations } = filter.Properties;
    const terms = Array.from(FilterPattern.matchAll(/\?"((?:\\.|[^"])*)"/g), ([, term]: string[]) =>
      JSON.parse(`"${term}"`),
    );
    const isCounted = (line: string) => terms.some((term: string) => line.includes(term));

    const alarm = template.Resources['AuthorizerFailingAlarm']!.Properties;
    expect(plain(LogGroupName)).toBe('AuthorizeLogGroup');
    expect(MetricTransformations[0]).toMatchObject({
      MetricNamespace: alarm.Namespace,
      MetricName: alarm.MetricName,
    });
    expect(isCounted('{"level":"ERROR","message":"failed","service":"slipway"}')).toBe(true);
    expect(isCounted('2026-11-30T12:00:00Z ID Task timed out after 10.01 seconds')).toBe(true);
    expect(isCounted('{"level":"INFO","message":"refused","service":"slipway"}')).toBe(false);
    // Lambda's runtime adds it to whatever a handler throws.
    expect(isCounted('ID ERROR Invoke Error {"errorType":"Unauthorized"}')).toBe(false);
  });

  it('are sent only where somebody is named', () => {
    const actions = ofType(template, 'AWS::CloudWatch::Alarm').map(
      ([, { Properties }]) => Properties.AlarmActions,
    );
    const optional = {
      'Fn::If': ['HasAlarmEmail', { Ref: 'AlarmTopic' }, { Ref: 'AWS::NoValue' }],
    };

    expect(template.Resources['AlarmTopic']!.Condition).toBe('HasAlarmEmail');
    expect(actions).toEqual(actions.map(() => [optional]));
  });

  it('stand beside a dashboard that is JSON', () => {
    const [[, { Properties }]] = ofType(template, 'AWS::CloudWatch::Dashboard') as [Json];

    expect(JSON.parse(Properties.DashboardBody['Fn::Sub']).widgets).toHaveLength(14);
  });

  it('stand beside a dashboard that counts what model servers refuse, which Lambda takes for a success', () => {
    const [[, { Properties }]] = ofType(template, 'AWS::CloudWatch::Dashboard') as [Json];
    const { properties } = JSON.parse(Properties.DashboardBody['Fn::Sub']).widgets.find(
      (widget: Json) => widget.properties.title === 'Model errors',
    );

    const expressions = properties.metrics.flatMap(([metric]: Json) => metric.expression ?? []);
    expect(expressions).toEqual([
      expect.stringMatching(/\{AWS\/Lambda,FunctionName\} \S+-m MetricName="Errors"/),
      expect.stringMatching(
        /\{Slipway,FunctionName,ExecutedVersion\} \S+-m MetricName="ServerErrors"/,
      ),
    ]);
  });

  it('stand beside a dashboard that shows each queue of what was not delivered', () => {
    const [[, { Properties }]] = ofType(template, 'AWS::CloudWatch::Dashboard') as [Json];
    const queues = ofType(template, 'AWS::SQS::Queue').map(([id]) => id);
    const dead = queues.filter((id) => id.endsWith('DeadLetters'));

    expect(dead.length).toBeGreaterThan(3);
    for (const id of dead) {
      expect(Properties.DashboardBody['Fn::Sub']).toContain(`\${${id}.QueueName}`);
    }
  });

  it('stand beside a dashboard with a row for each target', () => {
    const [[, { Properties }]] = ofType(template, 'AWS::CloudWatch::Dashboard') as [Json];
    const titles = JSON.parse(Properties.DashboardBody['Fn::Sub']).widgets.map(
      ({ properties }: Json) => properties.title,
    );

    for (const target of ['Lambda', 'Fargate', 'EC2', 'Containers']) {
      const row = titles.filter((title: string) => title.startsWith(`${target}: `));
      expect(row).toHaveLength(2);
    }
  });

  it('on what containers do are there only where there are containers', () => {
    for (const id of ['TargetsUnhealthyAlarm', 'TasksDyingAlarm', 'TaskDeathRule', 'TaskDeaths']) {
      expect(template.Resources[id]!.Condition).toBe('HasContainers');
    }
  });

  it('count a task that ended by itself in a cluster of this stage, and none that was to end', () => {
    const { detail } = template.Resources['TaskDeathRule']!.Properties.EventPattern;

    expect(detail.clusterArn.map((it: Json) => plain(it.prefix ?? it))).toEqual([
      'Cluster',
      'arn:aws:ecs:::cluster/slipway-test-',
    ]);
    expect(detail.$or).toEqual([
      { stopCode: ['EssentialContainerExited', 'TaskFailedToStart'] },
      { stoppedReason: [{ prefix: 'Task failed' }] },
    ]);
  });
});
