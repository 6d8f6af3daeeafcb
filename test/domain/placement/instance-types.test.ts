import ec2 from '#domain/data/ec2-instances.json' with { type: 'json' };
import {
  holdingTypes,
  instanceHour,
  instanceMiB,
  storageGiB,
  taskOn,
  vcpusOf,
} from '#domain/placement/instance-types.ts';
import { SHIPPED_PRICES } from '#domain/placement/unit-prices.ts';

const GIB = 1024 ** 3;

describe('the instance types that Slipway names', () => {
  it('are those of a number of vCPUs that hold the model, the cheapest with those that are like it', () => {
    const names = holdingTypes(14_000, SHIPPED_PRICES).map((types) =>
      types.map(({ instanceType }) => instanceType),
    );

    expect(names.slice(0, 3)).toEqual([
      ['r6a.large', 'r6i.large'],
      ['m6a.xlarge', 'm6i.xlarge'],
      ['c6a.2xlarge', 'c6i.2xlarge'],
    ]);
    expect(new Set(names.map(([type = '']) => vcpusOf(type))).size).toBe(names.length);
  });

  it('are none that the region does not sell, and no dearer one beside the cheapest', () => {
    const instances = { 'c6a.large': 0.08, 'c6i.large': 0.0901, 'm6i.xlarge': 0.2 };

    expect(
      holdingTypes(512, { ...SHIPPED_PRICES, instances }).map((types) =>
        types.map(({ instanceType }) => instanceType),
      ),
    ).toEqual([['c6a.large'], ['m6i.xlarge']]);
  });

  it.each(ec2.instances)(
    '$instanceType holds one task of its own, and no second beside it',
    (type) => {
      const { cpuUnits, memoryMiB } = taskOn(type);

      expect(memoryMiB * 2).toBeGreaterThan(type.memoryMiB);
      // The requirement by which ECS chooses among the named types leaves them all.
      expect(instanceMiB(memoryMiB)).toBeLessThanOrEqual(type.memoryMiB);
      expect(Math.ceil(cpuUnits / 1024)).toBeLessThanOrEqual(type.vcpu);
      // https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html
      expect(cpuUnits).toBeGreaterThanOrEqual(128);
      expect(cpuUnits).toBeLessThanOrEqual(196_608);
    },
  );

  it('cost the fee of ECS on the price on demand, on Spot too, and their volume', () => {
    const hour = instanceHour(['c6a.large'], GIB, SHIPPED_PRICES)!;

    expect(hour.onDemandUsd).toBeCloseTo(0.0765 * 1.12, 6);
    expect(hour.spotUsd).toBeCloseTo(0.0765 * 0.62, 6);
    expect(hour.volumeUsd).toBeCloseTo((80 * 0.08) / 730, 6);
    expect([storageGiB(20 * GIB), storageGiB(0)]).toEqual([110, 80]);
  });

  it('have the shipped price where the region has none, and none where nobody knows the type', () => {
    const { instances: _, ...unread } = SHIPPED_PRICES;

    expect(instanceHour(['m6a.large'], GIB, unread)).toEqual(
      instanceHour(['m6a.large'], GIB, SHIPPED_PRICES),
    );
    expect(instanceHour(['x9.large'], GIB, SHIPPED_PRICES)).toBeUndefined();
    expect(instanceHour([], GIB, SHIPPED_PRICES)).toBeUndefined();
    expect(vcpusOf('x9.large')).toBeUndefined();
  });
});
