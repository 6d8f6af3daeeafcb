import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { slipwayEvent } from '#domain/event.ts';
import { type Json, plain, readTemplate } from './template.ts';

const template = await readTemplate();
const rule: Json = template.Resources['NotificationRule']!.Properties;
const { InputPathsMap, InputTemplate } = rule.Targets[0].InputTransformer;

describe('notifications', () => {
  it('tell how deployments end and which wait for a person, as the sample for a chat does', async () => {
    const guide = await readFile(join(import.meta.dirname, '../../docs/chat-webhook.md'), 'utf8');
    const sample = parse(/```yaml\n([\s\S]*?)```/.exec(guide)?.[1] ?? '', { logLevel: 'silent' });

    expect(rule.EventPattern).toEqual({
      source: ['slipway'],
      'detail-type': ['Deployment State Change'],
      detail: { state: ['AwaitingApproval', 'Live', 'Rejected', 'Failed', 'RolledBack'] },
    });
    expect(rule.EventPattern).toEqual(sample.Resources.DeploymentEnded.Properties.EventPattern);
  });

  it('are lines of text, made of what every event has', () => {
    const event = slipwayEvent.parse({
      source: 'slipway',
      'detail-type': 'Deployment State Change',
      detail: {
        schema: 1,
        eventId: 'e',
        sequence: 9,
        deploymentId: 'd1',
        model: 'digits',
        ...{ version: null, time: '2026-01-02T03:04:05Z', state: 'Rejected', data: {} },
        reason: 'it is too big',
        fix: 'make it smaller',
      },
    });
    const at = (path: string) =>
      path
        .split('.')
        .slice(1)
        .reduce((value: Json, step) => value[step], event);

    const text = InputTemplate.replaceAll(/<(\w+)>/g, (_: string, name: string) =>
      at(InputPathsMap[name]),
    );

    expect(
      text
        .trim()
        .split('\n')
        .map((line: string) => JSON.parse(line)),
    ).toEqual([
      'digits: Rejected',
      'it is too big',
      'make it smaller',
      'Deployment d1, 2026-01-02T03:04:05Z',
    ]);
  });

  it('are put on the topic by this rule alone, over TLS', () => {
    const [denied, granted] =
      template.Resources['NotificationTopicPolicy']!.Properties.PolicyDocument.Statement;

    expect(denied).toMatchObject({
      Effect: 'Deny',
      Condition: { Bool: { 'aws:SecureTransport': false } },
    });
    expect(granted).toMatchObject({
      Principal: { Service: 'events.amazonaws.com' },
      Action: 'sns:Publish',
      Condition: { ArnEquals: { 'aws:SourceArn': { 'Fn::GetAtt': ['NotificationRule', 'Arn'] } } },
    });
  });

  // EventBridge may not use the key that SNS has in the account.
  it('are on a topic without a key', () => {
    const { KmsMasterKeyId, TopicName } = template.Resources['NotificationTopic']!.Properties;

    expect([KmsMasterKeyId, TopicName]).toEqual([undefined, 'slipway-test-deployments']);
  });

  it('are sent by e-mail where somebody is named', () => {
    const { Subscription } = template.Resources['NotificationTopic']!.Properties;
    const [condition, [subscription], nothing] = Subscription['Fn::If'];

    expect([condition, plain(nothing)]).toEqual(['HasEmail', 'AWS::NoValue']);
    expect(subscription).toEqual({ Protocol: 'email', Endpoint: { Ref: 'Email' } });
    expect(template.Parameters.Email.Default).toBe('');
  });
});
