import { dynamoFence } from '#adapters/aws/registry/fence.ts';
import { dynamoWorld } from '../../../support/aws/dynamo.ts';
import { awsFault } from '../../../support/aws/faults.ts';
import { describeOnMoto } from '../../../support/aws/moto.ts';

describeOnMoto('dynamoFence on moto', (moto) => {
  const open = () => {
    const { client, table } = dynamoWorld(moto());
    return () => dynamoFence({ client: client(undefined, { maxAttempts: 1 }), table });
  };

  it('lets the greatest epoch pass, again and again', async () => {
    const fence = open()();

    await fence.pass('digits', 3);
    await fence.pass('digits', 3);

    await expect(fence.pass('digits', 4)).resolves.toBeUndefined();
  });

  it('refuses an epoch that is over, and says which has gone on', async () => {
    const fence = open();
    await fence().pass('digits', 4);

    await expect(fence().pass('digits', 3)).rejects.toMatchObject({
      name: 'LeaseLost',
      message: expect.stringContaining('4'),
    });
  });

  it('knows each model by itself', async () => {
    const fence = open()();
    await fence.pass('digits', 4);

    await expect(fence.pass('letters', 1)).resolves.toBeUndefined();
  });

  it.each([
    { fault: 'throttled', name: 'PlatformThrottled' },
    { fault: 'denied', name: 'PlatformDenied' },
    { fault: 'broken', name: 'PlatformUnavailable' },
    { fault: 'reply lost', name: 'PlatformUnavailable' },
  ] as const)('lets nobody pass when the table is $fault', async ({ fault, name }) => {
    const { client, table } = dynamoWorld(moto());
    const faulty = awsFault(client(undefined, { maxAttempts: 1 }), 'UpdateItem', fault, 1);
    const fence = dynamoFence({ client: faulty.client, table });

    await expect(fence.pass('digits', 1)).rejects.toMatchObject({ name });

    expect(faulty.count()).toBe(1);
    await expect(fence.pass('digits', 1)).resolves.toBeUndefined();
  });
});
