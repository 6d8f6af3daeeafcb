import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  PutLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { cloudWatchTaskLogs } from '#adapters/aws/ecs/cloudwatch-task-logs.ts';
import { awsClient } from '../../../support/aws/clients.ts';
import { describeOnMoto } from '../../../support/aws/moto.ts';

const logGroupName = '/slipway/test/models';
// More tasks than CloudWatch returns in one answer.
const TASKS = 55;

describeOnMoto('cloudWatchTaskLogs on moto', (moto) => {
  it('tells what the newest task wrote, though its name comes after those of many others', async () => {
    await moto().reset();
    const client = awsClient(CloudWatchLogsClient, moto());
    await client.send(new CreateLogGroupCommand({ logGroupName }));
    const names = Array.from({ length: TASKS }, (_, index) => `digits-v1/model/${100 + index}`);
    for (const logStreamName of names) {
      await client.send(new CreateLogStreamCommand({ logGroupName, logStreamName }));
    }
    const logEvents = [{ timestamp: Date.now(), message: 'the last words' }];
    const newest = { logGroupName, logStreamName: names.at(-1), logEvents };
    await client.send(new PutLogEventsCommand(newest));

    const lines = await cloudWatchTaskLogs(client, logGroupName).tail('digits-v1', { lines: 5 });

    expect(lines).toEqual([{ timeMs: logEvents[0]?.timestamp, text: 'the last words' }]);
  });

  it('tells nothing where there is no log', async () => {
    await moto().reset();
    const logs = cloudWatchTaskLogs(awsClient(CloudWatchLogsClient, moto()), logGroupName);

    expect(await logs.tail('digits-v1', { lines: 5 })).toEqual([]);
  });
});
