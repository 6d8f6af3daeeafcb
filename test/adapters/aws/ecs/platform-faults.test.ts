import { ecsWorld } from '../../../support/aws/ecs.ts';
import { type AwsFault, awsFault } from '../../../support/aws/faults.ts';
import { describeOnMoto } from '../../../support/aws/moto.ts';
import { retry } from '../../../support/aws/retry.ts';

const EPOCH = 1;
const LONG = { waitMs: 120_000 };
const FAULTS: readonly AwsFault[] = ['throttled', 'broken', 'reply lost'];

type World = Awaited<ReturnType<typeof ecsWorld>>;

async function made(world: World, platform: World['platform']) {
  const spec = world.spec('serves');
  await retry(() => platform.create(spec, EPOCH));
  expect(await retry(() => platform.describe(spec.revision, LONG))).toEqual({ kind: 'ready' });
  return world.inventory();
}

describeOnMoto('ecsPlatform on moto', (moto) => {
  // The other faults are in ecs-creation-faults and ecs-removal-faults. There a definition may be registered twice, as ECS does when it is asked twice.
  it.each(FAULTS)(
    'registers one task definition when its registration is %s once',
    async (fault) => {
      const untroubled = await ecsWorld(moto());
      const expected = await made(untroubled, untroubled.platform);
      const world = await ecsWorld(moto());
      const counts: (() => number)[] = [];
      const faulty = world.platformOver({
        maxAttempts: 1,
        outer: (client) =>
          void counts.push(awsFault(client, 'RegisterTaskDefinition', fault, 1).count),
      });

      const inventory = await made(world, faulty);

      expect(counts.reduce((sum, count) => sum + count(), 0)).toBe(1);
      expect(inventory).toEqual(expected);
      expect(inventory.activeDefinitions).toBe(1);
    },
  );
});
