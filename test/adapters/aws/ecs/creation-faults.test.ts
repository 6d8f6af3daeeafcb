import type { Platform, RevisionSpec } from '#ports/platform.ts';
import { ecsWorld } from '../../../support/aws/ecs.ts';
import { itBearsFaultsInOneAccount } from '../../../support/aws/fault-matrix.ts';
import { describeOnMoto } from '../../../support/aws/moto.ts';
import { retry } from '../../../support/aws/retry.ts';
import type { AnyClient } from '../../../support/aws/rules/rules.ts';

const EPOCH = 1;
const LONG = { waitMs: 120_000 };
const SCHEDULES = [{ days: ['mon' as const], at: '08:00', timeZone: 'UTC', min: 2 }];
const SCALING = { min: 1, max: 3, requestsPerMinute: 600, schedules: SCHEDULES };

async function made(platform: Platform, spec: RevisionSpec) {
  await platform.create(spec, EPOCH);
  return platform.describe(spec.revision, LONG);
}

type World = Awaited<ReturnType<typeof ecsWorld>>;
type Deed = {
  readonly deed: string;
  readonly target: 'fargate' | 'ec2';
  readonly only?: readonly string[];
  /** The preparation before the deed. */
  before(platform: Platform, spec: RevisionSpec): Promise<unknown>;
  run(platform: Platform, spec: RevisionSpec): Promise<unknown>;
};

const nothing = async () => undefined;

async function retired(platform: Platform, spec: RevisionSpec): Promise<void> {
  await made(platform, spec);
  await platform.retire(spec.revision, EPOCH);
}

const DEEDS: readonly Deed[] = [
  { deed: 'a creation for Fargate', target: 'fargate', before: nothing, run: made },
  {
    deed: 'the capacity of a creation for EC2',
    target: 'ec2',
    before: nothing,
    run: made,
    only: [
      'DescribeClusters',
      'CreateCluster',
      'DescribeCapacityProviders',
      'CreateCapacityProvider',
    ],
  },
  { deed: 'a restart', target: 'fargate', before: retired, run: made },
  {
    deed: 'a retirement',
    target: 'fargate',
    before: made,
    run: (on, { revision }) => on.retire(revision, EPOCH),
  },
];

describeOnMoto('ecsPlatform on moto', (moto) => {
  for (const { deed, target, only, before, run } of DEEDS) {
    const open = () => ecsWorld(moto(), target);
    const prepare = async (world: World) => {
      const spec = world.spec('serves', { scaling: SCALING });
      await retry(() => before(world.platform, spec));
      return {
        deed: (outer: (client: AnyClient) => void) =>
          run(world.platformOver({ maxAttempts: 1, outer }), spec),
        async left() {
          const { platform } = world;
          const state = await platform.describe(spec.revision, LONG);
          const { activeDefinitions, ...inventory } = await world.inventory();
          await platform.remove(spec.revision, EPOCH);
          await platform.forget(spec.model, EPOCH);
          // ECS registers a task definition twice where it is asked twice: both are taken away.
          const isDefined = (activeDefinitions ?? 0) > 0;
          return { state, isDefined, inventory, removed: await world.inventory() };
        },
      };
    };
    itBearsFaultsInOneAccount(deed, { open, prepare, ...(only && { only }) });
  }
});
