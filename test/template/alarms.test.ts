import { type Json, ofType, plain, readTemplate } from './template.ts';

const template = await readTemplate();

describe('alarms', () => {
  it('ring for each queue, for what failed in each workflow, late events and a failing sweep', () => {
    const alarms = ofType(template, 'AWS::CloudWatch::Alarm').map(([, { Properties }]) => [
      Properties.MetricName,
      plain(Properties.Dimensions[0]?.Value ?? 'all functions'),
      Properties.TreatMissingData,
    ]);

    expect(alarms).toEqual([
      ['ApproximateNumberOfMessagesVisible', 'UploadDeadLetters.QueueName', 'notBreaching'],
      ['ApproximateNumberOfMessagesVisible', 'OutboxDeadLetters.QueueName', 'notBreaching'],
      ['ApproximateNumberOfMessagesVisible', 'SweepDeadLetters.QueueName', 'notBreaching'],
      ['ApproximateNumberOfMessagesVisible', 'NotificationDeadLetters.QueueName', 'notBreaching'],
      ['Errors', 'SweepLambdaFunction', 'notBreaching'],
      ['ExecutionsFailed', 'DeployWorkflow', 'notBreaching'],
      ['ExecutionsFailed', 'RollbackWorkflow', 'notBreaching'],
      ['ExecutionsFailed', 'UndeployWorkflow', 'notBreaching'],
      ['ExecutionsTimedOut', 'DeployWorkflow', 'notBreaching'],
      ['ExecutionsTimedOut', 'RollbackWorkflow', 'notBreaching'],
      ['ExecutionsTimedOut', 'UndeployWorkflow', 'notBreaching'],
      ['IteratorAge', 'PublishEventsLambdaFunction', 'notBreaching'],
      ['Throttles', 'all functions', 'notBreaching'],
    ]);
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

    expect(JSON.parse(Properties.DashboardBody['Fn::Sub']).widgets).toHaveLength(6);
  });
});
