import {
  type EventBridgeClient,
  PutEventsCommand,
  type PutEventsRequestEntry,
  type PutEventsResultEntry,
} from '@aws-sdk/client-eventbridge';
import type { SlipwayEvent } from '#domain/event.ts';
import { Failure } from '#domain/failure.ts';
import type { EventBus } from '#ports/event-bus.ts';
import { translated } from './failures.ts';

type Options = { readonly client: EventBridgeClient; readonly bus: string };

// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html
const MAX_ENTRIES = 10;
const MAX_BYTES = 1_000_000;
const TIME_BYTES = 14;

/** An EventBridge bus. A rejected event is sent again with the rest of the batch, and then arrives out of order. */
export function eventBridgeBus({ client, bus }: Options): EventBus {
  return {
    async publish(events) {
      for (const Entries of calls(events.map((event) => entry(event, bus)))) {
        const put = new PutEventsCommand({ Entries });
        const answer = await translated(() => client.send(put));
        const refused = answer.Entries?.find(({ ErrorCode }) => ErrorCode);
        if (refused) throw refusal(refused, answer.FailedEntryCount ?? 0);
      }
    },
  };
}

function entry(event: SlipwayEvent, bus: string): PutEventsRequestEntry {
  return {
    EventBusName: bus,
    Time: new Date(event.detail.time),
    Source: event.source,
    DetailType: event['detail-type'],
    Detail: JSON.stringify(event.detail),
  };
}

/** The entries in order, split into calls within the limits. */
function calls(entries: readonly PutEventsRequestEntry[]): PutEventsRequestEntry[][] {
  const made: PutEventsRequestEntry[][] = [];
  let bytes = 0;
  for (const each of entries) {
    const last = made.at(-1);
    bytes += bytesOf(each);
    if (last && last.length < MAX_ENTRIES && bytes <= MAX_BYTES) last.push(each);
    else {
      made.push([each]);
      bytes = bytesOf(each);
    }
  }
  return made;
}

function bytesOf({ Source = '', DetailType = '', Detail = '' }: PutEventsRequestEntry): number {
  return TIME_BYTES + Buffer.byteLength(Source + DetailType + Detail);
}

function refusal(
  { ErrorCode = '', ErrorMessage = '' }: PutEventsResultEntry,
  count: number,
): Failure {
  return new Failure(
    ErrorCode === 'ThrottlingException' ? 'PlatformThrottled' : 'PlatformUnavailable',
    `EventBridge did not take ${count} of the events: ${ErrorCode}: ${ErrorMessage}`,
  );
}
