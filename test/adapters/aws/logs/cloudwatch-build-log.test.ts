import { randomUUID } from 'node:crypto';
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  GetLogEventsCommand,
  PutLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { mockClient } from 'aws-sdk-client-mock';
import { cloudWatchBuildLog } from '#adapters/aws/logs/cloudwatch-build-log.ts';
import { textsOf } from '#ports/platform.ts';
import { describeBuildLog } from '../../../contracts/build-log.ts';
import { AWS_REGION, awsClient } from '../../../support/aws/clients.ts';
import { itBearsFaults } from '../../../support/aws/fault-matrix.ts';
import { awsFault } from '../../../support/aws/faults.ts';
import { describeOnMoto, type Moto } from '../../../support/aws/moto.ts';

// The hour before now: CloudWatch refuses events of the future.
const NOW_MS = Date.now();
const BEGAN_MS = NOW_MS - 3_600_000;

async function logWorld(moto: Moto) {
  const client = awsClient(CloudWatchLogsClient, moto);
  const group = `/slipway/${randomUUID()}`;
  await client.send(new CreateLogGroupCommand({ logGroupName: group }));
  return {
    log: cloudWatchBuildLog({ client }),
    beganMs: BEGAN_MS,
    async write(lines: readonly string[]) {
      const stream = randomUUID();
      const place = { logGroupName: group, logStreamName: stream };
      await client.send(new CreateLogStreamCommand(place));
      const logEvents = lines.map((line, ms) => ({
        timestamp: BEGAN_MS + ms,
        message: `${line}\n`,
      }));
      await client.send(new PutLogEventsCommand({ ...place, logEvents }));
      return { group, stream };
    },
    close: async () => {},
  };
}

describeOnMoto('build logs in CloudWatch', (moto) => {
  describeBuildLog('cloudWatchBuildLog', () => logWorld(moto()));

  it.each([
    ['denied', 'PlatformDenied'],
    ['throttled', 'PlatformThrottled'],
    ['broken', 'PlatformUnavailable'],
    ['reply lost', 'PlatformUnavailable'],
  ] as const)('fail by name when the call is %s', async (fault, name) => {
    const { write } = await logWorld(moto());
    const ref = await write(['one']);
    const client = awsClient(CloudWatchLogsClient, moto(), undefined, { maxAttempts: 1 });
    const failing = awsFault(client, 'GetLogEvents', fault);

    await expect(cloudWatchBuildLog({ client }).tail(ref, { lines: 5 })).rejects.toMatchObject({
      name,
    });

    expect(failing.count()).toBe(1);
  });

  itBearsFaults('the end of a build log', async () => {
    const { write } = await logWorld(moto());
    const ref = await write(['one', 'two', 'three']);
    return {
      deed(outer) {
        const client = awsClient(CloudWatchLogsClient, moto(), undefined, { maxAttempts: 1 });
        outer(client);
        return cloudWatchBuildLog({ client }).tail(ref, { lines: 2 });
      },
      left: async () => undefined,
    };
  });
});

// Moto has no empty pages, and gives as many events as are asked for.
describe('pages of a build log', () => {
  const page = (before: string, ...messages: string[]) => ({
    events: messages.map((message) => ({ message })),
    nextBackwardToken: before,
  });

  function log(pages: Readonly<Record<string, ReturnType<typeof page>>>) {
    const client = new CloudWatchLogsClient({ region: AWS_REGION });
    mockClient(client)
      .on(GetLogEventsCommand)
      .callsFake(({ nextToken = '', startFromHead }) => {
        if (startFromHead !== false) throw new Error('read from the head');
        return pages[nextToken];
      });
    return cloudWatchBuildLog({ client });
  }

  it('are read backwards past an empty one until there are enough lines', async () => {
    const pages = {
      '': page('b1', 'five\n'),
      b1: page('b2'),
      b2: page('b3', 'two\n', 'three\r\nfour\n'),
      b3: page('b4', 'one\n'),
      b4: page('b4'),
    };

    const tail = async (lines: number) =>
      textsOf(await log(pages).tail({ group: 'g', stream: 's' }, { lines }));

    expect(await tail(4)).toEqual(['two', 'three', 'four', 'five']);
    expect(await tail(9)).toEqual(['one', 'two', 'three', 'four', 'five']);
  });
});
