import {
  type DynamoDBClient,
  ScanCommand,
  TransactionCanceledException,
} from '@aws-sdk/client-dynamodb';
import { dynamoRegistry } from '#adapters/aws/registry/dynamo-registry.ts';
import { rangeOf } from '#adapters/aws/registry/event-numbers.ts';
import { type DynamoWorld, dynamoWorld } from '../../../support/aws/dynamo.ts';
import { describeOnMoto } from '../../../support/aws/moto.ts';
import { dynamodbRules } from '../../../support/aws/rules/dynamodb.ts';
import { addMiddleware, awsRules } from '../../../support/aws/rules/rules.ts';
import { type FakeClock, fakeClock } from '../../../support/clock/fake-clock.ts';
import {
  holding,
  idOf,
  leaseFor,
  refusal,
  START_MS,
  upload,
} from '../../../support/worlds/registry.ts';

/** Counts the calls of a command, and does something else after the answer to the first. */
function interrupted(client: DynamoDBClient, command: string, then: () => Promise<unknown>) {
  let calls = 0;
  addMiddleware(client, (next, { commandName }) => async (args) => {
    if (commandName !== `${command}Command`) return next(args);
    calls += 1;
    const first = calls === 1;
    const answer = await next(args);
    if (first) await then();
    return answer;
  });
  return { client, calls: () => calls };
}

/** Has every transaction cancelled for this reason. */
function cancelled(client: DynamoDBClient, code: string) {
  let calls = 0;
  addMiddleware(client, (next, { commandName }) => async (args) => {
    if (commandName !== 'TransactWriteItemsCommand') return next(args);
    calls += 1;
    throw new TransactionCanceledException({
      message: `Transaction cancelled, please refer cancellation reasons for specific reasons [${code}]`,
      $metadata: { httpStatusCode: 400 },
      CancellationReasons: [{ Code: 'None' }, { Code: code }],
    });
  });
  return { client, calls: () => calls };
}

