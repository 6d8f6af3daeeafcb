import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { apiLease } from '#adapters/aws/api/api-lease.ts';
import { dynamoWorld } from '../../../support/aws/dynamo.ts';
import { describeOnMoto } from '../../../support/aws/moto.ts';
import { fakeClock } from '../../../support/clock/fake-clock.ts';

describeOnMoto('apiLease on moto', (moto) => {
  function open() {
    const clock = fakeClock(1_700_000_000_000);
    const { table, client } = dynamoWorld(moto());
    const sleep = async (ms: number) => clock.advance(ms);
    const leaseOf = (api: string) => apiLease({ dynamo: client(), table, api, clock, sleep });
    const holdForEver = () =>
      client().send(
        new PutItemCommand({
          TableName: table,
          Item: {
            pk: { S: 'API' },
            sk: { S: 'a1' },
            owner: { S: 'others' },
            heldUntilMs: { N: String(Number.MAX_SAFE_INTEGER) },
          },
        }),
      );
    return { clock, leaseOf, lease: leaseOf('a1'), holdForEver };
  }

  it('lets nobody in for 5 s after a deployment', async () => {
    const { clock, lease } = open();
    const startedMs = clock.now();

    await lease.during(async () => ({ deployed: true }));
    await lease.during(async () => ({ deployed: false }));

    expect(clock.now() - startedMs).toBe(5_000);
  });

  it('lets the next in at once when nothing was deployed', async () => {
    const { clock, lease } = open();
    const startedMs = clock.now();

    await lease.during(async () => ({ deployed: false }));
    await lease.during(async () => ({ deployed: false }));

    expect(clock.now()).toBe(startedMs);
  });

  it('takes work that failed for a deployment', async () => {
    const { clock, lease } = open();
    const startedMs = clock.now();

    const work = lease.during(() => Promise.reject(new Error('no answer')));

    await expect(work).rejects.toThrow('no answer');
    await lease.during(async () => ({ deployed: false }));
    expect(clock.now() - startedMs).toBe(5_000);
  });

  it('lets one in at a time', async () => {
    const { lease } = open();
    const order: string[] = [];
    const work = (name: string) => () =>
      lease.during(async () => {
        order.push(`${name} begins`);
        await new Promise(setImmediate);
        order.push(`${name} ends`);
        return { deployed: true };
      });

    await Promise.all(['one', 'two', 'three'].map((name) => work(name)()));

    const begun = order.filter((entry) => entry.endsWith('begins'));
    expect(order).toEqual(begun.flatMap((entry) => [entry, entry.replace('begins', 'ends')]));
    expect(begun).toHaveLength(3);
  });

  it('is taken over from a holder that died', async () => {
    const { clock, lease } = open();
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
    void lease.during(() => {
      begin();
      return new Promise(() => {});
    });
    await begun;
    const begunMs = clock.now();

    await lease.during(async () => ({ deployed: false }));

    expect(clock.now() - begunMs).toBe(30_000);
  });

  it('gives up after 30 s of others', async () => {
    const { clock, lease, holdForEver } = open();
    await holdForEver();
    const startedMs = clock.now();

    const work = lease.during(async () => ({ deployed: false }));

    await expect(work).rejects.toMatchObject({ name: 'PlatformThrottled' });
    expect(clock.now() - startedMs).toBe(30_000);
  });

  it('is one lease for each API', async () => {
    const { clock, leaseOf } = open();
    const startedMs = clock.now();

    await leaseOf('a1').during(async () => ({ deployed: true }));
    await leaseOf('a2').during(async () => ({ deployed: true }));

    expect(clock.now()).toBe(startedMs);
  });
});
