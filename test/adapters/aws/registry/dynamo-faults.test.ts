import { dynamoRegistry } from '#adapters/aws/registry/dynamo-registry.ts';
import type { Holder, Registry } from '#ports/registry.ts';
import { dynamoWorld } from '../../../support/aws/dynamo.ts';
import { itBearsFaults } from '../../../support/aws/fault-matrix.ts';
import { type AwsFault, awsFault } from '../../../support/aws/faults.ts';
import { describeOnMoto } from '../../../support/aws/moto.ts';
import { dynamodbRules } from '../../../support/aws/rules/dynamodb.ts';
import { awsRules } from '../../../support/aws/rules/rules.ts';
import { fakeClock } from '../../../support/clock/fake-clock.ts';
import {
  BAKE,
  goneLive,
  holding,
  idOf,
  leaseFor,
  type RegistryWorld,
  refusal,
  START_MS,
  upload,
  walkTo,
} from '../../../support/worlds/registry.ts';

type Ask = (registry: Registry, holder: Holder) => Promise<unknown>;

const intent = { kind: 'revision', name: 'shapes-v1', target: 'lambda' } as const;
const trouble = { name: 'X', reason: 'r', fix: '' };
const ending = { deploymentId: idOf(1), reason: 'stopped', degraded: false };

const admitted = async ({ registry }: RegistryWorld) => {
  await registry.admit(upload(1));
  return { deploymentId: idOf(1), epoch: 0 };
};
const held = (world: RegistryWorld) => holding(world, 1);
const baking = async (world: RegistryWorld) => {
  const holder = await held(world);
  await walkTo(world, holder, 'Baking');
  return holder;
};
const secondLive = async (world: RegistryWorld) => {
  await world.registry.releaseLease(await goneLive(world, 1));
  return goneLive(world, 2);
};

/** Every method that writes: from where, and how many events it makes. */
const WRITES: readonly (readonly [
  method: keyof Registry,
  from: (world: RegistryWorld) => Promise<Holder>,
  events: number,
  ask: Ask,
])[] = [
  ['admit', async () => ({ deploymentId: '', epoch: 0 }), 1, (to) => to.admit(upload(1))],
  ['refuse', admitted, 1, (to) => to.refuse(refusal(2, 'Ignored'))],
  ['adopt', admitted, 0, (to) => to.adopt(idOf(1), 'run-1', 'run-1+')],
  ['acquireLease', admitted, 0, (to) => to.acquireLease(leaseFor(1))],
  ['releaseLease', held, 0, (to, holder) => to.releaseLease(holder)],
  ['advance', held, 1, (to, holder) => to.advance(holder, 'Inspected', {}, {})],
  ['recordWork', held, 0, (to, holder) => to.recordWork(holder, {})],
  ['recordLook', held, 0, (to, holder) => to.recordLook(holder, { ...BAKE, looks: 1 }, null)],
  ['recordIntent', held, 0, (to, holder) => to.recordIntent(holder, intent)],
  ['settleIntent', held, 0, (to, holder) => to.settleIntent(holder, intent)],
  ['recordTrouble', held, 0, (to, holder) => to.recordTrouble(holder, trouble)],
  ['commit', baking, 1, (to, holder) => to.commit(holder, { version: 1, previous: null }, {})],
  ['markVersion', secondLive, 1, (to, holder) => to.markVersion(holder, 1, 'Retired')],
  ['settle', held, 1, (to) => to.settle(ending)],
];

const READS: readonly (readonly [method: keyof Registry, command: string, ask: Ask])[] = [
  ['deployment', 'GetItem', (to) => to.deployment(idOf(1))],
  ['model', 'GetItem', (to) => to.model('shapes')],
  ['models', 'Query', (to) => to.models()],
  ['versions', 'Query', (to) => to.versions('shapes')],
  ['unended', 'Query', (to) => to.unended()],
  ['unpublished', 'Query', (to) => to.unpublished(1)],
  ['events', 'Query', (to) => to.events({ after: '', limit: 1 })],
  ['newestEvents', 'Query', (to) => to.newestEvents(1)],
  ['admit', 'TransactGetItems', (to) => to.admit(upload(1))],
  ['markPublished', 'Query', (to) => to.markPublished([`${idOf(1)}-1`])],
];

const FAULTS = [
  ['denied', 'PlatformDenied'],
  ['throttled', 'PlatformThrottled'],
  ['broken', 'PlatformUnavailable'],
] as const;

