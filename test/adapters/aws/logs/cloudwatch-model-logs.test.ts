import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  PutLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { cloudWatchModelLogs } from '#adapters/aws/logs/cloudwatch-model-logs.ts';
import { textsOf } from '#ports/platform.ts';
import { awsClient } from '../../../support/aws/clients.ts';
import { itBearsFaults } from '../../../support/aws/fault-matrix.ts';
import { awsFault } from '../../../support/aws/faults.ts';
import { describeOnMoto } from '../../../support/aws/moto.ts';
import { fakeClock } from '../../../support/clock/fake-clock.ts';

const group = '/slipway/test/models';
const { now } = fakeClock(Date.now());
const NOW_MS = now();
const DAY_MS = 86_400_000;

describeOnMoto('cloudWatchModelLogs on moto', (moto) => {
  let client: CloudWatchLogsClient;
  beforeEach(async () => {
    await moto().reset();
    client = awsClient(CloudWatchLogsClient, moto(), undefined, { maxAttempts: 1 });
    await client.send(new CreateLogGroupCommand({ logGroupName: group }));
  });

  const logs = (over = client) =>
    cloudWatchModelLogs({ logs: over, group, clock: fakeClock(NOW_MS) });

  async function write(name: string, lines: readonly string[], daysAgo = 0): Promise<void> {
    const timestamp = NOW_MS - daysAgo * DAY_MS;
    const date = new Date(timestamp).toISOString().slice(0, 10).replaceAll('-', '/');
    const stream = { logGroupName: group, logStreamName: `${date}/${name}` };
    const logEvents = lines.map((message, index) => ({ timestamp: timestamp + index, message }));
    await client.send(new CreateLogStreamCommand(stream));
    await client.send(new PutLogEventsCommand({ ...stream, logEvents }));
  }

  it('tells what the server wrote, without what Lambda wrote around it', async () => {
    await write('digits[1][aa]', [
      'INIT_START Runtime Version: 1',
      'EXTENSION Name: lambda-adapter State: Ready',
      'the model loads\n',
      'START RequestId: 1',
      'the model has no graph',
      'END RequestId: 1',
      'REPORT RequestId: 1 Duration: 2 ms',
    ]);

    expect(await logs().tail('digits', '1', { lines: 10 })).toMatchObject([
      { text: 'the model loads' },
      { text: 'the model has no graph' },
    ]);
    expect(await logs().tail('digits', '1', { lines: 1 })).toMatchObject([
      { text: 'the model has no graph' },
    ]);
    expect(await logs().tail('digits', '1', { lines: 0 })).toEqual([]);
  });

  it('tells when each line was written, and none before the time that is asked for', async () => {
    await write('digits[1][aa]', ['first', 'second', 'third']);

    const lines = await logs().tail('digits', '1', { lines: 10, sinceMs: NOW_MS + 1 });

    expect(lines).toEqual([
      { timeMs: NOW_MS + 1, text: 'second' },
      { timeMs: NOW_MS + 2, text: 'third' },
    ]);
  });

  it('reads the version that is asked for, of all its sandboxes, in order', async () => {
    await write('digits[1][aa]', ['one', 'three']);
    await write('digits[1][bb]', ['two']);
    await write('digits[2][cc]', ['another version']);
    await write('digits-b[1][dd]', ['another model']);

    const lines = textsOf(await logs().tail('digits', '1', { lines: 10 }));

    expect([...lines].sort()).toEqual(['one', 'three', 'two']);
    expect(lines.indexOf('one')).toBeLessThan(lines.indexOf('three'));
  });

  it('goes back to the last day on which the version was started, at most a week', async () => {
    await write('digits[1][aa]', ['days ago'], 3);
    await write('digits[2][aa]', ['too long ago'], 8);

    expect(await logs().tail('digits', '1', { lines: 10 })).toMatchObject([{ text: 'days ago' }]);
    expect(await logs().tail('digits', '2', { lines: 10 })).toEqual([]);
  });

  it('has no lines where there is no group', async () => {
    await moto().reset();

    expect(await logs().tail('digits', '1', { lines: 10 })).toEqual([]);
  });

  it.each([
    { fault: 'throttled', name: 'PlatformThrottled' },
    { fault: 'broken', name: 'PlatformUnavailable' },
    { fault: 'reply lost', name: 'PlatformUnavailable' },
    { fault: 'denied', name: 'PlatformDenied' },
  ] as const)('fails with $name when it is $fault', async ({ fault, name }) => {
    const { client: faulty } = awsFault(client, 'DescribeLogStreams', fault);

    await expect(logs(faulty).tail('digits', '1', { lines: 10 })).rejects.toMatchObject({ name });
  });

  itBearsFaults('the end of a model’s log', async () => {
    await moto().reset();
    await client.send(new CreateLogGroupCommand({ logGroupName: group }));
    await write('digits[1][aa]', ['one', 'two', 'three'], 1);
    return {
      deed(outer) {
        const faulty = awsClient(CloudWatchLogsClient, moto(), undefined, { maxAttempts: 1 });
        outer(faulty);
        return logs(faulty).tail('digits', '1', { lines: 2 });
      },
      left: async () => undefined,
    };
  });
});
