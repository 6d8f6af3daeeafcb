import type { LambdaClient } from '@aws-sdk/client-lambda';
import { revisionAddress, routeAddress } from '#adapters/aws/api/probe-address.ts';
import type { GoldenRequest } from '#domain/rollout/golden-request.ts';
import { type Behaviour, describeProber } from '../../../contracts/prober.ts';
import { awsFault } from '../../../support/aws/faults.ts';
import { describeOnMoto } from '../../../support/aws/moto.ts';
import { probedFunctionsWorld } from '../../../support/aws/probed-functions.ts';
import { addMiddleware, awsError } from '../../../support/aws/rules/rules.ts';

const REQUEST: GoldenRequest = { protocol: 'infer', body: {} };

describeOnMoto('awsProber of functions on moto', (moto) => {
  const open = (behave: () => Behaviour, probed: Parameters<typeof probedFunctionsWorld>[2] = {}) =>
    probedFunctionsWorld(moto(), behave, probed);

  const addresses = {
    route: routeAddress('digits'),
    testPath: revisionAddress({ revision: 'digits-v1', target: 'lambda' }),
    nobody: routeAddress('nobody'),
  };

  describe.each(['function', 'streaming-function'] as const)('of the kind %s', (kind) => {
    describeProber('awsProber of functions', async () => {
      let behaviour: Behaviour = () => 'silent';
      const world = await open(() => behaviour, { kind });
      return {
        prober: world.probing(),
        addresses,
        behave: (next) => {
          behaviour = next;
        },
        close: world.close,
      };
    });
  });

  it('counts a probe of the route, which CloudWatch counts for the alias of clients, and none of a version', async () => {
    const world = await open(() => () => ({ status: 200, body: {} }));
    const prober = world.probing();

    await prober.send(addresses.testPath, 'digits', REQUEST, 2_000);
    await prober.ready(addresses.testPath, '/ping', 2_000);
    expect(await world.counted('function')).toBe(0);
    await prober.send(addresses.route, 'digits', REQUEST, 2_000);
    await prober.ready(addresses.route, '/ping', 2_000);

    expect(await world.counted('function')).toBe(2);
    await world.close();
  });

  it('answers what a client would get of an image of its owner’s own, with the reason that the API would hide', async () => {
    const world = await open(() => () => ({ status: 500, body: 'broken' }), {
      runtime: 'custom',
    });

    const answer = await world.probing().send(addresses.route, 'digits', REQUEST, 2_000);

    expect(answer).toMatchObject({
      kind: 'answer',
      status: 502,
      body: expect.stringContaining('configured error status code: 500'),
      revision: 'digits-v1',
    });
    await world.close();
  });

  it.each([
    {
      fault: 'throttled',
      found: expect.objectContaining({
        ...{ kind: 'answer', status: 429, revision: null },
        body: expect.stringContaining('Rate exceeded'),
      }),
    },
    { fault: 'broken', found: { kind: 'none', reason: expect.stringContaining('broken') } },
    { fault: 'reply lost', found: { kind: 'none', reason: expect.stringContaining('no answer') } },
  ] as const)(
    'has no answer of a model when the invocation is $fault',
    async ({ fault, found }) => {
      const world = await open(() => () => ({ status: 200, body: {} }));
      const outer = (client: LambdaClient) => void awsFault(client, 'Invoke', fault);
      const lambda = world.lambda({ maxAttempts: 1, outer });

      expect(await world.probing({ lambda }).ready(addresses.route, '/ping', 2_000)).toEqual(found);
      await world.close();
    },
  );

  it('is busy, and not failed, where it may not even ask for the versions now', async () => {
    const world = await open(() => () => ({ status: 200, body: {} }));
    const outer = (client: LambdaClient) =>
      void awsFault(client, 'ListVersionsByFunction', 'throttled');
    const lambda = world.lambda({ maxAttempts: 1, outer });

    const answer = await world.probing({ lambda }).ready(addresses.testPath, '/ping', 2_000);

    expect(answer).toMatchObject({ kind: 'answer', status: 429, revision: null });
    await world.close();
  });

  it('asks for the versions of a function once, however many probes there are', async () => {
    const world = await open(() => () => ({ status: 200, body: {} }));
    const lists: string[] = [];
    const outer = (client: LambdaClient) =>
      addMiddleware(client, (next, { commandName }) => async (args) => {
        if (commandName === 'ListVersionsByFunctionCommand') lists.push(commandName);
        return next(args);
      });
    const prober = world.probing({ lambda: world.lambda({ outer }) });

    for (let probes = 0; probes < 5; probes += 1) {
      const answer = await prober.ready(addresses.testPath, '/ping', 10_000);
      expect(answer).toMatchObject({ status: 200, revision: 'digits-v1' });
    }

    expect(lists).toHaveLength(1);
    await world.close();
  });

  it('fails where it may not invoke', async () => {
    const world = await open(() => () => ({ status: 200, body: {} }));
    const outer = (client: LambdaClient) => void awsFault(client, 'Invoke', 'denied');

    const probe = world
      .probing({ lambda: world.lambda({ maxAttempts: 1, outer }) })
      .ready(addresses.route, '/ping', 2_000);

    await expect(probe).rejects.toMatchObject({ name: 'PlatformDenied' });
    await world.close();
  });

  it('takes a concurrency that is used up for a 429', async () => {
    const world = await open(() => () => ({ status: 200, body: {} }));
    const refusal = { name: 'TooManyRequestsException', message: 'Rate Exceeded.', status: 429 };
    const outer = (client: LambdaClient) =>
      addMiddleware(client, (next, { commandName }) => async (args) => {
        if (commandName === 'InvokeCommand') throw awsError(refusal);
        return next(args);
      });

    const answer = await world
      .probing({ lambda: world.lambda({ maxAttempts: 1, outer }) })
      .ready(addresses.route, '/ping', 2_000);

    expect(answer).toMatchObject({ kind: 'answer', status: 429 });
    await world.close();
  });

  it('has no answer from a function that Lambda has put aside, and wakes it', async () => {
    const world = await open(() => () => ({ status: 200, body: {} }));
    world.states.putAside(`${world.functions.prefix}digits`, '1');

    const answer = await world.probing().ready(addresses.testPath, '/ping', 2_000);

    expect(answer).toMatchObject({ kind: 'none', reason: expect.stringContaining('Inactive') });
    expect(world.rules.fired()).toContain(
      'lambda: an invocation of an Inactive function is refused and wakes it',
    );
    await world.close();
  });
});