describeOnMoto('a fault of DynamoDB', (moto) => {
  function open() {
    const { table, client } = dynamoWorld(moto());
    const clock = fakeClock(START_MS);
    const registry = dynamoRegistry({ client: client(), table, clock });
    return {
      world: { registry, clock, wakes: () => 0 },
      registry,
      told: async () => (await registry.events({ after: '', limit: 999 })).events.length,
      faulty(command: string, fault: AwsFault, times?: number, maxAttempts = 1) {
        const guarded = client(awsRules(dynamodbRules()), { maxAttempts });
        const { client: failing, count } = awsFault(guarded, command, fault, times);
        return { registry: dynamoRegistry({ client: failing, table, clock }), count };
      },
    };
  }

  describe.each(WRITES)('in %s', (_, from, events, ask) => {
    it.each(FAULTS)('that is %s is told by name, and nothing has changed', async (fault, name) => {
      const { world, told, faulty } = open();
      const holder = await from(world);
      const before = await told();
      const { registry, count } = faulty('TransactWriteItems', fault);

      await expect(ask(registry, holder)).rejects.toMatchObject({ name });

      expect(await told()).toBe(before);
      expect(count()).toBe(1);
    });

    it('that loses the answer is mended by the same call again, which announces nothing again', async () => {
      const { world, registry, told, faulty } = open();
      const holder = await from(world);
      const before = await told();
      const lost = faulty('TransactWriteItems', 'reply lost');

      await expect(ask(lost.registry, holder)).rejects.toMatchObject({
        name: 'PlatformUnavailable',
      });
      const once = await told();
      await ask(registry, holder);

      expect([once - before, (await told()) - before]).toEqual([events, events]);
      expect(lost.count()).toBe(1);
    });

    it('that loses the answer once is not seen: the client asks again with the same token', async () => {
      const { world, told, faulty } = open();
      const holder = await from(world);
      const before = await told();
      const lost = faulty('TransactWriteItems', 'reply lost', 1, 3);

      await ask(lost.registry, holder);

      expect((await told()) - before).toBe(events);
      expect(lost.count()).toBe(1);
    });
  });

  describe.each(READS)('in a read of %s', (_, command, ask) => {
    it.each(FAULTS)('that is %s is told by name', async (fault, name) => {
      const { world, faulty } = open();
      const holder = await admitted(world);
      const { registry, count } = faulty(command, fault);

      await expect(ask(registry, holder)).rejects.toMatchObject({ name });

      expect(count()).toBeGreaterThan(0);
    });
  });

  it('in markPublished leaves an event either waiting or not', async () => {
    const { world, registry, faulty } = open();
    await admitted(world);
    const ids = [`${idOf(1)}-1`];
    const denied = faulty('DeleteItem', 'denied');
    const lost = faulty('DeleteItem', 'reply lost');

    await expect(denied.registry.markPublished(ids)).rejects.toMatchObject({
      name: 'PlatformDenied',
    });
    expect(await registry.unpublished(9)).toHaveLength(1);
    await expect(lost.registry.markPublished(ids)).rejects.toMatchObject({
      name: 'PlatformUnavailable',
    });
    expect(await registry.unpublished(9)).toEqual([]);
    await registry.markPublished(ids);

    expect([denied.count(), lost.count()]).toEqual([1, 1]);
  });

  const deeds = [
    ...WRITES.map(([method, from, , ask]) => ({ method, from, ask })),
    ...READS.map(([method, , ask]) => ({ method, from: admitted, ask })),
  ];

  for (const { method, from, ask } of deeds) {
    itBearsFaults(`${method} of the registry`, async () => {
      const { table, client } = dynamoWorld(moto());
      const clock = fakeClock(START_MS);
      const registry = dynamoRegistry({ client: client(), table, clock });
      const holder = await from({ registry, clock, wakes: () => 0 });
      return {
        deed(outer) {
          const faulty = client(awsRules(dynamodbRules()), { maxAttempts: 1, outer });
          return ask(dynamoRegistry({ client: faulty, table, clock }), holder);
        },
        left: async () => ({
          deployment: await registry.deployment(idOf(1)),
          model: await registry.model('shapes'),
          versions: await registry.versions('shapes'),
          events: (await registry.events({ after: '', limit: 999 })).events,
          unpublished: await registry.unpublished(99),
        }),
      };
    });
  }
});
