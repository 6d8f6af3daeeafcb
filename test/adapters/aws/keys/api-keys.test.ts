import { keyHash } from '#domain/api-key.ts';
import { describeApiKeys } from '../../../contracts/api-keys.ts';
import { type ApiKeysWorld, apiKeysWorld } from '../../../support/aws/api-keys.ts';
import { type AwsFault, awsFault } from '../../../support/aws/faults.ts';
import { describeOnMoto } from '../../../support/aws/moto.ts';
import { type AwsRule, addMiddleware, awsRules } from '../../../support/aws/rules/rules.ts';
import { rowsOf } from '../../../support/aws/table-before.ts';

const HOUR_MS = 3_600_000;

/** Moto answers all keys at once. */
const oneToAPage: AwsRule = {
  name: 'apigateway: keys come by the page',
  service: 'APIGateway',
  commands: ['GetApiKeys'],
  source: 'https://docs.aws.amazon.com/apigateway/latest/api/API_GetApiKeys.html',
  after({ input }, output) {
    const { items } = output as { readonly items: readonly object[] };
    const start = Number(input['position'] ?? 0);
    const position = start + 1 < items.length ? String(start + 1) : undefined;
    return { ...output, items: items.slice(start, start + 1), position };
  },
};

describeOnMoto('API keys on AWS', (moto) => {
  let world: ApiKeysWorld;
  beforeEach(async () => {
    world = await apiKeysWorld(moto());
  });

  describeApiKeys('dynamoApiKeys', () => ({ keys: world.keys(), clock: world.clock }));

  it('puts the hash on the usage plan as the value by which it is throttled, never the key', async () => {
    const { key } = await world.keys().create('ci', 'all');

    const hash = await keyHash(key);
    expect(await world.values()).toEqual([hash]);
    expect(await world.planned()).toEqual([hash]);
  });

  it('leaves nothing at API Gateway of a key that is revoked, nor takes another stage’s', async () => {
    const other = await apiKeysWorld(moto());
    await other.keys().create('ci', 'all');
    const { record } = await world.keys().create('ci', 'all');

    await world.keys().revoke(record.id);

    expect(await world.values()).toEqual([]);
    expect(await other.values()).toHaveLength(1);
  });

  it('finds what to take away on every page of API Gateway’s keys', async () => {
    const rules = awsRules([oneToAPage]);
    const { client } = awsFault(world.dynamo(), 'TransactWriteItems', 'broken');
    for (const name of ['one', 'two', 'three']) {
      await expect(world.keys({ client }).create(name, 'all')).rejects.toThrow();
    }
    world.clock.advance(2 * HOUR_MS);

    await world.keys({ gateway: rules.guard(world.gateway()) }).revoke('0123456789abcdef');

    expect(await world.values()).toEqual([]);
    expect(rules.fired().length).toBe(3);
  });

  describe('when making a key breaks off', () => {
    it.each([
      { at: 'CreateApiKey', fault: 'broken', isAtGateway: true },
      { at: 'CreateUsagePlanKey', fault: 'broken', isAtGateway: true },
      { at: 'CreateUsagePlanKey', fault: 'reply lost', isAtGateway: true },
      { at: 'TransactWriteItems', fault: 'broken', isAtGateway: false },
    ] as const)('at $at ($fault) no key works, and the next one tidies up', async (crash) => {
      const { at, fault, isAtGateway } = crash;
      const gateway = awsFault(world.gateway({ maxAttempts: 1 }), at, fault);
      const client = awsFault(world.dynamo(), at, fault);

      const broken = world.keys({ gateway: gateway.client, client: client.client });
      const created = broken.create('ci', 'all');

      await expect(created).rejects.toMatchObject({ name: 'PlatformUnavailable' });
      expect((isAtGateway ? gateway : client).count()).toBeGreaterThan(0);
      expect(await world.keys().list()).toEqual([]);
      for (const value of await world.values()) {
        expect(await world.keys().find(value ?? '')).toBeUndefined();
      }

      world.clock.advance(2 * HOUR_MS);
      const { key } = await world.keys().create('next', 'all');
      expect(await world.values()).toEqual([await keyHash(key)]);
    });
  });

  describe('keys of a release that had one partition for all', () => {
    const partitions = async () =>
      (await rowsOf(world.dynamo(), world.table)).map(({ pk }) => pk?.S);
    let hash: string;
    let id: string;
    beforeEach(async () => {
      const { key, record } = await world.keys({ isSpread: false }).create('old', 'all');
      hash = (await keyHash(key)) ?? '';
      id = record.id;
      expect(await partitions()).toEqual(['KEYS']);
    });

    it('are found and listed where they are, and moved by hash once the stack can read that', async () => {
      expect((await world.keys().find(hash))?.id).toBe(id);
      expect((await world.keys().list()).map((key) => key.id)).toEqual([id]);

      await world.keys({ isSpread: false }).move();
      expect(await partitions()).toEqual(['KEYS']);
      await world.keys().move();

      expect(await partitions()).toEqual([`KEYS#${hash[0]}`]);
      expect((await world.keys().find(hash))?.id).toBe(id);
    });

    it('are found while they are moved', async () => {
      const client = world.dynamo();
      let reads = 0;
      addMiddleware(client, (next, { commandName }) => async (args) => {
        const answer = await next(args);
        if (commandName === 'GetItemCommand' && ++reads === 1) await world.keys().move();
        return answer;
      });

      expect((await world.keys({ client }).find(hash))?.id).toBe(id);
      expect(reads).toBe(3);
    });

    it.each([true, false])(
      'stay revoked though somebody moves them (spread: %s)',
      async (isSpread) => {
        const client = world.dynamo();
        let reads = 0;
        addMiddleware(client, (next, { commandName }) => async (args) => {
          const answer = await next(args);
          if (commandName === 'QueryCommand' && ++reads === 1)
            await world.keys({ isSpread }).revoke(id);
          return answer;
        });

        await world.keys({ client }).move();

        expect(await partitions()).toEqual([]);
        expect(await world.keys().find(hash)).toBeUndefined();
      },
    );
  });

  it('leaves a key alone that another call is about to make', async () => {
    const { client } = awsFault(world.dynamo(), 'TransactWriteItems', 'broken');
    await expect(world.keys({ client }).create('ci', 'all')).rejects.toThrow();

    await world.keys().create('next', 'all');

    expect(await world.values()).toHaveLength(2);
  });

  it('stops a key from working first when its revocation breaks off, and ends it the next time', async () => {
    const { key, record } = await world.keys().create('ci', 'all');
    const { client: gateway, count } = awsFault(world.gateway(), 'DeleteApiKey', 'broken');

    await expect(world.keys({ gateway }).revoke(record.id)).rejects.toMatchObject({
      name: 'PlatformUnavailable',
    });

    expect(count()).toBeGreaterThan(0);
    expect(await world.keys().find((await keyHash(key)) ?? '')).toBeUndefined();
    await world.keys().revoke(record.id);
    expect(await world.values()).toEqual([]);
  });

  describe('an answer that is lost once', () => {
    it.each(['CreateApiKey', 'CreateUsagePlanKey'])('of %s is no failure', async (command) => {
      const { rules } = world;
      const { client: gateway, count } = awsFault(world.gateway(), command, 'reply lost', 1);

      const { key } = await world.keys({ gateway }).create('ci', 'all');

      expect(count()).toBe(1);
      expect(rules.fired()).toHaveLength(command === 'CreateUsagePlanKey' ? 1 : 0);
      expect(await world.planned()).toEqual([await keyHash(key)]);
    });

    it('of DeleteApiKey is no failure', async () => {
      const { record } = await world.keys().create('ci', 'all');
      const { client: gateway, count } = awsFault(world.gateway(), 'DeleteApiKey', 'reply lost', 1);

      await world.keys({ gateway }).revoke(record.id);

      expect(count()).toBe(1);
      expect(await world.values()).toEqual([]);
    });
  });

  describe('a refusal is told by its name', () => {
    const gatewayCommands = ['CreateApiKey', 'CreateUsagePlanKey', 'GetApiKeys'] as const;
    const faults: readonly (readonly [AwsFault, string])[] = [
      ['denied', 'PlatformDenied'],
      ['throttled', 'PlatformThrottled'],
    ];

    it.each(
      gatewayCommands.flatMap((command) => faults.map((fault) => [command, ...fault] as const)),
    )('%s %s is %s', async (command, fault, name) => {
      const { client: gateway, count } = awsFault(world.gateway(), command, fault);

      await expect(world.keys({ gateway }).create('ci', 'all')).rejects.toMatchObject({ name });

      expect(count()).toBeGreaterThan(0);
    });

    it.each(faults)('a look-up that is %s is %s', async (fault, name) => {
      const { client, count } = awsFault(world.dynamo(), 'GetItem', fault);

      await expect(world.keys({ client }).find('0'.repeat(64))).rejects.toMatchObject({ name });

      expect(count()).toBeGreaterThan(0);
    });
  });
});