describeOnMoto('the registry’s table', (moto) => {
  describe('writers of one registry in DynamoDB', () => {
    let world: DynamoWorld;
    let clock: FakeClock;
    beforeEach(() => {
      world = dynamoWorld(moto());
      clock = fakeClock(START_MS);
    });

    const registry = (client = world.client(awsRules(dynamodbRules()))) =>
      dynamoRegistry({ client, table: world.table, clock });

    it('give a free lease to one of two that ask at once, and the other waits', async () => {
      await registry().admit(upload(1));
      await registry().acquireLease(leaseFor(1));
      await registry().settle({ deploymentId: idOf(1), reason: 'stopped', degraded: false });
      await registry().admit(upload(2));
      await registry().admit(upload(3));
      const winner = registry();
      const slow = interrupted(world.client(), 'TransactGetItems', () =>
        winner.acquireLease(leaseFor(3)),
      );

      const second = await registry(slow.client).acquireLease(leaseFor(2));

      expect(second).toEqual({ kind: 'superseded' });
      expect(await winner.acquireLease(leaseFor(3))).toMatchObject({ kind: 'acquired', epoch: 2 });
      expect(slow.calls()).toBe(2);
    });

    it('keep out a holder whose lease is taken between its read and its write', async () => {
      const holder = await holding({ registry: registry(), clock, wakes: () => 0 }, 1);
      const other = registry();
      const slow = interrupted(world.client(), 'TransactGetItems', async () => {
        await other.adopt(idOf(1), 'run-1', 'run-1+');
        await other.acquireLease(leaseFor(1, { execution: 'run-1+' }));
      });

      const write = registry(slow.client).advance(holder, 'Inspected', {}, {});

      await expect(write).rejects.toMatchObject({ name: 'LeaseLost' });
      expect(await other.deployment(idOf(1))).toMatchObject({ phase: 'Admitted', attempt: 2 });
      expect(slow.calls()).toBe(2);
    });

    it('do not write on a record that they read and that has changed since, even if they leave it alone', async () => {
      await registry().admit(upload(5));
      const other = registry();
      // The model's record supersedes an older upload, which leaves that record unchanged.
      const slow = interrupted(world.client(), 'TransactGetItems', () => other.admit(upload(6)));

      await registry(slow.client).admit(upload(4));

      const [event] = (await other.events({ after: '', limit: 9, deploymentId: idOf(4) })).events;
      expect(event?.event.detail.reason).toContain('version 6');
      expect(slow.calls()).toBe(2);
    });

    it('read the model too of a deployment that is admitted between their two reads', async () => {
      const other = registry();
      const slow = interrupted(world.client(), 'GetItem', () => other.admit(upload(1)));

      const lease = await registry(slow.client).acquireLease(leaseFor(1));

      expect(lease).toMatchObject({ kind: 'acquired', epoch: 1 });
    });

    it('number the events of eight models, none twice, and none is missed by whoever follows them', async () => {
      const ids = [1, 2, 3, 4, 5, 6, 7, 8];
      const followed: string[] = [];
      let after = '';
      const follow = async () => {
        const { events } = await registry().events({ after, limit: 3 });
        followed.push(...events.map(({ event }) => event.detail.deploymentId));
        after = events.at(-1)?.cursor ?? after;
        return events.length;
      };

      const writes = Promise.all(ids.map((n) => registry().admit(upload(n, `model-${n}`))));
      await follow();
      await writes;
      while ((await follow()) > 0);

      expect(followed.toSorted()).toEqual(ids.map(idOf));
    });

    it('of models with different counters do not wait for each other', async () => {
      expect(rangeOf('model-1')).not.toBe(rangeOf('model-2'));
      const other = registry();
      const slow = interrupted(world.client(), 'TransactGetItems', () =>
        other.admit(upload(2, 'model-2')),
      );

      await registry(slow.client).admit(upload(1, 'model-1'));

      expect(slow.calls()).toBe(1);
    });

    it('are throttled when others always come first', async () => {
      const busy = cancelled(world.client(), 'TransactionConflict');

      const write = registry(busy.client).admit(upload(1));

      await expect(write).rejects.toMatchObject({
        name: 'PlatformThrottled',
        message: expect.stringContaining('12 times in a row'),
      });
      expect(busy.calls()).toBe(12);
    });

    it('are throttled at once when the table is', async () => {
      const busy = cancelled(world.client(), 'ThrottlingError');

      const write = registry(busy.client).admit(upload(1));

      await expect(write).rejects.toMatchObject({ name: 'PlatformThrottled' });
      expect(busy.calls()).toBe(1);
    });

    it('are told as it is when a transaction is cancelled for another reason', async () => {
      const broken = cancelled(world.client(), 'ValidationError');

      const write = registry(broken.client).admit(upload(1));

      await expect(write).rejects.toMatchObject({ name: 'TransactionCanceledException' });
    });
  });

  describe('what the registry keeps in DynamoDB', () => {
    it('is read page by page when there is more than 1 MB of it', async () => {
      const world = dynamoWorld(moto());
      const client = world.client();
      const registry = dynamoRegistry({ client, table: world.table, clock: fakeClock(START_MS) });
      const reason = 'x'.repeat(300_000);
      const ids = [1, 2, 3, 4, 5, 6, 7].map(idOf);
      for (const [index] of ids.entries()) {
        await registry.refuse({ ...refusal(index + 1, 'Ignored'), announcement: { reason } });
      }
      const counted = interrupted(client, 'Query', async () => {});

      const { events } = await registry.events({ after: '', limit: 100 });
      const pages = counted.calls();
      const some = await registry.events({ after: events[0]!.cursor, limit: 5 });
      const waiting = await registry.unpublished(100);
      await registry.markPublished([waiting.at(-1)!.detail.eventId]);

      expect(pages).toBeGreaterThan(1);
      expect(events.map(({ event }) => event.detail.deploymentId)).toEqual(ids);
      expect(some.events.map(({ event }) => event.detail.deploymentId)).toEqual(ids.slice(1, 6));
      expect(waiting.map(({ detail }) => detail.deploymentId)).toEqual(ids);
      expect(await registry.unpublished(100)).toHaveLength(6);
    });

    it('keeps events for 90 days, and what waits to be published for as long as it waits', async () => {
      const world = dynamoWorld(moto());
      const client = world.client();
      const registry = dynamoRegistry({ client, table: world.table, clock: fakeClock(START_MS) });
      await registry.admit(upload(1));

      const { Items = [] } = await client.send(new ScanCommand({ TableName: world.table }));

      const expiring = Items.filter(({ expiresAt }) => expiresAt);
      expect(expiring.map(({ pk }) => pk?.S).sort()).toEqual([
        'EVENTS',
        `EVENTS#DEPLOYMENT#${idOf(1)}`,
        'EVENTS#MODEL#shapes',
      ]);
      const expected = String(Math.floor(START_MS / 1000) + 90 * 86_400);
      expect(new Set(expiring.map(({ expiresAt }) => expiresAt?.N))).toEqual(new Set([expected]));
      expect(Items.map(({ pk }) => pk?.S)).toContain('OUTBOX');
    });

    it('is refused by name before it grows over what an item holds', async () => {
      const world = dynamoWorld(moto());
      const clock = fakeClock(START_MS);
      const registry = dynamoRegistry({ client: world.client(), table: world.table, clock });
      const holder = await holding({ registry, clock, wakes: () => 0 }, 1);
      const trouble = (bytes: number) => ({ name: 'X', reason: 'é'.repeat(bytes / 2), fix: '' });

      await expect(registry.recordTrouble(holder, trouble(408_000))).rejects.toMatchObject({
        name: 'InputInvalid',
        message: expect.stringContaining('DynamoDB holds'),
      });
      await registry.recordTrouble(holder, trouble(400_000));

      expect((await registry.deployment(idOf(1)))?.trouble?.reason).toHaveLength(200_000);
    });
  });
});
