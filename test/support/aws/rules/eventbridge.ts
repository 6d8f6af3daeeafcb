import type { PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import type { AwsRule } from './rules.ts';

const MAX_REQUEST_BYTES = 1_000_000;
const MAX_DETAIL_TYPE = 128;
const TIME_BYTES = 14;

export const eventbridgeRules: readonly AwsRule[] = [
  {
    name: 'events: the entries of a call have less than 1 MB together',
    service: 'EventBridge',
    commands: ['PutEvents'],
    source: 'https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html',
    before({ input }) {
      const bytes = entriesOf(input).reduce((sum, entry) => sum + bytesOf(entry), 0);
      if (bytes <= MAX_REQUEST_BYTES) return undefined;
      const message = 'Total size of the entries in the request is over the limit.';
      return { name: 'ValidationException', message, status: 400 };
    },
  },
  {
    name: 'events: a detail type has at most 128 characters',
    service: 'EventBridge',
    commands: ['PutEvents'],
    source:
      'https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsRequestEntry.html',
    before({ input }) {
      const isShort = ({ DetailType = '' }: PutEventsRequestEntry) =>
        DetailType.length <= MAX_DETAIL_TYPE;
      if (entriesOf(input).every(isShort)) return undefined;
      const message = 'Parameter DetailType is not valid.';
      return { name: 'ValidationException', message, status: 400 };
    },
  },
];

function entriesOf(input: Readonly<Record<string, unknown>>): readonly PutEventsRequestEntry[] {
  return (input['Entries'] ?? []) as readonly PutEventsRequestEntry[];
}

/** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevent-size.html */
function bytesOf(entry: PutEventsRequestEntry): number {
  const { Source = '', DetailType = '', Detail = '', Resources = [] } = entry;
  const texts = [Source, DetailType, Detail, ...Resources].join('');
  return (entry.Time ? TIME_BYTES : 0) + Buffer.byteLength(texts);
}
