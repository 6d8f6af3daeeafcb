import fc from 'fast-check';
import { type ContainerNeeds, fargateSize } from '#domain/placement/container-size.ts';
import { ec2Size } from '#domain/placement/ec2-size.ts';
import { SHIPPED_PRICES } from '#domain/placement/unit-prices.ts';

const GIB = 1024 ** 3;
const small: ContainerNeeds = { imageBytes: GIB, memoryMiB: 512, accelerator: null, replicas: 1 };
const T4 = { name: 'T4', count: 1 };
const onGpu = (name: string, count: number, memoryMiB = 512) =>
  ec2Size({ ...small, memoryMiB, accelerator: { name, count } });

describe('a task on Fargate', () => {
  it.each([
    { memoryMiB: 1, size: [1024, 2048] },
    { memoryMiB: 2048, size: [1024, 2048] },
    { memoryMiB: 2049, size: [1024, 3072] },
    { memoryMiB: 8193, size: [2048, 9216] },
    { memoryMiB: 16_385, size: [4096, 17_408] },
    { memoryMiB: 30_721, size: [8192, 32_768] },
    { memoryMiB: 61_441, size: [16_384, 65_536] },
    { memoryMiB: 122_880, size: [16_384, 122_880] },
  ])('of $memoryMiB MiB gets $size CPU units and MiB', ({ memoryMiB, size: [cpu, memory] }) => {
    expect(fargateSize({ ...small, memoryMiB })).toMatchObject({
      cpuUnits: cpu,
      memoryMiB: memory,
      instanceTypes: [],
    });
  });

  it.each([
    {
      what: 'memory',
      needs: { memoryMiB: 122_881 },
      refusal: 'the model needs 122881 MiB of memory; Fargate has 122880',
    },
    {
      what: 'disk',
      needs: { imageBytes: 200 * GIB + 1 },
      refusal: 'the model takes 214748364801 bytes unpacked; a Fargate task has 214748364800',
    },
    {
      what: 'GPUs',
      needs: { accelerator: { name: 'T4', count: 1 } },
      refusal: 'Fargate has no GPU',
    },
  ])('is refused what it has not: $what', ({ needs, refusal }) => {
    expect(fargateSize({ ...small, ...needs })).toEqual({ refusal });
  });

  it('unpacks as much as its disk holds', () => {
    expect(fargateSize({ ...small, imageBytes: 200 * GIB })).toMatchObject({ memoryMiB: 2048 });
  });

  it('costs by the vCPU and the GiB of every replica that always runs', () => {
    const monthly = (replicas: number) => fargateSize({ ...small, memoryMiB: 4096, replicas });

    expect(monthly(1)).toMatchObject({ monthlyUsd: 42.53 });
    expect(monthly(3)).toMatchObject({
      monthlyUsd: 127.59,
      reason:
        'fits in a task of 1 vCPU and 4096 MiB; 3 such tasks that always run cost $127.59 a month',
    });
  });

  it('always holds what is asked for, and no smaller one of the table would with as much CPU', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 122_880 }), (memoryMiB) => {
        const size = fargateSize({ ...small, memoryMiB });
        const smaller = fargateSize({ ...small, memoryMiB: Math.max(1, memoryMiB - 1) });

        if ('refusal' in size || 'refusal' in smaller) throw new Error('it was refused');
        expect(size.memoryMiB).toBeGreaterThanOrEqual(memoryMiB);
        expect(smaller.memoryMiB).toBeLessThanOrEqual(size.memoryMiB);
        expect(smaller.cpuUnits).toBeLessThanOrEqual(size.cpuUnits);
      }),
    );
  });
});

