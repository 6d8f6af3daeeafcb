import { GetAliasCommand, GetPolicyCommand } from '@aws-sdk/client-lambda';
import { describeOnMoto } from '../../../support/aws/moto.ts';
import { restApiRouterWorld } from '../../../support/aws/rest-api-router.ts';
import { type AnyClient, addMiddleware } from '../../../support/aws/rules/rules.ts';

const FunctionName = 'slipway-test-m-digits';
const WHOLE = { 'digits-v1': 100 };
const STREAMING = { 'digits-v4': 100 };
const IN_CONTAINERS = { 'digits-v6': 100 };
const PATHS = ['/models/digits', '/models/digits/{proxy+}'];
const FUNCTION = `arn:aws:lambda:us-east-1:123456789012:function:${FunctionName}`;
const CALLS = 'arn:aws:apigateway:us-east-1:lambda:path';

describeOnMoto('restApiRouter between functions that answer whole and that stream', (moto) => {
  let world: Awaited<ReturnType<typeof restApiRouterWorld>>;

  beforeEach(async () => {
    world = await restApiRouterWorld(moto());
  });
  afterEach(() => world.close());

  const served = () => [...new Set(PATHS.map((path) => world.served.get(path)?.uri))];
  const settle = () => world.clock.advance(300_000);
  const set = (shares: Record<string, number>, before: Record<string, number>) =>
    world.router.setShares('digits', shares, before, 1);

  async function aliases() {
    const found: Record<string, string | undefined> = {};
    for (const Name of ['live', 'live-streaming']) {
      const command = new GetAliasCommand({ FunctionName, Name });
      const alias = await world
        .lambda()
        .send(command)
        .catch(() => undefined);
      if (alias) found[Name] = alias.FunctionVersion;
    }
    return found;
  }

  /** A client that ends at a call of this command, counted from 1, and one that records its calls. */
  function watched(see: (command: string, input: object) => void) {
    return (client: AnyClient) =>
      addMiddleware(client, (next, { commandName }) => async (args) => {
        see(commandName, args.input as object);
        return next(args);
      });
  }

  it('leads to the alias of those that stream by the call that streams, for as long as a function may run', async () => {
    const put: object[] = [];
    const watch = watched((command, input) => {
      if (command === 'PutIntegrationCommand') put.push(input);
    });
    const router = world.routerOver({ apiGateway: world.apiGateway(watch) });

    await router.setShares('digits', STREAMING, {}, 1);

    const uri = `${CALLS}/2021-11-15/functions/${FUNCTION}:live-streaming/response-streaming-invocations`;
    expect(served()).toEqual([uri]);
    const integration = { uri, responseTransferMode: 'STREAM', timeoutInMillis: 899_000 };
    expect(put).toEqual([
      expect.objectContaining(integration),
      expect.objectContaining(integration),
    ]);
    expect(await aliases()).toEqual({ 'live-streaming': '4' });
  });

  it('permits the route to invoke the alias that it leads to, and no other', async () => {
    await set(STREAMING, {});

    const named = { FunctionName, Qualifier: 'live-streaming' };
    const { Policy = '{}' } = await world.lambda().send(new GetPolicyCommand(named));
    const { Statement } = JSON.parse(Policy);
    expect(Statement).toHaveLength(2);
    for (const { Action, Resource } of Statement) {
      expect({ Action, Resource }).toEqual({
        Action: 'lambda:InvokeFunction',
        Resource: `${FUNCTION}:live-streaming`,
      });
    }
  });

  it('keeps the alias that it left until nobody comes by it, then takes it away', async () => {
    await set(WHOLE, {});
    await set(STREAMING, WHOLE);
    const both = await aliases();
    settle();

    await set(STREAMING, STREAMING);

    expect(both).toEqual({ live: '1', 'live-streaming': '4' });
    expect(await aliases()).toEqual({ 'live-streaming': '4' });
    expect(await world.router.verify('digits', STREAMING)).toEqual({ kind: 'verified' });
  });

  it('goes back at once to a version of before there were any that stream', async () => {
    await set(WHOLE, {});
    await set(STREAMING, WHOLE);

    await set(WHOLE, STREAMING);
    settle();

    expect(served()).toEqual([`${CALLS}/2015-03-31/functions/${FUNCTION}:live/invocations`]);
    expect(await world.router.verify('digits', WHOLE)).toEqual({ kind: 'verified' });
    await set(WHOLE, WHOLE);
    expect(await aliases()).toEqual({ live: '1' });
  });

  it('forgets none of the sides that it left one after the other', async () => {
    await set(WHOLE, {});
    await set(IN_CONTAINERS, WHOLE);
    await set(STREAMING, IN_CONTAINERS);
    const left = (await world.records.read('digits')).left;
    settle();

    await set(STREAMING, STREAMING);

    expect(left.map(({ mechanism }) => mechanism)).toEqual(['function', 'container']);
    expect(await world.records.read('digits')).toMatchObject({ left: [], containers: null });
    expect(await aliases()).toEqual({ 'live-streaming': '4' });
  });

  it.each([
    { command: 'CreateAliasCommand', call: 1 },
    { command: 'AddPermissionCommand', call: 2 },
    { command: 'PutItemCommand', call: 2 },
    { command: 'PutIntegrationCommand', call: 1 },
    { command: 'PutIntegrationCommand', call: 2 },
    { command: 'CreateDeploymentCommand', call: 1 },
    { command: 'PutItemCommand', call: 3 },
  ])('tells the truth after it ended at $command number $call, and is made whole', async (at) => {
    await set(WHOLE, {});
    let calls = 0;
    const end = watched((command) => {
      if (command === at.command) calls += 1;
      if (command === at.command && calls >= at.call) throw new Error('the step ended here');
    });
    const dynamo = world.dynamo();
    end(dynamo);
    const clients = { apiGateway: world.apiGateway(end), lambda: world.lambda({ outer: end }) };
    const ended = world.routerOver({ dynamo, ...clients }).setShares('digits', STREAMING, WHOLE, 1);
    await expect(ended).rejects.toThrow('the step ended here');
    world.clock.advance(30_000);

    const shares = await world.router.shares('digits');
    const isThere = served().every((uri) => uri?.includes(':live-streaming/'));
    await set(STREAMING, shares);
    settle();

    expect(shares).toEqual(isThere ? STREAMING : WHOLE);
    expect(await world.router.verify('digits', STREAMING)).toEqual({ kind: 'verified' });
  });

  it('reads a record of before there were three mechanisms', async () => {
    await set(WHOLE, {});
    const record = await world.records.read('digits');
    const old = { mechanism: 'container', hasServed: true };

    for (const [left, known] of [
      [null, []],
      [old, [old]],
    ] as const) {
      const { rev } = await world.records.read('digits');
      await world.records.write({ ...record, rev, left: left as never });
      expect((await world.records.read('digits')).left).toEqual(known);
    }
  });
});
