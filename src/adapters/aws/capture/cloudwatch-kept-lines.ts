import {
  type CloudWatchLogsClient,
  CreateLogStreamCommand,
  type FilterLogEventsCommandInput,
  PutLogEventsCommand,
  paginateFilterLogEvents,
} from '@aws-sdk/client-cloudwatch-logs';
import { absentIfNotFound } from '#adapters/aws/absent.ts';
import { translated } from '#adapters/aws/failures.ts';
import { dayOf } from '#domain/capture/plan.ts';
import { sealedLine } from '#domain/capture/sealed-line.ts';
import { DAY_MS } from '#domain/durations.ts';
import { versionOf } from '#domain/identity.ts';
import { MOST_DAYS } from '#domain/manifest/capture.ts';
import type { Clock } from '#ports/clock.ts';
import type { KeptLines } from '#ports/kept-lines.ts';

/**
 * The sealed lines in the log group that all models share, among the lines of their servers. They expire with the others, and cannot be removed: to forget them is to drop their keys.
 * Lines of feedback are in a stream of their own, by the time of their arrival: CloudWatch takes no event that is more than 14 days old.
 * https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
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
  const streamOf = (model: string) => `slipway-feedback/${model}`;

  async function* found(
    query: Omit<FilterLogEventsCommandInput, 'logGroupName'>,
    isEnough: () => boolean,
  ) {
    const pages = paginateFilterLogEvents({ client: logs }, { logGroupName: group, ...query });
    const next = () => translated(() => pages.next());
    for (let page = await next(); !page.done; page = await next()) {
      for (const { message = '' } of page.value.events ?? []) yield message.trimEnd();
      // A page without an event of the model may be one of thousands.
      if (isEnough()) return;
    }
  }

  async function* feedbackOf(
    model: string,
    day: string,
    { isEnough, startTime }: { readonly isEnough: () => boolean; readonly startTime: number },
  ) {
    const query = { logStreamNames: [streamOf(model)], startTime };
    try {
      for await (const text of found(query, isEnough)) {
        const said = sealedLine(text);
        if (said?.at !== undefined && dayOf(said.at) === day) yield { text, said };
      }
    } catch (error) {
      // A model without feedback has no such stream.
      absentIfNotFound(error);
    }
  }

  return {
    async days() {
      const today = clock.now();
      return Array.from({ length: MOST_DAYS }, (_, back) => dayOf(today - back * DAY_MS));
    },
    async *of(model, day, isEnough = () => false, sinceMs = 0) {
      const dayMs = Date.parse(day);
      const startTime = Math.max(dayMs, sinceMs);
      const query = {
        startTime,
        endTime: dayMs + DAY_MS,
        // https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/matching-terms-json-log-events.html
        filterPattern: `{ $.slipwayKept = 1 && $.revision = "${model}-v*" }`,
      };
      for await (const text of found(query, isEnough)) {
        // The revisions of another model may begin so too, and feedback has its own stream.
        const said = sealedLine(text);
        if (!said || 'isTruth' in said || versionOf(said.revision, model) === undefined) continue;
        yield { text, said };
      }
      yield* feedbackOf(model, day, { isEnough, startTime });
    },
    async add(model, _day, line) {
      const stream = { logGroupName: group, logStreamName: streamOf(model) };
      const logEvents = [{ timestamp: clock.now(), message: line }];
      await translated(async () => {
        await logs.send(new CreateLogStreamCommand(stream)).catch(unlessThere);
        await logs.send(new PutLogEventsCommand({ ...stream, logEvents }));
      });
    },
    // To forget is to drop the keys.
    remove: async () => undefined,
  };
}

function unlessThere(error: unknown): void {
  if (error instanceof Error && error.name === 'ResourceAlreadyExistsException') return;
  throw error;
}
