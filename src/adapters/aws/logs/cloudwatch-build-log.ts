import { type CloudWatchLogsClient, GetLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { absentIfNotFound } from '#adapters/aws/absent.ts';
import { translated } from '#adapters/aws/failures.ts';
import type { BuildLog, BuildLogRef } from '#ports/build-log.ts';
import type { LogLine, LogQuery } from '#ports/platform.ts';

type Options = { readonly client: CloudWatchLogsClient };

// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html
const MAX_EVENTS = 10_000;

/** CodeBuild's output in CloudWatch Logs. */
export function cloudWatchBuildLog({ client }: Options): BuildLog {
  return {
    async tail(log, query) {
      if (query.lines <= 0) return [];
      return (await readTail(client, log, query).catch(absentIfNotFound)) ?? [];
    },
  };
}

async function readTail(client: CloudWatchLogsClient, log: BuildLogRef, query: LogQuery) {
  let found: readonly LogLine[] = [];
  for await (const page of pagesFromEnd(client, log, query)) {
    found = [...page, ...found];
    if (found.length >= query.lines) break;
  }
  return found.slice(-query.lines);
}

/** Pages from the end, each with its lines oldest first. An empty page may be followed by others; at the beginning, the token stops changing. */
async function* pagesFromEnd(
  client: CloudWatchLogsClient,
  { group, stream }: BuildLogRef,
  { lines, sinceMs }: LogQuery,
): AsyncGenerator<readonly LogLine[], void> {
  let token: string | undefined;
  for (;;) {
    const page = new GetLogEventsCommand({
      logGroupName: group,
      logStreamName: stream,
      startFromHead: false,
      ...(sinceMs !== undefined && { startTime: sinceMs }),
      limit: Math.min(lines, MAX_EVENTS),
      nextToken: token,
    });
    const { events = [], nextBackwardToken } = await translated(() => client.send(page));
    yield events.flatMap(({ timestamp = null, message = '' }) =>
      linesOf(message).map((text) => ({ timeMs: timestamp, text })),
    );
    if (nextBackwardToken === token) return;
    token = nextBackwardToken;
  }
}

/** A CodeBuild log event is a line with its line break, sometimes several. */
function linesOf(message: string): readonly string[] {
  return message.replace(/\r?\n$/, '').split(/\r?\n/);
}
