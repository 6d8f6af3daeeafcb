import type { RevisionSpec } from '#ports/platform.ts';
import { type AwsFault, awsFault } from '../../support/aws-faults.ts';
import { ecsWorld } from '../../support/ecs-world.ts';
import { describeOnMoto } from '../../support/moto.ts';
import { persist } from '../../support/persist.ts';

const EPOCH = 1;
const LONG = { waitMs: 120_000 };
const FAULTS: readonly AwsFault[] = ['throttled', 'broken', 'reply lost'];

const CREATION = [
  'DescribeTaskDefinition',
  'RegisterTaskDefinition',
  'DescribeTargetGroups',
  'CreateTargetGroup',
  'ModifyTargetGroupAttributes',
  'DescribeRules',
  'CreateRule',
  'DescribeServices',
  'CreateService',
  'RegisterScalableTarget',
  'PutScalingPolicy',
  'PutScheduledAction',
  'ListTasks',
  'DescribeTargetHealth',
];
const CAPACITY = [
  'DescribeClusters',
  'CreateCluster',
  'DescribeCapacityProviders',
  'CreateCapacityProvider',
];
const RETIREMENT = [
  'DescribeTags',
  'DeregisterScalableTarget',
  'DeleteRule',
  'UpdateService',
  'DeleteService',
  'DeleteTargetGroup',
];
const REMOVAL = [
  ...RETIREMENT,
  'ListTaskDefinitions',
  'DeregisterTaskDefinition',
  'DeleteTaskDefinitions',
  'ListClusters',
  'DeleteCapacityProvider',
];

const CALLS = [
  ...CREATION.map((command) => ({ target: 'fargate', deed: 'creation', command }) as const),
  ...CAPACITY.map((command) => ({ target: 'ec2', deed: 'creation', command }) as const),
  ...RETIREMENT.map((command) => ({ target: 'fargate', deed: 'retirement', command }) as const),
  ...REMOVAL.map((command) => ({ target: 'ec2', deed: 'removal', command }) as const),
].flatMap((call) => FAULTS.map((fault) => ({ ...call, fault })));

type World = Awaited<ReturnType<typeof ecsWorld>>;
type Deed = (typeof CALLS)[number]['deed'];

function scaled(world: World): RevisionSpec {
  const schedules = [{ days: ['mon' as const], at: '08:00', timeZone: 'UTC', min: 2 }];
  return world.spec('serves', {
    scaling: { min: 1, max: 3, requestsPerMinute: 600, schedules },
  });
}

/** Does what the deed needs before it, and then the deed itself over `platform`. */
async function run(world: World, deed: Deed, platform: World['platform']): Promise<void> {
  const spec = scaled(world);
  const make = async (on: World['platform']) => {
    await persist(() => on.create(spec, EPOCH));
    expect(await persist(() => on.describe(spec.revision, LONG))).toEqual({ kind: 'ready' });
  };
  if (deed === 'creation') return make(platform);
  await make(world.platform);
  await persist(() =>
    deed === 'removal'
      ? platform.remove(spec.revision, EPOCH)
      : platform.retire(spec.revision, EPOCH),
  );
}

describeOnMoto('ecsPlatform on moto', (moto) => {
  const untroubled = new Map<string, unknown>();

  it.each(CALLS)(
    'a $deed for $target comes out the same when its $command is $fault once',
    async (call) => {
      const { target, deed, command, fault } = call;
      const key = `${target} ${deed}`;
      if (!untroubled.has(key)) {
        const world = await ecsWorld(moto(), target);
        await run(world, deed, world.platform);
        untroubled.set(key, await world.inventory());
      }
      const world = await ecsWorld(moto(), target);
      const counts: (() => number)[] = [];
      const faulty = world.platformOver({
        maxAttempts: 1,
        outer: (client) => void counts.push(awsFault(client, command, fault, 1).count),
      });

      await run(world, deed, faulty);

      expect(counts.reduce((sum, count) => sum + count(), 0)).toBe(1);
      expect(await world.inventory()).toEqual(untroubled.get(key));
    },
  );
});
