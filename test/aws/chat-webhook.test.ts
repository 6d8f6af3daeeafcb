import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  FilterLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import {
  CreateEventBusCommand,
  EventBridgeClient,
  PutRuleCommand,
  PutTargetsCommand,
} from '@aws-sdk/client-eventbridge';
import { parse } from 'yaml';
import { eventBridgeBus } from '#adapters/aws/event-bridge-bus.ts';
import { type SlipwayEvent, slipwayEvent } from '#domain/event.ts';
import { AWS_ACCOUNT, AWS_REGION, awsClient } from '../support/aws/clients.ts';
import { describeOnMoto } from '../support/aws/moto.ts';
import { temporaryFolder } from '../support/slipway/running.ts';

const CFN_LINT = join(
  process.env['SLIPWAY_TOOLS'] ?? join(homedir(), '.cache/slipway-tools'),
  'moto-5.2.5/bin/cfn-lint',
);
const guide = readFileSync(new URL('../../docs/chat-webhook.md', import.meta.url), 'utf8');
const template = /```yaml\n([\s\S]*?)```/.exec(guide)?.[1] ?? '';
const { EventPattern, Targets } = parse(template, { logLevel: 'silent' }).Resources.DeploymentEnded
  .Properties;
const { InputPathsMap, InputTemplate } = Targets[0].InputTransformer;

function event(state: string, kind = 'Deployment State Change'): SlipwayEvent {
  const detail = {
    schema: 1,
    eventId: state,
    sequence: 1,
    deploymentId: 'd',
    model: 'digits',
    version: 2,
    ...{ time: '2026-01-02T03:04:05Z', state, reason: 'it is so', fix: '', data: {} },
  };
  return slipwayEvent.parse({ source: 'slipway', 'detail-type': kind, detail });
}

/** The text at a path such as `$.detail.model`. */
function at(path: string, of: unknown): unknown {
  const steps = path.split('.').slice(1);
  return steps.reduce((value, step) => (value as Record<string, unknown>)[step], of);
}

describe('the template that posts deployments to a chat', () => {
  const lint = existsSync(CFN_LINT) ? it : it.skip;
  if (!existsSync(CFN_LINT)) process.stderr.write(`skipped: there is no ${CFN_LINT}\n`);

  lint('is clean', async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, 'chat.yaml');
    writeFileSync(file, template);

    expect(execFileSync(CFN_LINT, ['--template', file], { encoding: 'utf8' })).toBe('');
  });

  it('reads only what every event has, and makes JSON of it', () => {
    const live = event('Live');
    const texts = Object.entries<string>(InputPathsMap).map(
      ([name, path]) => [name, String(at(path, live))] as const,
    );

    const filled = texts.reduce(
      (text, [name, value]) =>
        text
          .replaceAll(`"<${name}>"`, `"${value}"`)
          .replaceAll(` <${name}>`, ` ${JSON.stringify(value)}`),
      InputTemplate.replaceAll('is <state>', 'is Live'),
    );

    expect(JSON.parse(filled)).toMatchObject({
      text: 'A deployment is Live',
      attachments: [{ fallback: 'Live', fields: [{ value: 'digits' }, { value: 'it is so' }, {}] }],
    });
  });
});

describeOnMoto('the rule that posts deployments to a chat', (moto) => {
  it('lets through how deployments end, and nothing else of Slipway’s events', async () => {
    const logs = awsClient(CloudWatchLogsClient, moto());
    const client = awsClient(EventBridgeClient, moto());
    await logs.send(new CreateLogGroupCommand({ logGroupName: '/chat' }));
    await client.send(new CreateEventBusCommand({ Name: 'slipway-dev' }));
    const rule = { Name: 'chat', EventBusName: 'slipway-dev' };
    await client.send(new PutRuleCommand({ ...rule, EventPattern: JSON.stringify(EventPattern) }));
    const Arn = `arn:aws:logs:${AWS_REGION}:${AWS_ACCOUNT}:log-group:/chat`;
    await client.send(
      new PutTargetsCommand({
        Rule: 'chat',
        EventBusName: 'slipway-dev',
        Targets: [{ Id: 'log', Arn }],
      }),
    );
    const states = ['Admitted', 'Building', 'Baking', 'Live', 'Ignored', 'Superseded'];
    const told = ['AwaitingApproval', 'Rejected', 'Failed', 'RolledBack'];

    await eventBridgeBus({ client, bus: 'slipway-dev' }).publish([
      ...[...states, ...told].map((state) => event(state)),
      event('Retired', 'Version State Change'),
    ]);

    const { events = [] } = await logs.send(new FilterLogEventsCommand({ logGroupName: '/chat' }));
    const arrived = events.map(({ message = '' }) => JSON.parse(message).detail.state);
    expect(new Set(arrived)).toEqual(new Set(['Live', ...told]));
  });
});
