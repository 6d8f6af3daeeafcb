import { CreateDeploymentCommand, GetDeploymentsCommand } from '@aws-sdk/client-api-gateway';
import { apiDraft, TEMPLATE_DEPLOYMENT } from '#adapters/aws/routes/api-draft.ts';
import { modelRoutes } from '#adapters/aws/routes/model-routes.ts';
import { describeOnMoto } from '../../../support/aws/moto.ts';
import { restApiRouterWorld } from '../../../support/aws/rest-api-router.ts';
import { type AnyClient, addMiddleware } from '../../../support/aws/rules/rules.ts';

const ON_LAMBDA = { 'digits-v1': 100 };
const IN_CONTAINERS = { 'digits-v6': 100 };
const PATH = '/models/digits/{proxy+}';

describeOnMoto('publishing the API after an update of its stack, on moto', (moto) => {
  let world: Awaited<ReturnType<typeof restApiRouterWorld>>;

  beforeEach(async () => {
    world = await restApiRouterWorld(moto());
    await world.router.setShares('digits', ON_LAMBDA, {}, 1);
    world.clock.advance(30_000);
  });
  afterEach(() => world.close());

  const draft = () => apiDraft(world.apiGateway(), world.api);
  const publish = () =>
    modelRoutes({
      draft: draft(),
      lease: world.leaseOver(),
      api: world.api,
      records: world.records,
      front: world.containers.front,
      clock: world.clock,
    }).publish();

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

  it('keeps those who make routes waiting, as they keep it', async () => {
    const startedMs = world.clock.now();

    await publish();
    await world.leaseOver().during(async () => ({ deployed: false }));

    expect(world.clock.now() - startedMs).toBe(5000);
  });
});
