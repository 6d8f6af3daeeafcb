import { CloudWatchLogsClient, DescribeLogStreamsCommand } from '@aws-sdk/client-cloudwatch-logs';
import type { Scene } from '../claim.ts';

/** The names of the log streams that the stage's models have written so far, 50 at most. */
export async function modelStreams({ client, outputs }: Scene): Promise<readonly string[]> {
  const { logStreams = [] } = await client(CloudWatchLogsClient).send(
    new DescribeLogStreamsCommand({ logGroupName: outputs.ModelLogGroup }),
  );
  return logStreams.map(({ logStreamName = '' }) => logStreamName);
}
