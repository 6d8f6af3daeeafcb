import {
  type CloudWatchLogsClient,
  GetLogEventsCommand,
  type LogStream,
  paginateDescribeLogStreams,
} from '@aws-sdk/client-cloudwatch-logs';
import { absentIfNotFound } from '#adapters/aws/absent.ts';
import { CONTAINER } from '#adapters/aws/ecs/settings.ts';
import { translated } from '#adapters/aws/failures.ts';
import { SEALED_LINE } from '#domain/capture/sealed-line.ts';
import type { LogLine, LogQuery } from '#ports/platform.ts';

/** The output of the tasks' servers. */
export type TaskLogs = {
  /** The last lines of the revision's newest task that has any, oldest first; empty when none has. */
  tail(revision: string, query: LogQuery): Promise<readonly LogLine[]>;
};

// A task that has only just started has no lines yet.
const NEWEST = 3;
const MAX_EVENTS = 10_000;

/** Reads the log group that all models share; each task has a stream `<revision>/<container>/<task>`. Fails as `translated` does. */
export function cloudWatchTaskLogs(logs: CloudWatchLogsClient, group: string): TaskLogs {
  return {
    async tail(revision, query) {
      const { lines } = query;
      if (lines <= 0) return [];
      for (const stream of await newestStreams(`${revision}/${CONTAINER.name}/`)) {
        const written = await read(stream, query);
        if (written.length > 0) return written.slice(-lines);
      }
      return [];
    },
  };

  async function newestStreams(logStreamNamePrefix: string): Promise<readonly string[]> {
    return ((await translated(() => allStreams(logStreamNamePrefix).catch(absentIfNotFound))) ?? [])
      .toSorted((a, b) => (b.creationTime ?? 0) - (a.creationTime ?? 0))
      .slice(0, NEWEST)
      .flatMap(({ logStreamName }) => logStreamName ?? []);
  }

  /** A query with a prefix sorts streams by name, which says nothing of their time. https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeLogStreams.html */
  async function allStreams(logStreamNamePrefix: string): Promise<readonly LogStream[]> {
    const streams: LogStream[] = [];
    const query = { logGroupName: group, logStreamNamePrefix };
    for await (const page of paginateDescribeLogStreams({ client: logs }, query)) {
      streams.push(...(page.logStreams ?? []));
    }
    return streams;
  }

  async function read(
    logStreamName: string,
    { lines, sinceMs }: LogQuery,
  ): Promise<readonly LogLine[]> {
    const command = new GetLogEventsCommand({
      logGroupName: group,
      logStreamName,
      startFromHead: false,
      ...(sinceMs !== undefined && { startTime: sinceMs }),
      limit: Math.min(MAX_EVENTS, lines),
    });
    const { events = [] } = await translated(() => logs.send(command));
    return events
      .map(({ timestamp = null, message = '' }) => ({ timeMs: timestamp, text: message.trimEnd() }))
      .filter(({ text }) => text !== '' && !text.startsWith(SEALED_LINE));
  }
}
