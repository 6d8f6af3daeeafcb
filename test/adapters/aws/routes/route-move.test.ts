import { CreateDeploymentCommand } from '@aws-sdk/client-api-gateway';
import { PutMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import {
  DeleteTargetGroupCommand,
  DescribeRulesCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { DeleteFunctionCommand, GetAliasCommand, GetPolicyCommand } from '@aws-sdk/client-lambda';
import { describeOnMoto } from '../../../support/aws/moto.ts';
import { restApiRouterWorld } from '../../../support/aws/rest-api-router.ts';
import { type AnyClient, addMiddleware } from '../../../support/aws/rules/rules.ts';

const FunctionName = 'slipway-test-m-digits';
const ON_LAMBDA = { 'digits-v1': 100 };
const IN_CONTAINERS = { 'digits-v6': 100 };
const PATHS = ['/models/digits', '/models/digits/{proxy+}'];

describeOnMoto('restApiRouter between Lambda and containers on moto', (moto) => {
  let world: Awaited<ReturnType<typeof restApiRouterWorld>>;

  beforeEach(async () => {
    world = await restApiRouterWorld(moto());
  });
  afterEach(() => world.close());

  const there = () => world.router.setShares('digits', IN_CONTAINERS, ON_LAMBDA, 1);
  const back = () => world.router.setShares('digits', ON_LAMBDA, IN_CONTAINERS, 1);
  /** The integration of the endpoint and of the paths below it, which are the same. */
  const servedType = () => [...new Set(PATHS.map((path) => world.served.get(path)?.type))].join();
  const settle = () => world.clock.advance(300_000);

  async function ruleCount(): Promise<number> {
    const ListenerArn = world.containers.front.listener;
    const { Rules = [] } = await world.elb().send(new DescribeRulesCommand({ ListenerArn }));
    return Rules.filter(({ IsDefault }) => !IsDefault).length;
  }

  const alias = () =>
    world
      .lambda()
      .send(new GetAliasCommand({ FunctionName, Name: 'live' }))
      .then(({ FunctionVersion }) => FunctionVersion)
      .catch(() => undefined);

  /** A router that ends at a call (of a command, counted from 1) of any of its clients. */
  function endingAt(command: string, call = 1) {
    let calls = 0;
    const end = (client: AnyClient) =>
      addMiddleware(client, (next, { commandName }) => async (args) => {
        if (commandName !== command) return next(args);
        calls += 1;
        if (calls >= call) throw new Error('the step ended here');
        return next(args);
      });
    const dynamo = world.dynamo();
    end(dynamo);
    return world.routerOver({
      dynamo,
      apiGateway: world.apiGateway(end),
      elb: world.elb(end),
      lambda: world.lambda({ outer: end }),
    });
  }

  /** Counts a client's request in the metrics of Lambda or the load balancer. */
  async function request(namespace: string, name: string, dimensions: Record<string, string>) {
    const Dimensions = Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value }));
    const datum = {
      MetricName: name,
      Dimensions,
      Value: 1,
      Timestamp: new Date(world.clock.now()),
    };
    await world.cloudWatch.send(
      new PutMetricDataCommand({ Namespace: namespace, MetricData: [datum] }),
    );
  }

  const invoke = () =>
    request('AWS/Lambda', 'Invocations', { FunctionName, Resource: `${FunctionName}:live` });

  it('makes the other side complete before the API leads there', async () => {
    await world.router.setShares('digits', ON_LAMBDA, {}, 1);
    const calls: string[] = [];
    const log = (client: AnyClient) =>
      addMiddleware(client, (next, { commandName }) => async (args) => {
        calls.push(commandName.replace('Command', ''));
        return next(args);
      });

    await world
      .routerOver({ apiGateway: world.apiGateway(log), elb: world.elb(log) })
      .setShares('digits', IN_CONTAINERS, ON_LAMBDA, 1);

    const changes = calls.filter((call) => /^(Create|Modify|Put|Delete)/.test(call));
    expect(changes).toEqual(['CreateRule', 'PutIntegration', 'PutIntegration', 'CreateDeployment']);
    expect(servedType()).toBe('HTTP_PROXY');
    expect(await alias()).toBe('1');
    expect(await world.router.shares('digits')).toEqual(IN_CONTAINERS);
  });

  it.each([
    { command: 'CreateRuleCommand', call: 1 },
    { command: 'PutItemCommand', call: 1 },
    { command: 'PutItemCommand', call: 2 },
    { command: 'PutItemCommand', call: 3 },
    { command: 'PutItemCommand', call: 4 },
    { command: 'PutIntegrationCommand', call: 1 },
    { command: 'PutIntegrationCommand', call: 2 },
    { command: 'CreateDeploymentCommand', call: 1 },
    { command: 'PutItemCommand', call: 5 },
  ])('tells the truth after it ended at $command number $call, and is made whole', async (at) => {
    await world.router.setShares('digits', ON_LAMBDA, {}, 1);
    const ended = endingAt(at.command, at.call).setShares('digits', IN_CONTAINERS, ON_LAMBDA, 1);
    await expect(ended).rejects.toThrow('the step ended here');
    world.clock.advance(30_000);

    const shares = await world.router.shares('digits');
    const type = servedType();
    await world.router.setShares('digits', IN_CONTAINERS, shares, 1);
    settle();

    expect(shares).toEqual(type === 'AWS_PROXY' ? ON_LAMBDA : IN_CONTAINERS);
    expect(servedType()).toBe('HTTP_PROXY');
    expect(await world.router.verify('digits', IN_CONTAINERS)).toEqual({ kind: 'verified' });
  });

  it('the deployment of another model does not lead this one elsewhere', async () => {
    await world.router.setShares('digits', ON_LAMBDA, {}, 1);
    await endingAt('CreateDeploymentCommand')
      .setShares('digits', IN_CONTAINERS, ON_LAMBDA, 1)
      .catch(() => undefined);
    world.clock.advance(30_000);

    await world.router.setShares('words', { 'words-v1': 1 }, {}, 1);

    expect(servedType()).toBe('AWS_PROXY');
    expect(await world.router.shares('digits')).toEqual(ON_LAMBDA);
    await there();
    expect(servedType()).toBe('HTTP_PROXY');
  });

  it.each([1, 2])(
    'a deployment by somebody else is not the move that ended at its part %i',
    async (part) => {
      await world.router.setShares('digits', ON_LAMBDA, {}, 1);
      await endingAt('PutIntegrationCommand', part)
        .setShares('digits', IN_CONTAINERS, ON_LAMBDA, 1)
        .catch(() => undefined);
      const stage = { restApiId: world.api.id, stageName: world.api.stage };
      await world.apiGateway().send(new CreateDeploymentCommand(stage));
      world.clock.advance(30_000);

      await world.router.setShares('words', { 'words-v1': 1 }, {}, 1);

      expect(servedType()).toBe('AWS_PROXY');
      expect(await world.router.shares('digits')).toEqual(ON_LAMBDA);
      await there();
      expect(servedType()).toBe('HTTP_PROXY');
    },
  );

  it('changes nothing where nothing is to be changed', async () => {
    await world.router.setShares('digits', ON_LAMBDA, {}, 1);
    const calls: string[] = [];
    const log = (client: AnyClient) =>
      addMiddleware(client, (next, { commandName }) => async (args) => {
        calls.push(commandName.replace('Command', ''));
        return next(args);
      });
    const router = world.routerOver({
      apiGateway: world.apiGateway(log),
      lambda: world.lambda({ outer: log }),
    });

    await router.setShares('digits', ON_LAMBDA, ON_LAMBDA, 1);

    expect(calls.filter((call) => !/^(Get|List)/.test(call))).toEqual([]);
  });

  it('lets the route in that is led back to an alias whose maker ended before it did', async () => {
    await world.router.setShares('digits', IN_CONTAINERS, {}, 1);
    const ended = endingAt('AddPermissionCommand').setShares('digits', ON_LAMBDA, IN_CONTAINERS, 1);
    await expect(ended).rejects.toThrow('the step ended here');

    await back();

    const policy = new GetPolicyCommand({ FunctionName, Qualifier: 'live' });
    const { Policy } = await world.lambda().send(policy);
    expect(Policy).toContain('apigateway.amazonaws.com');
  });

  it('is verified after two minutes in which no client came to the side that was left', async () => {
    await world.router.setShares('digits', ON_LAMBDA, {}, 1);
    await there();
    const early = await world.router.verify('digits', IN_CONTAINERS);
    world.clock.advance(180_000);
    await invoke();
    world.clock.advance(60_000);
    const visited = await world.router.verify('digits', IN_CONTAINERS);
    world.clock.advance(180_000);

    expect(early).toMatchObject({ kind: 'pending' });
    expect(visited).toEqual({
      kind: 'pending',
      reason: '1 requests still came by the way that was left',
    });
    expect(await world.router.verify('digits', IN_CONTAINERS)).toEqual({ kind: 'verified' });
  });

  it('counts the requests of containers that were left by their target groups', async () => {
    await world.router.setShares('digits', IN_CONTAINERS, {}, 1);
    await back();
    world.clock.advance(240_000);
    const [, LoadBalancer] = /listener\/(app\/[^/]+\/[^/]+)/.exec(
      world.containers.front.listener,
    ) as RegExpExecArray;
    const TargetGroup = String(world.containers.groups.get('digits-v6')?.split(':').at(-1));
    await request('AWS/ApplicationELB', 'RequestCount', {
      LoadBalancer: String(LoadBalancer),
      TargetGroup,
    });

    expect(await world.router.verify('digits', ON_LAMBDA)).toMatchObject({
      kind: 'pending',
      reason: expect.stringContaining('still came'),
    });
  });

  it('keeps the rule that it left until no client comes, and then the next call takes it away', async () => {
    await world.router.setShares('digits', IN_CONTAINERS, {}, 1);
    await back();
    await world.router.setShares('digits', ON_LAMBDA, ON_LAMBDA, 1);
    const early = await ruleCount();
    settle();

    await world.router.setShares('digits', ON_LAMBDA, ON_LAMBDA, 1);

    expect([early, await ruleCount()]).toEqual([1, 0]);
    const TargetGroupArn = world.containers.groups.get('digits-v6');
    await world.elb().send(new DeleteTargetGroupCommand({ TargetGroupArn }));
    expect(await world.router.verify('digits', ON_LAMBDA)).toEqual({ kind: 'verified' });
  });

  it('takes the alias away that it left, so that its version can go', async () => {
    await world.router.setShares('digits', ON_LAMBDA, {}, 1);
    await there();
    settle();

    await world.router.setShares('digits', IN_CONTAINERS, IN_CONTAINERS, 1);

    expect(await alias()).toBeUndefined();
    await world.lambda().send(new DeleteFunctionCommand({ FunctionName, Qualifier: '1' }));
    expect(await world.router.verify('digits', IN_CONTAINERS)).toEqual({ kind: 'verified' });
  });

  it('goes back at once to the side that it left', async () => {
    await world.router.setShares('digits', ON_LAMBDA, {}, 1);
    await there();

    await back();
    settle();

    expect(servedType()).toBe('AWS_PROXY');
    expect(await world.router.verify('digits', ON_LAMBDA)).toEqual({ kind: 'verified' });
  });

  it('what was prepared for a move that was given up is taken away at once', async () => {
    await world.router.setShares('digits', ON_LAMBDA, {}, 1);
    await endingAt('PutItemCommand', 4)
      .setShares('digits', IN_CONTAINERS, ON_LAMBDA, 1)
      .catch(() => undefined);
    const before = await ruleCount();

    await world.router.setShares('digits', ON_LAMBDA, ON_LAMBDA, 1);

    expect([before, await ruleCount()]).toEqual([1, 0]);
    expect(await world.router.verify('digits', ON_LAMBDA)).toEqual({ kind: 'verified' });
  });

  it('does not move for a caller who saw something else', async () => {
    await world.router.setShares('digits', ON_LAMBDA, {}, 1);

    const change = world.router.setShares('digits', IN_CONTAINERS, { 'digits-v2': 1 }, 1);

    await expect(change).rejects.toMatchObject({ name: 'SharesChanged' });
    expect(await ruleCount()).toBe(0);
    expect(servedType()).toBe('AWS_PROXY');
  });

  it('removes both sides of a model', async () => {
    await world.router.setShares('digits', ON_LAMBDA, {}, 1);
    await there();

    await world.router.remove('digits', 1);

    expect([await ruleCount(), await alias(), await world.router.models()]).toEqual([
      0,
      undefined,
      [],
    ]);
  });
});
