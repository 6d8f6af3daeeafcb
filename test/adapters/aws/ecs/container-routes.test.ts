import type { APIGatewayClient } from '@aws-sdk/client-api-gateway';
import {
  CreateRuleCommand,
  DescribeRulesCommand,
  DescribeTagsCommand,
  type ElasticLoadBalancingV2Client,
  ModifyRuleCommand,
  type Rule,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { describeOnMoto } from '../../../support/aws/moto.ts';
import { restApiRouterWorld } from '../../../support/aws/rest-api-router.ts';
import { addMiddleware } from '../../../support/aws/rules/rules.ts';

const FIRST = { 'digits-v6': 100 };
const SECOND = { 'digits-v7': 100 };
const BOTH = { 'digits-v6': 900, 'digits-v7': 99 };

describeOnMoto('restApiRouter with containers on moto', (moto) => {
  let world: Awaited<ReturnType<typeof restApiRouterWorld>>;
  let groups: ReadonlyMap<string, string>;

  beforeEach(async () => {
    world = await restApiRouterWorld(moto());
    groups = world.containers.groups;
  });
  afterEach(() => world.close());

  async function rules(): Promise<readonly Rule[]> {
    const ListenerArn = world.containers.front.listener;
    const { Rules = [] } = await world.elb().send(new DescribeRulesCommand({ ListenerArn }));
    return Rules.filter(({ IsDefault }) => !IsDefault);
  }

  const forwarded = async () => (await rules())[0]?.Actions?.[0]?.ForwardConfig;

  /** A router that ends before this call of the load balancer's. */
  const endingAt = (command: string) =>
    world.routerOver({
      elb: world.elb((client) =>
        addMiddleware(client, (next, { commandName }) => async (args) => {
          if (commandName === command) throw new Error('the step ended here');
          return next(args);
        }),
      ),
    });

  /** Somebody else changes the model's rule. */
  async function drift(revision: string): Promise<void> {
    const TargetGroups = [{ TargetGroupArn: groups.get(revision), Weight: 1 }];
    await world.elb().send(
      new ModifyRuleCommand({
        RuleArn: (await rules())[0]?.RuleArn,
        Actions: [{ Type: 'forward', ForwardConfig: { TargetGroups } }],
      }),
    );
  }

  it('makes a rule of the model’s path, which its server does not see', async () => {
    await world.router.setShares('digits', FIRST, {}, 1);

    const [rule, ...others] = await rules();
    expect(others).toEqual([]);
    expect(rule?.Conditions).toMatchObject([
      {
        Field: 'path-pattern',
        PathPatternConfig: {
          Values: [
            '/models/digits/*',
            '/api/models/digits/*',
            '/_probe/models/digits/*',
            '/api/_probe/models/digits/*',
          ],
        },
      },
    ]);
    expect(rule?.Actions?.[0]?.ForwardConfig?.TargetGroupStickinessConfig?.Enabled).toBe(false);
    const { Regex = '', Replace = '' } =
      rule?.Transforms?.[0]?.UrlRewriteConfig?.Rewrites?.[0] ?? {};
    const seen = [
      '/models/digits/v2/models/digits/infer',
      '/api/models/digits/ping',
      '/_probe/models/digits/ping',
      '/api/_probe/models/digits/',
      '/models/digits/',
    ];
    expect(seen.map((path) => path.replace(new RegExp(Regex), Replace))).toEqual([
      '/v2/models/digits/infer',
      '/ping',
      '/ping',
      '/',
      '/',
    ]);
    const tags = new DescribeTagsCommand({ ResourceArns: [rule?.RuleArn ?? ''] });
    expect((await world.elb().send(tags)).TagDescriptions?.[0]?.Tags).toEqual([
      { Key: 'slipway:stage', Value: 'test' },
      { Key: 'slipway:model', Value: 'digits' },
    ]);
  });

  it('leaves a rule alone that has the model’s path and is nobody’s, and says which it is', async () => {
    const Actions = [{ Type: 'forward' as const, TargetGroupArn: groups.get('digits-v7') }];
    const Conditions = [
      { Field: 'path-pattern', PathPatternConfig: { Values: ['/models/digits/*'] } },
    ];
    const ListenerArn = world.containers.front.listener;
    await world
      .elb()
      .send(new CreateRuleCommand({ ListenerArn, Priority: 7, Conditions, Actions }));
    const [foreign] = await rules();

    const set = world.router.setShares('digits', FIRST, {}, 1);

    await expect(set).rejects.toMatchObject({
      name: 'SharesRefused',
      message: `${foreign?.RuleArn} has the path of digits, without slipway:stage=test and slipway:model=digits`,
    });
    expect(await rules()).toEqual([foreign]);
  });

  it('says what it wrote and what it found where somebody else writes in between', async () => {
    await world.router.setShares('digits', FIRST, {}, 1);
    let drifts = 1;
    const elb = world.elb((client) =>
      addMiddleware(client, (next, { commandName }) => async (args) => {
        const answer = await next(args);
        const isChange = commandName === 'ModifyRuleCommand';
        if (isChange && drifts-- > 0) await drift('digits-v6');
        return answer;
      }),
    );

    const set = world.routerOver({ elb }).setShares('digits', BOTH, FIRST, 1);

    await expect(set).rejects.toMatchObject({
      name: 'SharesChanged',
      message: 'the shares of digits are {"digits-v6":1}, not {"digits-v6":900,"digits-v7":99}',
    });
  });

  it('leads the API through the VPC link to the load balancer, streaming, for 15 min', async () => {
    const asked: object[] = [];
    const apiGateway = world.apiGateway((client: APIGatewayClient) =>
      addMiddleware(client, (next, { commandName }) => async (args) => {
        if (commandName === 'PutIntegrationCommand') asked.push(args.input);
        return next(args);
      }),
    );

    await world.routerOver({ apiGateway }).setShares('digits', FIRST, {}, 1);

    const loadBalancer = world.containers.front.listener
      .replace(':listener/', ':loadbalancer/')
      .split('/')
      .slice(0, -1)
      .join('/');
    const url = 'http://internal-slipway-test-1.us-east-1.elb.amazonaws.com/models/digits';
    const proxied = { 'integration.request.path.proxy': 'method.request.path.proxy' };
    const parts = [
      { uri: `${url}/{proxy}`, path: proxied },
      { uri: `${url}/`, path: {} },
    ];
    expect(asked).toEqual(
      parts.map(({ uri, path }) =>
        expect.objectContaining({
          httpMethod: 'ANY',
          type: 'HTTP_PROXY',
          integrationHttpMethod: 'ANY',
          uri,
          requestParameters: {
            ...path,
            'integration.request.header.x-api-key': "'-'",
            'integration.request.header.Authorization': "'-'",
            'integration.request.header.x-slipway-domain': 'context.domainName',
            'integration.request.header.x-slipway-path': 'context.path',
            'integration.request.header.x-slipway-key-id': 'context.identity.apiKeyId',
            'integration.request.header.x-slipway-request-id': 'context.requestId',
          },
          connectionType: 'VPC_LINK',
          connectionId: 'vpclink1',
          integrationTarget: loadBalancer,
          responseTransferMode: 'STREAM',
          timeoutInMillis: 900_000,
        }),
      ),
    );
  });

  it('shares by exact weights, and a revision without a share is not in the rule', async () => {
    await world.router.setShares('digits', BOTH, {}, 1);
    const both = await forwarded();
    await world.router.setShares('digits', { 'digits-v6': 0, 'digits-v7': 5 }, BOTH, 1);

    expect(both?.TargetGroups).toEqual([
      { TargetGroupArn: groups.get('digits-v6'), Weight: 900 },
      { TargetGroupArn: groups.get('digits-v7'), Weight: 99 },
    ]);
    expect((await forwarded())?.TargetGroups).toEqual([
      { TargetGroupArn: groups.get('digits-v7'), Weight: 5 },
    ]);
  });

  it('lets one of two callers who saw the same', async () => {
    await world.router.setShares('digits', FIRST, {}, 1);

    const outcomes = await Promise.allSettled([
      world.router.setShares('digits', SECOND, FIRST, 1),
      world.router.setShares('digits', BOTH, FIRST, 1),
    ]);

    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  it('undoes the change of a caller who was held up until others had made theirs', async () => {
    await world.router.setShares('digits', FIRST, {}, 1);
    const late = world.routerOver({
      elb: world.elb((client: ElasticLoadBalancingV2Client) =>
        addMiddleware(client, (next, { commandName }) => async (args) => {
          if (commandName === 'ModifyRuleCommand') {
            await world.router.setShares('digits', BOTH, SECOND, 2);
          }
          return next(args);
        }),
      ),
    });

    const change = late.setShares('digits', SECOND, FIRST, 1);

    await expect(change).rejects.toMatchObject({
      name: 'SharesChanged',
      message: 'the shares of digits are {"digits-v6":900,"digits-v7":99}, not {"digits-v7":100}',
    });
    world.clock.advance(10_000);
    expect(await world.router.verify('digits', BOTH)).toEqual({ kind: 'verified' });
  });

  it('takes it for done where another call of the same step has made the same change meanwhile', async () => {
    await world.router.setShares('digits', FIRST, {}, 1);
    let others = 1;
    const late = world.routerOver({
      elb: world.elb((client: ElasticLoadBalancingV2Client) =>
        addMiddleware(client, (next, { commandName }) => async (args) => {
          if (commandName === 'ModifyRuleCommand' && others-- > 0) {
            world.clock.advance(1);
            await world.router.setShares('digits', SECOND, FIRST, 1);
          }
          return next(args);
        }),
      ),
    });

    await late.setShares('digits', SECOND, FIRST, 1);

    world.clock.advance(10_000);
    expect(await world.router.verify('digits', SECOND)).toEqual({ kind: 'verified' });
  });

  it('tells what the rule says when somebody else has changed it, and puts it right', async () => {
    await world.router.setShares('digits', FIRST, {}, 1);
    await drift('digits-v7');

    const seen = await world.router.verify('digits', FIRST);
    await world.router.setShares('digits', FIRST, await world.router.shares('digits'), 1);
    world.clock.advance(10_000);

    expect(seen).toEqual({ kind: 'different', shares: { 'digits-v7': 1 } });
    expect(await world.router.verify('digits', FIRST)).toEqual({ kind: 'verified' });
  });

  it.each(['CreateRuleCommand', 'DescribeTargetGroupsCommand'])(
    'a route that ended at %s is made whole by the same call',
    async (command) => {
      await endingAt(command)
        .setShares('digits', FIRST, {}, 1)
        .catch(() => undefined);

      await world.router.setShares('digits', FIRST, {}, 1);
      world.clock.advance(10_000);

      expect(await world.router.verify('digits', FIRST)).toEqual({ kind: 'verified' });
    },
  );

  it('a shift that ended at its rule is told already, and not verified', async () => {
    await world.router.setShares('digits', FIRST, {}, 1);
    await endingAt('ModifyRuleCommand')
      .setShares('digits', SECOND, FIRST, 1)
      .catch(() => undefined);

    expect(await world.router.shares('digits')).toEqual(SECOND);
    expect(await world.router.verify('digits', SECOND)).toEqual({
      kind: 'pending',
      reason: 'the rule of digits is being changed',
    });
    await world.router.setShares('digits', SECOND, FIRST, 1);
    world.clock.advance(10_000);
    expect(await world.router.verify('digits', SECOND)).toEqual({ kind: 'verified' });
  });

  it('does not verify before the rule is known everywhere, nor without a healthy target', async () => {
    await world.router.setShares('digits', BOTH, {}, 1);
    const early = await world.router.verify('digits', BOTH);
    world.clock.advance(10_000);
    world.sick.add('10.0.0.7');

    const sick = await world.router.verify('digits', BOTH);

    expect(early).toMatchObject({
      kind: 'pending',
      reason: expect.stringContaining('known everywhere'),
    });
    expect(sick).toMatchObject({
      kind: 'pending',
      reason: expect.stringContaining('no healthy target'),
    });
  });

  it('takes a priority that is free', async () => {
    await world.elb().send(
      new CreateRuleCommand({
        ListenerArn: world.containers.front.listener,
        Priority: 1_000,
        Conditions: [{ Field: 'path-pattern', Values: ['/others/*'] }],
        Actions: [{ Type: 'forward', TargetGroupArn: groups.get('digits-v6') }],
      }),
    );

    await world.router.setShares('digits', FIRST, {}, 1);

    expect((await rules()).map(({ Priority }) => Priority)).toEqual(['1000', '1001']);
  });

  it('leaves nothing of a model that it removes', async () => {
    await world.router.setShares('digits', BOTH, {}, 1);

    await world.router.remove('digits', 1);
    await world.router.remove('digits', 1);

    expect(await rules()).toEqual([]);
    expect(await world.records.all()).toEqual([]);
    expect(await world.router.verify('digits', {})).toEqual({ kind: 'verified' });
  });
});
