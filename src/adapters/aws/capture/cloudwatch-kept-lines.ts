import {
  type CloudWatchLogsClient,
  CreateLogStreamCommand,
  PutLogEventsCommand,
  paginateFilterLogEvents,
} from '@aws-sdk/client-cloudwatch-logs';
import { translated } from '#adapters/aws/failures.ts';
import { dayOf } from '#domain/capture/plan.ts';
import type { Clock } from '#ports/clock.ts';
import type { KeptLines } from '#ports/kept-lines.ts';

const DAY_MS = 86_400_000;
/** As long as a manifest may ask for. */
const MOST_DAYS = 28;

/**
 * The sealed lines in the log group that all models share, among the lines of their servers. They expire with the others, and cannot be removed: to forget them is to drop their keys.
 * What feedback adds is in streams of its own.
 */
export function cloudWatchKeptLines({
  logs,
  group,
  clock,
}: {
  readonly logs: CloudWatchLogsClient;
  readonly group: string;
  readonly clock: Clock;
}): KeptLines {
  const query = (model: string) => ({
    logGroupName: group,
    // Both phrases, wherever they are. https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
    filterPattern: `"slipwayKept" "${model}-v"`,
  });

  return {
    async days() {
      const today = clock.now();
      return Array.from({ length: MOST_DAYS }, (_, back) => dayOf(today - back * DAY_MS));
    },
    async *of(model, day) {
      const startTime = Date.parse(day);
      const range = { startTime, endTime: startTime + DAY_MS };
      const pages = paginateFilterLogEvents({ client: logs }, { ...query(model), ...range });
      const next = () =>
        translated(() => pages.next(), { ResourceNotFoundException: 'PlatformUnavailable' });
      for (let page = await next(); !page.done; page = await next()) {
        for (const { message = '' } of page.value.events ?? []) yield message.trimEnd();
      }
    },
    async add(model, day, line) {
      const logStreamName = `feedback/${model}`;
      const timestamp = Math.min(clock.now(), Date.parse(day) + DAY_MS - 1);
      const stream = { logGroupName: group, logStreamName };
      const put = new PutLogEventsCommand({ ...stream, logEvents: [{ timestamp, message: line }] });
      await translated(async () => {
        await logs.send(new CreateLogStreamCommand(stream)).catch(unlessThere);
        await logs.send(put);
      });
    },
    // The keys are what forgets.
    remove: async () => undefined,
  };
}

function unlessThere(error: unknown): void {
  if (error instanceof Error && error.name === 'ResourceAlreadyExistsException') return;
  throw error;
}
