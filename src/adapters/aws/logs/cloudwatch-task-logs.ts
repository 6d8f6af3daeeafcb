import {
  type CloudWatchLogsClient,
  GetLogEventsCommand,
  type LogStream,
  paginateDescribeLogStreams,
} from '@aws-sdk/client-cloudwatch-logs';
import { absentIfNotFound } from '#adapters/aws/absent.ts';
import { CONTAINER } from '#adapters/aws/ecs/settings.ts';
import { translated } from '#adapters/aws/failures.ts';

/** What the servers of tasks wrote. */
export type TaskLogs = {
  /** The last lines of the revision's newest task that wrote any, oldest first; empty when none did. */
  tail(revision: string, lines: number): Promise<readonly string[]>;
};

// A task that has only begun has no lines yet.
const NEWEST = 3;
const MAX_EVENTS = 10_000;

/** Reads the log group that all models share, in which each task has a stream `<revision>/<container>/<task>`. Fails as `translated` does. */
export function cloudWatchTaskLogs(logs: CloudWatchLogsClient, group: string): TaskLogs {
  return {
    async tail(revision, lines) {
      if (lines <= 0) return [];
      for (const stream of await newestStreams(`${revision}/${CONTAINER.name}/`)) {
        const written = await read(stream, lines);
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

  /** With a prefix they come by name, and the names say nothing of time. https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeLogStreams.html */
  async function allStreams(logStreamNamePrefix: string): Promise<readonly LogStream[]> {
    const streams: LogStream[] = [];
    const query = { logGroupName: group, logStreamNamePrefix };
    for await (const page of paginateDescribeLogStreams({ client: logs }, query)) {
      streams.push(...(page.logStreams ?? []));
    }
    return streams;
  }

  async function read(logStreamName: string, lines: number): Promise<readonly string[]> {
    const command = new GetLogEventsCommand({
      logGroupName: group,
      logStreamName,
      startFromHead: false,
      limit: Math.min(MAX_EVENTS, lines),
    });
    const { events = [] } = await translated(() => logs.send(command));
    return events.map(({ message = '' }) => message.trimEnd()).filter((line) => line !== '');
  }
}