describe('an instance of EC2', () => {
  it('is the cheapest that holds the model where no GPU is asked for, or one that is like it', () => {
    expect(ec2Size({ ...small, memoryMiB: 700 })).toEqual({
      // Nine tenths of 2 vCPUs and 4 GiB.
      cpuUnits: 1843,
      memoryMiB: 3686,
      instanceTypes: ['c6a.large', 'c6i.large'],
      // 0.0765 $ an hour and ECS's fee of 12 %, for 730 hours, and a volume of 80 GiB for 0.08 each.
      monthlyUsd: 68.95,
      reason: 'fits on c6a.large; one such instance that always runs costs $68.95 a month',
    });
    expect(ec2Size({ ...small, memoryMiB: 14_000 })).toMatchObject({
      instanceTypes: ['r6a.large', 'r6i.large'],
    });
  });

  it('is refused where none holds the model, and where nobody knows which ones the region sells', () => {
    const { instances: _, ...unread } = { ...SHIPPED_PRICES, region: 'eu-west-1' };

    expect(ec2Size({ ...small, memoryMiB: 500_000 })).toEqual({
      refusal:
        'the model needs 500000 MiB of memory; the instances without a GPU that Slipway names have up to 471859',
    });
    expect(ec2Size({ ...small, prices: unread })).toEqual({
      refusal: 'nobody has read what the instances of eu-west-1 cost',
    });
  });

  it('is one that the region sells, at its price there', () => {
    const instances = { 'c6i.large': 0.097, 'm6a.large': 0.1, 'g4dn.2xlarge': 0.9 };
    const prices = { ...SHIPPED_PRICES, region: 'eu-west-1', instances };

    expect(ec2Size({ ...small, memoryMiB: 700, prices })).toMatchObject({
      instanceTypes: ['c6i.large'],
      monthlyUsd: 85.71,
    });
    expect(ec2Size({ ...small, accelerator: T4, prices })).toMatchObject({
      instanceTypes: ['g4dn.2xlarge'],
      monthlyUsd: 742.24,
    });
  });

  it('with a GPU is one of the types that have it, cheapest first', () => {
    const size = onGpu('T4', 1);

    expect(size).toMatchObject({
      instanceTypes: expect.arrayContaining(['g4dn.xlarge', 'g4dn.2xlarge']),
      memoryMiB: Math.floor(16_384 * 0.9),
      cpuUnits: 3 * 1024,
      // 0.526 $ an hour and ECS's fee of 12 %, for 730 hours, and a volume of 80 GiB for 0.08 each.
      monthlyUsd: 436.46,
      reason:
        'fits on g4dn.xlarge with 1 T4; one such instance that always runs costs $436.46 a month',
    });
    expect('refusal' in size ? [] : size.instanceTypes[0]).toBe('g4dn.xlarge');
  });

  it('has the memory too: a type that has the GPU and not the memory is left out', () => {
    const size = onGpu('T4', 1, 20_000);

    expect('refusal' in size ? [] : size.instanceTypes).not.toContain('g4dn.xlarge');
    expect(size).toMatchObject({ memoryMiB: Math.floor(32_768 * 0.9) });
    expect(onGpu('T4', 1, Math.floor(16_384 * 0.9))).toMatchObject({
      instanceTypes: expect.arrayContaining(['g4dn.xlarge']),
    });
  });

  it('is refused when none has so many of the GPU, and says which there are', () => {
    expect(onGpu('T4', 3)).toEqual({
      refusal: expect.stringMatching(/^EC2 has no instance with 3 T4; it has .*T4:1/),
    });
  });

  it('is refused when none with the GPU has the memory', () => {
    expect(onGpu('T4', 1, 1_000_000)).toEqual({
      refusal: expect.stringMatching(
        /^the model needs 1000000 MiB .* instances with 1 T4 have up to \d+$/,
      ),
    });
  });
});

describe('a cap on what replicas may cost', () => {
  const capped = (maxMonthlyUsd: number, mostReplicas = 1) => ({
    ...small,
    spending: { mostReplicas, maxMonthlyUsd },
  });
  const onT4 = (maxMonthlyUsd: number) =>
    ec2Size({ ...capped(maxMonthlyUsd), accelerator: { name: 'T4', count: 1 } });

  it('on Fargate holds them when as many run as may, and says what they would cost', () => {
    expect(fargateSize(capped(108.12, 3))).toMatchObject({ monthlyUsd: 36.04 });
    expect(fargateSize(capped(108.11, 3))).toEqual({
      refusal: 'its 3 replicas would cost $108.12 a month; the cap maxMonthlyUsd is $108.11',
    });
  });

  it('on EC2 refuses what the cheapest instance costs above it', () => {
    expect(onT4(436.45)).toEqual({
      refusal: 'its one replica would cost $436.46 a month; the cap maxMonthlyUsd is $436.45',
    });
  });

  it('leaves ECS only those instances that cost no more', () => {
    const types = (usd: number) => {
      const size = onT4(usd);
      return 'refusal' in size ? [] : size.instanceTypes;
    };

    expect(types(500)).toEqual(['g4dn.xlarge']);
    expect(types(5000).length).toBeGreaterThan(1);
  });

  it('holds on EC2 without a GPU too', () => {
    expect(ec2Size(capped(60))).toEqual({
      refusal: expect.stringMatching(/would cost \$[\d.]+ a month; the cap maxMonthlyUsd is \$60$/),
    });
    expect(ec2Size(capped(1000))).toMatchObject({ monthlyUsd: expect.any(Number) });
  });
});
