import { type AwsFault, awsFault } from '../../support/aws-faults.ts';
import type { AnyClient } from '../../support/aws-rules.ts';
import { describeOnMoto } from '../../support/moto.ts';
import { persist } from '../../support/persist.ts';
import { restApiRouterWorld } from '../../support/rest-api-router-world.ts';

type Service = 'lambda' | 'apiGateway' | 'dynamo' | 'elb' | 'cloudWatch';

const FAULTS: readonly AwsFault[] = ['throttled', 'broken', 'reply lost'];
const ON_LAMBDA = { 'digits-v1': 100 };
const IN_CONTAINERS = { 'digits-v6': 100 };

/** What is done, from what to what, and the calls of AWS that befalls. */
const DEEDS = [
  {
    deed: 'a first route',
    before: {},
    after: ON_LAMBDA,
    calls: {
      lambda: ['ListVersionsByFunction', 'GetAlias', 'CreateAlias', 'AddPermission'],
      dynamo: ['GetItem', 'UpdateItem', 'PutItem', 'Query'],
      apiGateway: [
        ...['GetStage', 'GetResources', 'CreateResource', 'PutMethod'],
        ...['PutIntegration', 'CreateDeployment'],
      ],
    },
  },
  {
    deed: 'a shift',
    before: ON_LAMBDA,
    after: { 'digits-v2': 90, 'digits-v1': 10 },
    calls: { lambda: ['UpdateAlias'], apiGateway: ['GetStage', 'GetDeployment'] },
  },
  {
    deed: 'a first route to containers',
    before: {},
    after: IN_CONTAINERS,
    calls: {
      elb: ['DescribeRules', 'DescribeTargetGroups', 'DescribeTags', 'CreateRule'],
      dynamo: ['GetItem', 'PutItem'],
    },
  },
  {
    deed: 'a shift in containers',
    before: IN_CONTAINERS,
    after: { 'digits-v6': 10, 'digits-v7': 90 },
    calls: { elb: ['DescribeRules', 'ModifyRule'], dynamo: ['PutItem'] },
  },
  {
    deed: 'a move to containers',
    before: ON_LAMBDA,
    after: IN_CONTAINERS,
    calls: {
      elb: ['CreateRule'],
      apiGateway: ['PutIntegration', 'CreateDeployment'],
      dynamo: ['PutItem', 'UpdateItem'],
    },
  },
  {
    deed: 'a removal',
    before: ON_LAMBDA,
    after: {},
    calls: {
      apiGateway: ['DeleteResource', 'CreateDeployment'],
      lambda: ['RemovePermission', 'DeleteAlias'],
      dynamo: ['DeleteItem'],
    },
  },
  {
    deed: 'a removal of containers',
    before: IN_CONTAINERS,
    after: {},
    calls: { elb: ['DescribeRules', 'DeleteRule'], dynamo: ['PutItem', 'DeleteItem'] },
  },
] as const;

const CASES = DEEDS.flatMap(({ calls, ...deed }) =>
  Object.entries(calls).flatMap(([service, commands]) =>
    (commands as readonly string[]).flatMap((command) =>
      FAULTS.map((fault) => ({ ...deed, service: service as Service, command, fault })),
    ),
  ),
);

describeOnMoto('restApiRouter on moto', (moto) => {
  /** A router with a fault between it and AWS, and how often that befell. */
  async function open(service: Service, command: string, fault: AwsFault, times: number) {
    const world = await restApiRouterWorld(moto());
    let count = () => 0;
    const outer = (client: AnyClient) => {
      count = awsFault(client, command, fault, times).count;
    };
    const befallen = <Client extends AnyClient>(client: Client): Client => {
      outer(client);
      return client;
    };
    const faulty = world.routerOver(
      {
        lambda: () => ({ lambda: world.lambda({ maxAttempts: 1, outer }) }),
        apiGateway: () => ({ apiGateway: world.apiGateway(outer) }),
        elb: () => ({ elb: world.elb(outer) }),
        dynamo: () => ({ dynamo: befallen(world.dynamo(undefined, { maxAttempts: 1 })) }),
        cloudWatch: () => ({ cloudWatch: befallen(world.cloudWatch) }),
      }[service](),
    );
    return { ...world, faulty, count: () => count() };
  }

  it.each(CASES)('$deed comes out the same when its $command is $fault once', async (each) => {
    const { before, after, service, command, fault } = each;
    const { router, faulty, count, clock, close } = await open(service, command, fault, 1);
    if (Object.keys(before).length > 0) await router.setShares('digits', before, {}, 1);

    await persist(async () =>
      Object.keys(after).length === 0
        ? faulty.remove('digits', 1)
        : faulty.setShares('digits', after, await router.shares('digits'), 1),
    );
    clock.advance(300_000);

    expect(count()).toBe(1);
    expect(await router.shares('digits')).toEqual(after);
    expect(await router.verify('digits', after)).toEqual({ kind: 'verified' });
    await close();
  });

  it.each(
    (
      [
        { service: 'apiGateway', command: 'GetStage' },
        { service: 'elb', command: 'DescribeTargetHealth' },
        { service: 'cloudWatch', command: 'GetMetricData' },
      ] as const
    ).flatMap((call) =>
      (
        [
          { fault: 'throttled', name: 'PlatformThrottled' },
          { fault: 'broken', name: 'PlatformUnavailable' },
          { fault: 'reply lost', name: 'PlatformUnavailable' },
          { fault: 'denied', name: 'PlatformDenied' },
        ] as const
      ).map((each) => ({ ...call, ...each })),
    ),
  )('a verification whose $command is $fault fails with $name', async (each) => {
    const { service, command, fault, name } = each;
    const { faulty, router, clock, close } = await open(service, command, fault, 99);
    await router.setShares('digits', ON_LAMBDA, {}, 1);
    await router.setShares('digits', IN_CONTAINERS, ON_LAMBDA, 1);
    clock.advance(300_000);

    await expect(faulty.verify('digits', IN_CONTAINERS)).rejects.toMatchObject({ name });
    await close();
  });
});
