import { randomUUID } from 'node:crypto';
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  FilterLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import {
  CreateEventBusCommand,
  EventBridgeClient,
  PutEventsCommand,
  PutRuleCommand,
  PutTargetsCommand,
} from '@aws-sdk/client-eventbridge';
import { mockClient } from 'aws-sdk-client-mock';
import { eventBridgeBus } from '#adapters/aws/event-bridge-bus.ts';
import { describeEventBus, numberedEvent } from '../../contracts/event-bus.ts';
import { AWS_ACCOUNT, AWS_REGION, awsClient } from '../../support/aws/clients.ts';
import { itBearsFaults } from '../../support/aws/fault-matrix.ts';
import { awsFault } from '../../support/aws/faults.ts';
import { describeOnMoto, type Moto } from '../../support/aws/moto.ts';
import { eventbridgeRules } from '../../support/aws/rules/eventbridge.ts';
import { awsRules } from '../../support/aws/rules/rules.ts';

type Arrived = { readonly detail: { readonly eventId: string } };

/** A bus whose events a rule writes to a log group, which is where they can be read in moto. */
async function busWorld(moto: Moto, options?: { readonly maxAttempts: number }) {
  const name = `slipway-${randomUUID()}`;
  const group = `/events/${name}`;
  const logs = awsClient(CloudWatchLogsClient, moto);
  const client = awsClient(EventBridgeClient, moto, awsRules(eventbridgeRules), options);
  await logs.send(new CreateLogGroupCommand({ logGroupName: group }));
  await client.send(new CreateEventBusCommand({ Name: name }));
  const rule = { Name: 'all', EventBusName: name };
  const EventPattern = JSON.stringify({ source: ['slipway'] });
  await client.send(new PutRuleCommand({ ...rule, EventPattern }));
  const Arn = `arn:aws:logs:${AWS_REGION}:${AWS_ACCOUNT}:log-group:${group}`;
  const Targets = [{ Id: 'log', Arn }];
  await client.send(new PutTargetsCommand({ Rule: 'all', EventBusName: name, Targets }));

  return {
    name,
    client,
    bus: eventBridgeBus({ client, bus: name }),
    async arrived(): Promise<readonly Arrived[]> {
      const { events = [] } = await logs.send(new FilterLogEventsCommand({ logGroupName: group }));
      return events.map(({ message = '' }) => JSON.parse(message));
    },
  };
}

const ids = (events: readonly Arrived[]) => events.map(({ detail }) => detail.eventId);

describeOnMoto('events in EventBridge', (moto) => {
  describeEventBus('eventBridgeBus', async () => {
    const { bus, arrived } = await busWorld(moto());
    return {
      bus,
      seen: async () => [...new Set(ids(await arrived()))],
      close: async () => {},
    };
  });

  it('arrive in the envelope that rules are written for', async () => {
    const { bus, arrived } = await busWorld(moto());
    const event = numberedEvent(1);

    await bus.publish([event]);

    expect(await arrived()).toEqual([
      expect.objectContaining({
        source: 'slipway',
        'detail-type': 'Deployment State Change',
        time: '2026-01-02T03:04:05Z',
        detail: event.detail,
      }),
    ]);
  });

  it('are sent ten at a time, and no more than 1 MB', async () => {
    const { client, bus, arrived } = await busWorld(moto());
    const none = awsFault(client, 'PutEvents', 'broken', 0);
    const many = Array.from({ length: 21 }, (_, index) => numberedEvent(index + 1));
    const large = many.slice(0, 4).map((event) => ({
      ...event,
      detail: { ...event.detail, reason: 'x'.repeat(400_000), eventId: event.detail.eventId },
    }));

    await bus.publish(many);
    const calls = none.calls();
    await bus.publish(large as typeof many);

    expect(calls).toBe(3);
    expect(none.calls() - calls).toBe(2);
    expect(ids(await arrived())).toEqual([...many, ...large].map(({ detail }) => detail.eventId));
  });

  it.each([
    ['denied', 'PlatformDenied'],
    ['throttled', 'PlatformThrottled'],
    ['broken', 'PlatformUnavailable'],
    ['reply lost', 'PlatformUnavailable'],
  ] as const)('fail by name when EventBridge’s call is %s', async (fault, name) => {
    const { client, bus } = await busWorld(moto(), { maxAttempts: 1 });
    const failing = awsFault(client, 'PutEvents', fault);

    await expect(bus.publish([numberedEvent(1)])).rejects.toMatchObject({ name });

    expect(failing.count()).toBe(1);
  });

  it('come again when the answer was lost, and a reader drops the repeats', async () => {
    const { client, bus, arrived } = await busWorld(moto());
    const lost = awsFault(client, 'PutEvents', 'reply lost', 1);

    await bus.publish([numberedEvent(1)]);

    expect(lost.count()).toBe(1);
    expect(ids(await arrived())).toEqual(['d1-1', 'd1-1']);
  });

  itBearsFaults('a batch of events', async () => {
    const { name, arrived } = await busWorld(moto());
    const events = Array.from({ length: 12 }, (_, index) => numberedEvent(index + 1));
    return {
      deed(outer) {
        const rules = awsRules(eventbridgeRules);
        const client = awsClient(EventBridgeClient, moto(), rules, { maxAttempts: 1 });
        outer(client);
        return eventBridgeBus({ client, bus: name }).publish(events);
      },
      left: async () => [...new Set(ids(await arrived()))].toSorted(),
    };
  });
});

// Moto takes every well-formed entry.
describe('entries that EventBridge does not take', () => {
  it.each([
    ['ThrottlingException', 'PlatformThrottled'],
    ['InternalFailure', 'PlatformUnavailable'],
    ['NotAuthorizedForSourceException', 'PlatformUnavailable'],
  ])('fail the batch: %s', async (code, name) => {
    const client = new EventBridgeClient({ region: AWS_REGION });
    mockClient(client)
      .on(PutEventsCommand)
      .resolves({
        FailedEntryCount: 1,
        Entries: [{ EventId: 'e1' }, { ErrorCode: code, ErrorMessage: 'not now' }],
      });

    const publish = eventBridgeBus({ client, bus: 'slipway' }).publish([
      numberedEvent(1),
      numberedEvent(2),
    ]);

    await expect(publish).rejects.toMatchObject({ name, message: expect.stringContaining(code) });
  });
});
