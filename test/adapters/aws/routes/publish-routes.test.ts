import {
  CreateDeploymentCommand,
  GetDeploymentsCommand,
  GetResourcesCommand,
} from '@aws-sdk/client-api-gateway';
import type { ApiLease } from '#adapters/aws/api/api-lease.ts';
import { apiDraft, TEMPLATE_DEPLOYMENT } from '#adapters/aws/routes/api-draft.ts';
import { modelRoutes } from '#adapters/aws/routes/model-routes.ts';
import { preflightTemplate } from '#adapters/aws/routes/preflight.ts';
import { describeOnMoto } from '../../../support/aws/moto.ts';
import { restApiRouterWorld } from '../../../support/aws/rest-api-router.ts';
import { type AnyClient, addMiddleware } from '../../../support/aws/rules/rules.ts';

const ON_LAMBDA = { 'digits-v1': 100 };
const IN_CONTAINERS = { 'digits-v6': 100 };
const PATH = '/models/digits/{proxy+}';
const PATHS = ['/models/digits', PATH];
const HTTP_PROXY = {
  type: 'HTTP_PROXY',
  integrationHttpMethod: 'ANY',
  uri: 'http://models',
} as const;
const ORIGINS = ['https://app.example', 'http://localhost:3000'];

describeOnMoto('publishing the API after an update of its stack, on moto', (moto) => {
  let world: Awaited<ReturnType<typeof restApiRouterWorld>>;

  beforeEach(async () => {
    world = await restApiRouterWorld(moto());
    await world.router.setShares('digits', ON_LAMBDA, {}, 1);
    world.clock.advance(30_000);
  });
  afterEach(() => world.close());

  const draft = () => apiDraft(world.apiGateway(), world.api);
  const routesFor = (
    corsOrigins: readonly string[],
    over = draft(),
    lease: ApiLease = world.leaseOver(),
  ) =>
    modelRoutes({
      draft: over,
      lease,
      api: { ...world.api, corsOrigins },
      records: world.records,
      front: world.containers.front,
      clock: world.clock,
    });
  const publish = (
    corsOrigins: readonly string[] = [],
    ...over: readonly [over?: ReturnType<typeof draft>, lease?: ApiLease]
  ) => routesFor(corsOrigins, ...over).publish();

  /** A change of `digits` that ends at a command to the API, as the step's function may. */
  async function changeEndingAt(command: string, shares: Record<string, number>) {
    const end = (client: AnyClient) =>
      addMiddleware(client, (next, { commandName }) => async (args) => {
        if (commandName === command) throw new Error('the step ended here');
        return next(args);
      });
    const router = world.routerOver({ apiGateway: world.apiGateway(end) });
    const held = await router.shares('digits');
    await expect(router.setShares('digits', shares, held, 1)).rejects.toThrow('ended here');
    world.clock.advance(30_000);
  }

  it('is a new deployment that has the models’ routes', async () => {
    const before = await draft().deployment();

    await publish();

    expect(await draft().deployment()).not.toBe(before);
    expect(world.served.get(PATH)?.type).toBe('AWS_PROXY');
  });

  it('leaves no deployment that no stage names, but for the template’s own', async () => {
    const client = world.apiGateway();
    const restApiId = world.api.id;
    world.clock.advance(30_000);
    const own = await client.send(
      new CreateDeploymentCommand({ restApiId, description: TEMPLATE_DEPLOYMENT }),
    );
    const found = async () => {
      const { items = [] } = await client.send(new GetDeploymentsCommand({ restApiId }));
      return items.map(({ id }) => id).toSorted();
    };
    expect((await found()).length).toBeGreaterThan(2);
    world.clock.advance(30_000);

    await publish();

    expect(await found()).toEqual([own.id, await draft().deployment()].toSorted());
  });

  it('leads no model where a step that died was about to lead it', async () => {
    await changeEndingAt('CreateDeploymentCommand', IN_CONTAINERS);

    await publish();

    expect(world.served.get(PATH)?.type).toBe('AWS_PROXY');
    expect(await world.router.shares('digits')).toEqual(ON_LAMBDA);
    await world.router.setShares('digits', IN_CONTAINERS, ON_LAMBDA, 1);
    expect(world.served.get(PATH)?.type).toBe('HTTP_PROXY');
  });

  it('does not fail for a route that a step left half made', async () => {
    await world.router.remove('digits', 1);
    world.clock.advance(30_000);
    await changeEndingAt('PutIntegrationCommand', ON_LAMBDA);

    await publish();

    expect(world.served.has(PATH)).toBe(false);
    await world.router.setShares('digits', ON_LAMBDA, await world.router.shares('digits'), 1);
    expect(world.served.get(PATH)?.type).toBe('AWS_PROXY');
  });

  describe('where pages of some origins may call models', () => {
    /** The methods that answer preflight requests, by path. */
    async function preflights() {
      const input = { restApiId: world.api.id, embed: ['methods'] };
      const { items = [] } = await world.apiGateway().send(new GetResourcesCommand(input));
      return Object.fromEntries(
        items.flatMap(({ path = '', resourceMethods }) => {
          const { OPTIONS: found } = resourceMethods ?? {};
          return found ? [[path, found] as const] : [];
        }),
      );
    }

    /** The origins by which routes answer preflights, by path. */
    const answering = async (origins: readonly string[]) => {
      const found = Object.entries(await preflights());
      return found
        .filter(([, { methodIntegration }]) => {
          const { responseTemplates } = methodIntegration?.integrationResponses?.['204'] ?? {};
          return responseTemplates?.['application/json'] === preflightTemplate(origins);
        })
        .map(([path]) => path)
        .toSorted();
    };

    /** A draft whose publisher dies at a command. */
    const dyingAt = (command: string) =>
      apiDraft(
        world.apiGateway((client: AnyClient) =>
          addMiddleware(client, (next, { commandName }) => async (args) => {
            if (commandName === command) throw new Error('the publisher ended here');
            return next(args);
          }),
        ),
        world.api,
      );

    it('a new route answers their preflights by itself, without a key, at both its resources', async () => {
      await world.router.remove('digits', 1);
      world.clock.advance(30_000);

      await world
        .routerOver({ corsOrigins: ORIGINS })
        .setShares('digits', ON_LAMBDA, await world.router.shares('digits'), 1);

      const found = await preflights();
      expect(Object.keys(found).toSorted()).toEqual(PATHS);
      for (const method of Object.values(found)) {
        expect(method).toMatchObject({ authorizationType: 'NONE', apiKeyRequired: false });
        expect(method.methodIntegration).toMatchObject({
          type: 'MOCK',
          requestTemplates: { 'application/json': '{"statusCode": 204}' },
        });
      }
      expect(await answering(ORIGINS)).toEqual(PATHS);
    });

    it('so do routes that were made before, once it is published', async () => {
      expect(await preflights()).toEqual({});

      await publish(ORIGINS);

      expect(await answering(ORIGINS)).toEqual(PATHS);
    });

    it('other origins take the place of the former, and with none left nothing answers', async () => {
      await publish(ORIGINS);
      world.clock.advance(30_000);

      await publish(['https://other.example']);
      const others = await answering(['https://other.example']);
      world.clock.advance(30_000);
      await publish([]);

      expect(others).toEqual(PATHS);
      expect(await preflights()).toEqual({});
      expect(world.served.get(PATH)?.type).toBe('AWS_PROXY');
    });

    it.each([
      'PutMethodCommand',
      'PutMethodResponseCommand',
      'PutIntegrationCommand',
      'PutIntegrationResponseCommand',
    ])(
      'a publisher that dies at %s hinders no other change, and the next one completes it',
      async (command) => {
        await expect(publish(ORIGINS, dyingAt(command))).rejects.toThrow(
          'the publisher ended here',
        );
        world.clock.advance(30_000);

        await world.router.setShares('digits', IN_CONTAINERS, ON_LAMBDA, 1);
        world.clock.advance(30_000);
        await publish(ORIGINS);

        expect(world.served.get(PATH)?.type).toBe('HTTP_PROXY');
        expect(await answering(ORIGINS)).toEqual(PATHS);
      },
    );

    it('many routes are given theirs in turns, since the lease ends after a while', async () => {
      const taken = draft();
      for (const model of Array.from({ length: 10 }, (_, index) => `many-${index}`)) {
        const endpoint = await taken.addResource(world.api.modelsResource, model);
        await taken.addMethod(endpoint, 'endpoint');
        await taken.setIntegration(endpoint, HTTP_PROXY);
        const proxy = await taken.addResource(endpoint, '{proxy+}');
        await taken.addMethod(proxy, 'proxy');
        await taken.setIntegration(proxy, HTTP_PROXY);
      }
      const lease = world.leaseOver();
      let turns = 0;

      await publish(ORIGINS, draft(), {
        during: (work) => {
          turns += 1;
          return lease.during(work);
        },
      });

      // 22 resources, 20 in a turn, and the deployment.
      expect(turns).toBe(3);
      expect((await answering(ORIGINS)).length).toBe(22);
    });

    describe('a sweep', () => {
      const swept = (origins: readonly string[]) => routesFor(origins).settlePreflights();
      const deployedOver = async (change: () => Promise<unknown>) => {
        const before = await draft().deployment();
        await change();
        return (await draft().deployment()) !== before;
      };

      beforeEach(async () => {
        await publish(ORIGINS);
        world.clock.advance(30_000);
      });

      it('changes nothing where all answer as they should', async () => {
        const isDeployed = await deployedOver(async () => {
          expect(await swept(ORIGINS)).toBe(false);
        });

        expect(isDeployed).toBe(false);
      });

      it.each([
        { said: 'other', origins: ['https://other.example'], paths: PATHS },
        { said: 'no', origins: [], paths: [] },
      ])(
        'gives all routes and the stage $said origins, where the stack has these since',
        async ({ origins, paths }) => {
          const isDeployed = await deployedOver(async () => {
            expect(await swept(origins)).toBe(true);
          });

          expect(Object.keys(await preflights()).toSorted()).toEqual(paths);
          expect(await answering(origins)).toEqual(paths);
          expect(isDeployed).toBe(true);
        },
      );

      it('removes no deployment, which its role may not do', async () => {
        const removes = (client: AnyClient) =>
          addMiddleware(client, (next, { commandName }) => async (args) => {
            const isOfInstaller = /^(?:GetStages|GetDeployments|DeleteDeployment)Command$/;
            if (isOfInstaller.test(commandName)) throw new Error(`${commandName} is denied`);
            return next(args);
          });
        const mayNot = apiDraft(world.apiGateway(removes), world.api);

        expect(await routesFor([], mayNot).settlePreflights()).toBe(true);
      });

      it('has the stage serve what a sweep wrote that died before it deployed', async () => {
        const other = ['https://other.example'];
        const dies = (client: AnyClient) =>
          addMiddleware(client, (next, { commandName }) => async (args) => {
            if (commandName === 'CreateDeploymentCommand') throw new Error('the sweep ended here');
            return next(args);
          });
        const dying = apiDraft(world.apiGateway(dies), world.api);
        await expect(routesFor(other, dying).settlePreflights()).rejects.toThrow('ended here');
        expect(await answering(other)).toEqual(PATHS);
        world.clock.advance(30_000);

        const isDeployed = await deployedOver(async () => {
          expect(await swept(other)).toBe(true);
        });
        world.clock.advance(30_000);

        expect(isDeployed).toBe(true);
        expect(await swept(other)).toBe(false);
      });

      it('deploys nothing anew where a model was moved since the stage had all preflights', async () => {
        const isDeployed = await deployedOver(() =>
          routesFor(ORIGINS).pointRouteAt('digits', { kind: 'container' }, (change) => change()),
        );
        world.clock.advance(30_000);

        expect(isDeployed).toBe(true);
        expect(await swept(ORIGINS)).toBe(false);
      });

      it('gives a route its preflights back that somebody took away', async () => {
        const { id = '' } = (await draft().resources()).get(PATH) ?? {};
        await draft().removePreflight(id);

        const isDeployed = await deployedOver(async () => {
          expect(await swept(ORIGINS)).toBe(true);
        });

        expect(await answering(ORIGINS)).toEqual(PATHS);
        expect(isDeployed).toBe(true);
      });
    });

    it('a route takes its preflights with it', async () => {
      await publish(ORIGINS);
      world.clock.advance(30_000);

      await world.router.remove('digits', 1);

      expect(await preflights()).toEqual({});
    });
  });

  it('keeps those who make routes waiting, as they keep it', async () => {
    const startedMs = world.clock.now();

    await publish();
    await world.leaseOver().during(async () => ({ deployed: false }));

    expect(world.clock.now() - startedMs).toBe(5000);
  });
});
