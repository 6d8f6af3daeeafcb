import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import type { Shares } from '#domain/deployment.ts';
import type { Router } from '#ports/router.ts';
import { awsClient } from '../../../support/aws/clients.ts';
import { itBearsFaultsInOneAccount } from '../../../support/aws/fault-matrix.ts';
import { type AwsFault, awsFault } from '../../../support/aws/faults.ts';
import { describeOnMoto } from '../../../support/aws/moto.ts';
import {
  freshRouterIn,
  type RoutedAccount,
  restApiRouterWorld,
  routedAccount,
} from '../../../support/aws/rest-api-router.ts';
import { routerInventory } from '../../../support/aws/rest-api-router-inventory.ts';
import { retry } from '../../../support/aws/retry.ts';
import type { AnyClient } from '../../../support/aws/rules/rules.ts';

type World = Awaited<ReturnType<typeof restApiRouterWorld>>;

const EPOCH = 1;
const QUIET_MS = 300_000;
// More than any of these changes takes to be seen.
const LOOKS = 10;
const ON_LAMBDA = { 'digits-v1': 100 };
const LATER_ON_LAMBDA = { 'digits-v2': 90, 'digits-v1': 10 };
const STREAMING = { 'digits-v4': 100 };
const IN_CONTAINERS = { 'digits-v6': 100 };
const LATER_IN_CONTAINERS = { 'digits-v6': 10, 'digits-v7': 90 };

/** Shifts like a step: the expected shares are those that the router reports. */
async function shift(router: Router, shares: Shares): Promise<void> {
  await router.setShares('digits', shares, await router.shares('digits'), EPOCH);
}

/** Looks like the workflow: again after a while, until it is certain. */
async function seen(router: Router, shares: Shares, { clock }: World, waitMs: number) {
  for (let looks = 1; ; looks += 1) {
    const { kind } = await router.verify('digits', shares);
    if (kind === 'verified' || looks === LOOKS) return kind;
    clock.advance(waitMs);
  }
}

/** The deeds of a router and the shifts before each; `quiet` when no client has come to the side that they left. */
const DEEDS: readonly {
  readonly deed: string;
  readonly before: readonly Shares[];
  readonly quiet?: true;
  run(router: Router, world: World): Promise<unknown>;
}[] = [
  { deed: 'a first route', before: [], run: (on) => shift(on, ON_LAMBDA) },
  {
    deed: 'a shift, and a look at it',
    before: [ON_LAMBDA],
    async run(on, world) {
      await shift(on, LATER_ON_LAMBDA);
      return seen(on, LATER_ON_LAMBDA, world, 1_000);
    },
  },
  { deed: 'a first route to containers', before: [], run: (on) => shift(on, IN_CONTAINERS) },
  {
    deed: 'a shift in containers, and a look at it',
    before: [IN_CONTAINERS],
    async run(on, world) {
      await shift(on, LATER_IN_CONTAINERS);
      return seen(on, LATER_IN_CONTAINERS, world, 10_000);
    },
  },
  {
    deed: 'a move to containers, and the end of the alias that it left',
    before: [ON_LAMBDA],
    async run(on, world) {
      await shift(on, IN_CONTAINERS);
      const kind = await seen(on, IN_CONTAINERS, world, QUIET_MS);
      await shift(on, IN_CONTAINERS);
      return kind;
    },
  },
  {
    // The alias that it leaves ends as after a move to containers.
    deed: 'a move to functions that stream',
    before: [ON_LAMBDA],
    run: (on) => shift(on, STREAMING),
  },
  { deed: 'a move to Lambda', before: [IN_CONTAINERS], run: (on) => shift(on, ON_LAMBDA) },
  {
    deed: 'the end of the rule that was left',
    before: [IN_CONTAINERS, ON_LAMBDA],
    quiet: true,
    run: (on) => shift(on, ON_LAMBDA),
  },
  {
    // It removes the sides of both mechanisms.
    deed: 'a removal after a move, and a look at it',
    before: [ON_LAMBDA, IN_CONTAINERS],
    async run(on, world) {
      await on.remove('digits', EPOCH);
      return seen(on, {}, world, 1_000);
    },
  },
  { deed: 'the shares', before: [LATER_IN_CONTAINERS], run: (on) => on.shares('digits') },
  { deed: 'the models', before: [ON_LAMBDA], run: (on) => on.models() },
];

describeOnMoto('restApiRouter on moto', (moto) => {
  /** A separate router whose clients are tried once. */
  function routerBehind(world: World, outer: (client: AnyClient) => void): Router {
    const cloudWatch = awsClient(CloudWatchClient, moto(), undefined, { maxAttempts: 1 });
    outer(cloudWatch);
    return world.routerOver({
      lambda: world.lambda({ maxAttempts: 1, outer }),
      apiGateway: world.apiGateway(outer),
      elb: world.elb(outer),
      dynamo: world.dynamo(undefined, { maxAttempts: 1, outer }),
      cloudWatch,
    });
  }

  for (const { deed, before, quiet, run } of DEEDS) {
    const prepare = async (account: RoutedAccount) => {
      const world = await freshRouterIn(moto(), account);
      for (const shares of before) await retry(() => shift(world.router, shares));
      if (quiet) world.clock.advance(QUIET_MS);
      return {
        deed: (outer: (client: AnyClient) => void) => run(routerBehind(world, outer), world),
        async left() {
          const shares = await world.router.shares('digits');
          const models = await world.router.models();
          const made = await routerInventory(world, 'digits');
          world.clock.advance(QUIET_MS);
          const { kind } = await world.router.verify('digits', shares);
          return { shares, models, ...made, kind };
        },
      };
    };
    const open = () => routedAccount(moto());
    itBearsFaultsInOneAccount(deed, { open, prepare, more: ['unseen'] });
  }

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
    const { command, fault, name } = each satisfies { readonly fault: AwsFault };
    const world = await restApiRouterWorld(moto());
    const faulty = routerBehind(world, (client) => void awsFault(client, command, fault));
    await world.router.setShares('digits', ON_LAMBDA, {}, EPOCH);
    await world.router.setShares('digits', IN_CONTAINERS, ON_LAMBDA, EPOCH);
    world.clock.advance(QUIET_MS);

    await expect(faulty.verify('digits', IN_CONTAINERS)).rejects.toMatchObject({ name });
    await world.close();
  });
});
