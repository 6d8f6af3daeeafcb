import {
  type CloudWatchLogsClient,
  DescribeLogStreamsCommand,
  GetLogEventsCommand,
  type LogStream,
} from '@aws-sdk/client-cloudwatch-logs';
import { absentIfNotFound } from '#adapters/aws/absent.ts';
import { translated } from '#adapters/aws/failures.ts';
import { DAY_MS } from '#domain/durations.ts';
import type { Clock } from '#ports/clock.ts';
import type { LogLine, LogQuery } from '#ports/platform.ts';
import { isServerLine } from './server-lines.ts';

/** The output of the models' servers. */
export type ModelLogs = {
  /** The last lines of a function version, oldest first; empty when there are none. */
  tail(functionName: string, version: string, query: LogQuery): Promise<readonly LogLine[]>;
};

type LogEvent = { readonly timestamp: number; readonly message: string };

const DAYS = 7;
const STREAMS = 3;
const STREAMS_PER_PAGE = 50;
const MAX_EVENTS = 10_000;

// Lambda adds START, END and REPORT for each request; a start adds three more.
const LINES_OF_EACH = 5;

/** Reads the log group that the functions of all models share. Fails as `translated` does. */
export function cloudWatchModelLogs({
  logs,
  group,
  clock,
}: {
  readonly logs: CloudWatchLogsClient;
  readonly group: string;
  readonly clock: Clock;
}): ModelLogs {
  return {
    async tail(functionName, version, query) {
      const { lines } = query;
      if (lines <= 0) return [];
      const streams = await newestStreams(`${functionName}[${version}]`);
      const events = await Promise.all(streams.map((stream) => read(stream, query)));
      const inOrder = events.flat().sort((a, b) => a.timestamp - b.timestamp);
      return inOrder
        .map(({ timestamp, message }) => ({ timeMs: timestamp, text: message.trimEnd() }))
        .filter(({ text }) => isServerLine(text))
        .slice(-lines);
    },
  };

  /**
   * A stream's name begins with the day on which its sandbox started; in a group shared by functions it is `YYYY/MM/DD/<function>[<version>][<id>]`.
   * https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-loggroups.html
   */
  async function newestStreams(name: string): Promise<readonly string[]> {
    for (let day = 0; day < DAYS; day += 1) {
      const date = new Date(clock.now() - day * DAY_MS).toISOString().slice(0, 10);
      const streams = await streamsOf(`${date.replaceAll('-', '/')}/${name}`);
      if (streams.length > 0) return streams;
    }
    return [];
  }

  async function streamsOf(logStreamNamePrefix: string): Promise<readonly string[]> {
    const command = new DescribeLogStreamsCommand({
      logGroupName: group,
      logStreamNamePrefix,
      limit: STREAMS_PER_PAGE,
    });
    const found = await translated(() => logs.send(command).catch(absentIfNotFound));
    return (found?.logStreams ?? [])
      .toSorted((a, b) => age(a) - age(b))
      .slice(-STREAMS)
      .flatMap(({ logStreamName }) => logStreamName ?? []);
  }

  async function read(
    logStreamName: string,
    { lines, sinceMs }: LogQuery,
  ): Promise<readonly LogEvent[]> {
    const command = new GetLogEventsCommand({
      logGroupName: group,
      logStreamName,
      startFromHead: false,
      ...(sinceMs !== undefined && { startTime: sinceMs }),
      limit: Math.min(MAX_EVENTS, lines * LINES_OF_EACH),
    });
    const { events = [] } = await translated(() => logs.send(command));
    return events.map(({ timestamp = 0, message = '' }) => ({ timestamp, message }));
  }
}

// Not the time of the last event, which CloudWatch updates up to an hour late.
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_LogStream.html
function age({ creationTime = 0 }: LogStream): number {
  return creationTime;
}
