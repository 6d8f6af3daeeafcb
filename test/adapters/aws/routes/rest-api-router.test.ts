import {
  APIGatewayClient,
  CreateDeploymentCommand,
  DeleteMethodCommand,
  GetDeploymentsCommand,
  GetMethodCommand,
  GetResourcesCommand,
} from '@aws-sdk/client-api-gateway';
import {
  GetAliasCommand,
  GetPolicyCommand,
  type LambdaClient,
  RemovePermissionCommand,
  UpdateAliasCommand,
} from '@aws-sdk/client-lambda';
import { describeRouter } from '../../../contracts/router.ts';
import { awsClient } from '../../../support/aws/clients.ts';
import { describeOnMoto } from '../../../support/aws/moto.ts';
import { restApiRouterWorld } from '../../../support/aws/rest-api-router.ts';
import { addMiddleware, awsError } from '../../../support/aws/rules/rules.ts';

type World = Awaited<ReturnType<typeof restApiRouterWorld>>;

const FunctionName = 'slipway-test-m-digits';
const ENDPOINT = '/models/digits';
const LIVE = { FunctionName, Name: 'live' };
const FIRST = { 'digits-v1': 100 };
const SECOND = { 'digits-v2': 100 };

describeOnMoto('restApiRouter on moto', (moto) => {
  describeRouter('restApiRouter', async () => {
    const { router, clock, close } = await restApiRouterWorld(moto());
    const settle = async () => clock.advance(300_000);
    return { router, isSpreading: true, settle, close };
  });

  describe('restApiRouter', () => {
    let world: World;
    beforeEach(async () => {
      world = await restApiRouterWorld(moto());
    });
    afterEach(() => world.close());

    async function resources(): Promise<ReadonlyMap<string, string>> {
      const { items = [] } = await awsClient(APIGatewayClient, moto()).send(
        new GetResourcesCommand({ restApiId: world.api.id }),
      );
      return new Map(items.map(({ path = '', id = '' }) => [path, id]));
    }

    async function deployments(): Promise<number> {
      const command = new GetDeploymentsCommand({ restApiId: world.api.id });
      return (await awsClient(APIGatewayClient, moto()).send(command)).items?.length ?? 0;
    }

    /** API Gateway as a caller sees it who dies before this call (of a command, counted from 1). */
    function endingAt(command: string, call = 1) {
      let calls = 0;
      return world.apiGateway((client) =>
        addMiddleware(client, (next, { commandName }) => async (args) => {
          if (commandName !== command) return next(args);
          calls += 1;
          if (calls >= call) throw new Error('the step ended here');
          return next(args);
        }),
      );
    }

    async function permitted(): Promise<readonly string[]> {
      const policy = new GetPolicyCommand({ FunctionName, Qualifier: 'live' });
      const { Policy = '{}' } = await world.lambda().send(policy);
      return JSON.parse(Policy).Statement.map(
        ({ Condition }: { readonly Condition: { readonly ArnLike: Record<string, string> } }) =>
          Condition.ArnLike['AWS:SourceArn'],
      );
    }

    /** The route of `digits` as it was made before endpoints had a method. */
    async function withoutEndpoint(): Promise<void> {
      const { id: restApiId, stage: stageName } = world.api;
      const resourceId = (await resources()).get(ENDPOINT);
      const client = world.apiGateway();
      await client.send(new DeleteMethodCommand({ restApiId, resourceId, httpMethod: 'ANY' }));
      world.clock.advance(30_000);
      await client.send(new CreateDeploymentCommand({ restApiId, stageName }));
      world.clock.advance(30_000);
      const statement = { FunctionName, Qualifier: 'live', StatementId: 'slipway-endpoint' };
      await world.lambda().send(new RemovePermissionCommand(statement));
    }

    it.each([ENDPOINT, '/models/digits/{proxy+}'])(
      'makes a route that asks for a key, for 29 s, from %s to the alias',
      async (path) => {
        await world.router.setShares('digits', FIRST, {}, 1);

        const resourceId = (await resources()).get(path);
        const method = await awsClient(APIGatewayClient, moto()).send(
          new GetMethodCommand({ restApiId: world.api.id, resourceId, httpMethod: 'ANY' }),
        );
        const alias = 'arn:aws:lambda:us-east-1:123456789012:function:slipway-test-m-digits:live';
        expect(method).toMatchObject({
          authorizationType: 'CUSTOM',
          authorizerId: world.api.authorizer,
          apiKeyRequired: true,
          methodIntegration: {
            type: 'AWS_PROXY',
            httpMethod: 'POST',
            timeoutInMillis: 29_000,
            uri: `arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${alias}/invocations`,
          },
        });
      },
    );

    it('lets the model’s own route invoke the alias, and no other', async () => {
      await world.router.setShares('digits', FIRST, {}, 1);
      await world.router.setShares('digits', SECOND, FIRST, 1);

      const { Policy = '{}' } = await world
        .lambda()
        .send(new GetPolicyCommand({ FunctionName, Qualifier: 'live' }));
      const api = `arn:aws:execute-api:us-east-1:123456789012:${world.api.id}`;
      expect(JSON.parse(Policy).Statement).toEqual(
        ['/models/digits', '/models/digits/*'].map((path) =>
          expect.objectContaining({
            Principal: { Service: 'apigateway.amazonaws.com' },
            Action: 'lambda:InvokeFunction',
            Condition: { ArnLike: { 'AWS:SourceArn': `${api}/*/*${path}` } },
          }),
        ),
      );
    });

    it('makes the endpoint of a model that was routed without one, at its next change', async () => {
      await world.router.setShares('digits', FIRST, {}, 1);
      await withoutEndpoint();
      const before = [world.served.has(ENDPOINT), await permitted()];
      const whole = await world.router.verify('digits', FIRST);

      await world.router.setShares('digits', FIRST, FIRST, 1);

      const [endpoint, below] = await permitted();
      expect(before).toEqual([false, [endpoint?.endsWith('/*') ? endpoint : below]]);
      expect(whole).toEqual({ kind: 'verified' });
      expect(world.served.get(ENDPOINT)?.type).toBe('AWS_PROXY');
      expect(await permitted()).toHaveLength(2);
    });

    it('deploys the API for the first shares of a model only', async () => {
      const before = await deployments();

      await world.router.setShares('digits', FIRST, {}, 1);
      await world.router.setShares('digits', SECOND, FIRST, 1);
      await world.router.setShares('digits', SECOND, FIRST, 1);

      expect((await deployments()) - before).toBe(1);
    });

    it('shares by weight: the greater part is the alias’s own version', async () => {
      await world.router.setShares('digits', { 'digits-v1': 3, 'digits-v2': 1 }, {}, 1);

      const alias = await world.lambda().send(new GetAliasCommand(LIVE));

      expect(alias).toMatchObject({
        FunctionVersion: '1',
        RoutingConfig: { AdditionalVersionWeights: { 2: 0.25 } },
      });
    });

    it('tells what the alias routes by, when somebody else has changed it', async () => {
      await world.router.setShares('digits', FIRST, {}, 1);
      const RoutingConfig = { AdditionalVersionWeights: { 3: 0.2 } };

      await world
        .lambda()
        .send(new UpdateAliasCommand({ ...LIVE, FunctionVersion: '2', RoutingConfig }));

      const drifted = { 'digits-v2': 80, 'digits-v3': 20 };
      expect(await world.router.shares('digits')).toEqual(drifted);
      expect(await world.router.verify('digits', FIRST)).toEqual({
        kind: 'different',
        shares: drifted,
      });
    });

    it.each([
      { name: 'three revisions', shares: { 'digits-v1': 1, 'digits-v2': 1, 'digits-v3': 1 } },
      { name: 'a revision without a version', shares: { 'digits-v9': 1 } },
    ])('refuses $name', async ({ shares }) => {
      const change = world.router.setShares('digits', shares, {}, 1);

      await expect(change).rejects.toMatchObject({ name: 'SharesRefused' });
      expect(await world.router.shares('digits')).toEqual({});
    });

    it('verifies a change of the alias a second after it, and looks at no answer before', async () => {
      await world.router.setShares('digits', FIRST, {}, 1);
      world.clock.advance(999);
      const early = await world.router.verify('digits', FIRST);
      const starts = world.front.starts('digits-v1');
      world.clock.advance(1);

      const late = await world.router.verify('digits', FIRST);

      const reason = 'the alias of digits is known everywhere in 1 ms';
      expect(early).toEqual({ kind: 'pending', reason });
      expect([starts, world.front.starts('digits-v1')]).toEqual([0, 1]);
      expect(late).toEqual({ kind: 'verified' });
    });

    it('takes an alias that somebody else has changed for one that is known everywhere', async () => {
      await world.router.setShares('digits', FIRST, {}, 1);
      await world.lambda().send(new UpdateAliasCommand({ ...LIVE, FunctionVersion: '2' }));

      expect(await world.router.verify('digits', SECOND)).toEqual({ kind: 'verified' });
    });

    it('does not verify what another version still answers', async () => {
      await world.router.setShares('digits', FIRST, {}, 1);
      const told = await world.lambda().send(new GetAliasCommand(LIVE));
      const late = world.routerOver({ lambda: world.lambda({ outer: answeringAlias(told) }) });
      await world.lambda().send(new UpdateAliasCommand({ ...LIVE, FunctionVersion: '2' }));
      world.clock.advance(1_000);

      expect(await late.verify('digits', FIRST)).toEqual({
        kind: 'pending',
        reason: 'digits-v2 still answers',
      });
    });

    it('does not verify a route that is in the API and not in its deployment', async () => {
      const router = world.routerOver({ apiGateway: endingAt('CreateDeploymentCommand') });
      await router.setShares('digits', FIRST, {}, 1).catch(() => undefined);

      const before = await world.router.verify('digits', FIRST);
      await world.router.setShares('digits', FIRST, FIRST, 1);

      expect(before).toEqual({
        kind: 'pending',
        reason: 'the API has yet to get the route of digits',
      });
      expect(await world.router.verify('digits', FIRST)).toEqual({ kind: 'verified' });
    });

    it.each([
      ['CreateResourceCommand', 1],
      ['CreateResourceCommand', 2],
      ['PutMethodCommand', 1],
      ['PutMethodCommand', 2],
      ['PutIntegrationCommand', 1],
      ['PutIntegrationCommand', 2],
      ['CreateDeploymentCommand', 1],
    ])(
      'a route that ended at %s number %i is made whole by the same call',
      async (command, call) => {
        const router = world.routerOver({ apiGateway: endingAt(command, call) });
        await router.setShares('digits', FIRST, {}, 1).catch(() => undefined);
        world.clock.advance(30_000);

        await world.router.setShares('digits', FIRST, {}, 1);

        expect(await world.router.verify('digits', FIRST)).toEqual({ kind: 'verified' });
        expect(world.served.get(ENDPOINT)?.type).toBe('AWS_PROXY');
      },
    );

    it.each([1, 2])(
      'what another model left half made, at its part %i, does not hold up a deployment',
      async (part) => {
        const router = world.routerOver({ apiGateway: endingAt('PutIntegrationCommand', part) });
        await router.setShares('digits', FIRST, {}, 1).catch(() => undefined);
        world.clock.advance(30_000);

        await world.router.setShares('words', { 'words-v1': 1 }, {}, 1);
        await world.router.setShares('digits', FIRST, FIRST, 1);

        expect(await world.router.verify('words', { 'words-v1': 1 })).toEqual({ kind: 'verified' });
        expect(await world.router.verify('digits', FIRST)).toEqual({ kind: 'verified' });
        expect(world.served.get(ENDPOINT)?.type).toBe('AWS_PROXY');
      },
    );

    it.each(['DeleteMethodCommand', 'DeleteResourceCommand', 'CreateDeploymentCommand'])(
      'a removal that ended at %s is made whole by the same call',
      async (command) => {
        await world.router.setShares('digits', FIRST, {}, 1);
        const router = world.routerOver({ apiGateway: endingAt(command) });
        await router.remove('digits', 1).catch(() => undefined);
        world.clock.advance(30_000);

        await world.router.remove('digits', 1);

        expect([...(await resources()).keys()].sort()).toEqual(['/', '/models']);
        expect(await world.router.verify('digits', {})).toEqual({ kind: 'verified' });
      },
    );

    it('leaves nothing of a model that it removes, and the others as they are', async () => {
      await world.router.setShares('digits', FIRST, {}, 1);
      await world.router.setShares('words', { 'words-v1': 1 }, {}, 1);

      await world.router.remove('digits', 1);

      expect([...(await resources()).keys()].sort()).toEqual([
        '/',
        '/models',
        '/models/words',
        '/models/words/{proxy+}',
      ]);
      const policy = world.lambda().send(new GetPolicyCommand({ FunctionName, Qualifier: '1' }));
      await expect(policy).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
      expect(await world.router.verify('words', { 'words-v1': 1 })).toEqual({ kind: 'verified' });
    });

    it('refuses a model for which the API has no room, and says what makes some', async () => {
      const message = 'Maximum number of Resources for this API has been reached.';
      const full = world.apiGateway((client) =>
        addMiddleware(client, (next, { commandName }) => async (args) => {
          if (commandName !== 'CreateResourceCommand') return next(args);
          throw awsError({ name: 'LimitExceededException', message, status: 429 });
        }),
      );

      const routed = world.routerOver({ apiGateway: full }).setShares('digits', FIRST, {}, 1);

      await expect(routed).rejects.toMatchObject({
        name: 'SharesRefused',
        message: expect.stringContaining(message),
        fix: expect.stringContaining('"Resources per API"'),
      });
    });

    it('deploys models one after the other, 5 s apart', async () => {
      const startedMs = world.clock.now();

      await Promise.all([
        world.router.setShares('digits', FIRST, {}, 1),
        world.router.setShares('words', { 'words-v1': 1 }, {}, 1),
      ]);

      expect(world.clock.now() - startedMs).toBeGreaterThanOrEqual(5_000);
      expect(world.apiRules.fired()).not.toContain('apigateway: an API is deployed once in 5 s');
      expect(await world.router.verify('digits', FIRST)).toEqual({ kind: 'verified' });
      expect(await world.router.verify('words', { 'words-v1': 1 })).toEqual({ kind: 'verified' });
    });
  });
});

/** Tells an alias as it was, while invocations go where it points by now: so a change looks that spreads. */
function answeringAlias(output: object) {
  return (client: LambdaClient) =>
    addMiddleware(
      client,
      (next, { commandName }) =>
        async (args) =>
          commandName === 'GetAliasCommand' ? { output } : next(args),
    );
}
