import { randomUUID } from 'node:crypto';
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  PutLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import {
  GetParameterHistoryCommand,
  GetParametersByPathCommand,
  SSMClient,
} from '@aws-sdk/client-ssm';
import { cloudWatchKeptLines } from '#adapters/aws/capture/cloudwatch-kept-lines.ts';
import { ssmCaptureKeys } from '#adapters/aws/capture/ssm-capture-keys.ts';
import { systemClock } from '#adapters/clocks.ts';
import { dayOf } from '#domain/capture/plan.ts';
import { describeCaptureKeys } from '../../../contracts/capture-keys.ts';
import { describeKeptLines } from '../../../contracts/kept-lines.ts';
import { awsClient } from '../../../support/aws/clients.ts';
import { awsFault } from '../../../support/aws/faults.ts';
import { describeOnMoto } from '../../../support/aws/moto.ts';

describeOnMoto('kept requests in an account', (moto) => {
  describeCaptureKeys('ssmCaptureKeys', async () => {
    const client = awsClient(SSMClient, moto());
    const stage = randomUUID().slice(0, 8);
    return {
      keys: ssmCaptureKeys({ client, stage }),
      /** The values of each parameter, the former ones too, which AWS keeps. */
      async stored() {
        const query = { Path: `/slipway/${stage}`, Recursive: true };
        const { Parameters = [] } = await client.send(new GetParametersByPathCommand(query));
        const histories = await Promise.all(
          Parameters.map(({ Name = '' }) =>
            client.send(new GetParameterHistoryCommand({ Name, WithDecryption: true })),
          ),
        );
        return JSON.stringify(histories.map((history) => history.Parameters));
      },
    };
  });

  describeKeptLines('cloudWatchKeptLines', async () => {
    const logs = awsClient(CloudWatchLogsClient, moto());
    const group = `/slipway/${randomUUID()}`;
    await logs.send(new CreateLogGroupCommand({ logGroupName: group }));
    return {
      lines: cloudWatchKeptLines({ logs, group, clock: systemClock }),
      today: dayOf(systemClock.now()),
      removes: false,
      async write(model, line) {
        const stream = { logGroupName: group, logStreamName: `${model}/${randomUUID()}` };
        await logs.send(new CreateLogStreamCommand(stream));
        const timestamp = systemClock.now();
        const others = [`{"model":"${model}-v1"}`, 'ready'].map((message) => ({
          timestamp,
          message,
        }));
        const logEvents = [...others, { timestamp, message: `${line}\n` }];
        await logs.send(new PutLogEventsCommand({ ...stream, logEvents }));
      },
    };
  });

  it('private keys are encrypted where they lie, and public ones are not', async () => {
    const client = awsClient(SSMClient, moto());
    const stage = randomUUID().slice(0, 8);
    await ssmCaptureKeys({ client, stage }).publish('iris', 'iris-v1');

    const query = { Path: `/slipway/${stage}`, Recursive: true };
    const { Parameters = [] } = await client.send(new GetParametersByPathCommand(query));

    expect(Parameters.map(({ Name, Type }) => `${Name} ${Type}`).sort()).toEqual([
      `/slipway/${stage}/capture-public/iris/iris-v1 String`,
      `/slipway/${stage}/capture/iris/iris-v1/0 SecureString`,
    ]);
    // The most that a parameter without a price may have.
    expect(Math.max(...Parameters.map(({ Value = '' }) => Value.length))).toBeLessThan(4096);
  });

  it('what a drop that was cut off has left behind opens nothing, and the next drop removes it', async () => {
    const client = awsClient(SSMClient, moto());
    const stage = randomUUID().slice(0, 8);
    const keys = ssmCaptureKeys({ client, stage });
    await keys.publish('iris', 'iris-v1');
    const failing = awsClient(SSMClient, moto(), undefined, { maxAttempts: 1 });
    const fault = awsFault(failing, 'DeleteParameter', 'broken');
    await expect(
      ssmCaptureKeys({ client: failing, stage }).drop('iris', [5]),
    ).rejects.toMatchObject({
      name: 'PlatformUnavailable',
    });
    void fault;

    expect((await keys.open('iris'))?.('iris-v1', 5)).toBeUndefined();
    await keys.drop('iris', [5]);

    const query = { Path: `/slipway/${stage}/capture/`, Recursive: true };
    const { Parameters = [] } = await client.send(new GetParametersByPathCommand(query));
    expect(Parameters.map(({ Name }) => Name)).toEqual([
      `/slipway/${stage}/capture/iris/iris-v1/1`,
    ]);
  });
});
