import {
  ApplicationAutoScalingClient,
  DescribeScalableTargetsCommand,
} from '@aws-sdk/client-application-auto-scaling';
import { DescribeServicesCommand, ECSClient, ListServicesCommand } from '@aws-sdk/client-ecs';
import { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import { setServiceCeiling } from '#adapters/aws/ecs/service-ceiling.ts';
import { ecsWorld } from '../../../support/aws/ecs.ts';
import { describeOnMoto } from '../../../support/aws/moto.ts';

describeOnMoto('the ceiling of a service', (moto) => {
  /** A revision of so many tasks that is ready. */
  async function opened(min: number, max: number) {
    const world = await ecsWorld(moto());
    const scaling = { min, max, requestsPerMinute: 600, schedules: [] };
    const spec = world.spec('serves', { scaling });
    await world.platform.create(spec, 1);
    await world.platform.describe(spec.revision, { waitMs: 120_000 });
    const ecs = world.client(ECSClient);
    const autoScaling = world.client(ApplicationAutoScalingClient);
    const { settings } = world;
    const options = { ecs, elb: world.client(ElasticLoadBalancingV2Client), autoScaling, settings };
    return {
      world,
      spec,
      set: (most: number | null, revision = spec.revision) =>
        setServiceCeiling(options, revision, { most, usual: { min, max }, scales: max > min }),
      async size() {
        const cluster = 'slipway-test';
        const { serviceArns } = await ecs.send(new ListServicesCommand({ cluster }));
        const named = new DescribeServicesCommand({ cluster, services: serviceArns });
        const { services } = await ecs.send(named);
        const asked = new DescribeScalableTargetsCommand({ ServiceNamespace: 'ecs' });
        const { ScalableTargets: [target] = [] } = await autoScaling.send(asked);
        return [services?.[0]?.desiredCount, target?.MinCapacity, target?.MaxCapacity];
      },
    };
  }

  it('lowers the limits of one that scales, with its count, and gives them back', async () => {
    const { set, size, world, spec } = await opened(3, 8);
    const sizes = [await size()];

    for (const most of [5, 2, 0, null]) {
      await set(most);
      sizes.push(await size());
    }

    expect(sizes).toEqual([
      [3, 3, 8],
      [3, 3, 5],
      [2, 2, 2],
      [1, 1, 1],
      [3, 3, 8],
    ]);
    expect(await world.platform.describe(spec.revision, { waitMs: 120_000 })).toEqual({
      kind: 'ready',
    });
  });

  it('sets the count of one of a fixed size', async () => {
    const { set, size } = await opened(3, 3);
    const sizes: unknown[] = [];

    for (const most of [2, 2, null]) {
      await set(most);
      sizes.push(await size());
    }

    expect(sizes).toEqual([
      [2, undefined, undefined],
      [2, undefined, undefined],
      [3, undefined, undefined],
    ]);
  });

  it('is none of a revision that is retired, or unknown', async () => {
    const { set, world, spec } = await opened(1, 4);
    await world.platform.retire(spec.revision, 1);

    await set(1);
    await set(1, 'digits-v9');

    expect(await world.inventory()).toMatchObject({ services: 0, targetGroups: 0 });
  });
});
