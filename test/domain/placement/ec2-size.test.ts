import type { GpuModel } from '#domain/artifact/facts.ts';
import type { ContainerNeeds, ContainerSize } from '#domain/placement/container-size.ts';
import { ec2Size } from '#domain/placement/ec2-size.ts';
import { gpuBytes } from '#domain/placement/gpu-memory.ts';

const GIB = 1024 ** 3;
const model: GpuModel = {
  weightBytes: 15_231_233_024,
  cacheWidth: 28 * 4 * 256,
  embeddingLength: 3584,
  feedForwardLength: 18_944,
  vocabulary: 152_064,
  heads: 28,
  contextLength: 32_768,
  contextTokens: 4096,
  requestsAtOnce: 8,
  isBfloat16: true,
};
const ANY = { name: 'any', count: 1 };
const needs: ContainerNeeds = {
  imageBytes: 30 * GIB,
  memoryMiB: 6144,
  accelerator: ANY,
  replicas: 1,
  gpuModel: model,
};
const needed = (of: GpuModel, count: number) => Math.ceil(gpuBytes(of, count) / 2 ** 20);
const sized = (over: Partial<ContainerNeeds>) => ec2Size({ ...needs, ...over });

describe('any GPU', () => {
  it('is that of the cheapest type that holds the language model, and all types are of it', () => {
    const size = sized({}) as ContainerSize;

    expect(size.accelerator).toEqual({ name: 'L4', count: 1 });
    expect(size.instanceTypes.slice(0, 2)).toEqual(['g6.xlarge', 'g6.2xlarge']);
    for (const type of size.instanceTypes) expect(type).toMatch(/^gr?6\./);
    expect(size.serving).toEqual({ maxModelLen: 32_768, gpuMemoryUtilization: 0.95 });
    expect(size.reason).toMatch(
      /^fits on g6.xlarge with 1 L4, of whose 22888 MiB it needs \d+; one such instance that always runs costs \$670.00 a month$/,
    );
    expect(size.reason).toContain(` needs ${needed(model, 1)};`);
  });

  it('is the cheapest of all for what is no language model', () => {
    const { accelerator, serving } = sized({ gpuModel: undefined }) as ContainerSize;

    expect({ accelerator, serving }).toEqual({
      accelerator: { name: 'T4', count: 1 },
      serving: undefined,
    });
  });

  it('is several where one is too small, or a larger one where that costs less', () => {
    const large = { ...model, weightBytes: 140e9, heads: 64 };

    const { accelerator, serving, reason } = sized({ gpuModel: large }) as ContainerSize;

    expect(accelerator).toEqual({ name: 'RTX PRO 6000 Server', count: 2 });
    expect(serving?.maxModelLen).toBeGreaterThanOrEqual(4096);
    expect(reason).toContain(` of whose ${2 * 98_304} MiB it needs ${needed(large, 2)}; `);
  });

  it('is one of those that any model may have', () => {
    expect(sized({ allowedAccelerators: ['A10G'] })).toMatchObject({
      accelerator: { name: 'A10G', count: 1 },
    });
    expect(sized({ allowedAccelerators: ['T4'] })).toEqual({
      refusal: expect.stringMatching(
        /^the model needs \d+ MiB of GPU memory; 4 T4, the most, have 65536, a part of it reserved$/,
      ),
    });
    const { refusal } = sized({ allowedAccelerators: ['NONE'] }) as { refusal: string };
    const [what, there] = refusal.split('; it has ');
    const kinds = there?.split(', ') ?? [];
    expect(what).toBe('EC2 has no instance with a GPU that is allowed');
    expect(kinds).toEqual([...new Set(kinds)].toSorted());
    expect(kinds).toEqual(expect.arrayContaining(['L4:1', 'L4:8', 'H100:1', 'RTX PRO 4500:2']));
  });

  it('is at most six types, of its kind alone', () => {
    const { instanceTypes } = sized({}) as ContainerSize;

    expect(instanceTypes).toEqual([
      ...['g6.xlarge', 'g6.2xlarge', 'g6.4xlarge', 'gr6.4xlarge', 'g6.8xlarge', 'gr6.8xlarge'],
    ]);
    expect(sized({ allowedAccelerators: ['T4'], gpuModel: undefined })).toMatchObject({
      instanceTypes: [
        ...['g4dn.xlarge', 'g4dn.2xlarge', 'g4dn.4xlarge', 'g4dn.8xlarge', 'g4dn.16xlarge'],
      ],
    });
  });

  it('is of a machine with the memory too, and of all replicas the price is said', () => {
    const size = sized({ memoryMiB: 60_000, gpuModel: undefined, replicas: 2 }) as ContainerSize;

    expect(size).toMatchObject({ cpuUnits: 14 * 1024, memoryMiB: 117_964, monthlyUsd: 2540.9 });
    expect(size.reason).toBe(
      'fits on gr6.4xlarge with 1 L4; 2 such instances that always run cost $2540.90 a month',
    );
    expect(sized({ memoryMiB: 10_000_000, gpuModel: undefined })).toEqual({
      refusal:
        'the model needs 10000000 MiB of memory; instances with a GPU that is allowed have up to 3774873',
    });
  });

  it('is one that holds what torch takes of it, which takes no second one', () => {
    const torch = (gpuBytes: number) => sized({ gpuModel: undefined, gpuBytes });

    expect(torch(12 * 1024 ** 3)).toMatchObject({ accelerator: { name: 'T4', count: 1 } });
    expect(torch(30 * 1024 ** 3)).toMatchObject({ accelerator: { name: 'L40S', count: 1 } });
    expect(torch(1024 ** 4)).toEqual({
      refusal: expect.stringMatching(
        /^the model needs 1048576 MiB of the memory of one GPU; the largest has \d+, a part of it reserved$/,
      ),
    });
  });

  it('is the largest that is there, in words of what is too small', () => {
    expect(sized({ gpuModel: { ...model, weightBytes: 5e12, heads: 64 } })).toEqual({
      refusal: expect.stringMatching(
        /^the model needs \d+ MiB of GPU memory; 8 B300, the most, have 2200320, a part of it reserved$/,
      ),
    });
  });

  it('costs no more than may be spent', () => {
    expect(sized({ spending: { mostReplicas: 1, maxMonthlyUsd: 600 } })).toEqual({
      refusal: expect.stringMatching(
        /^its one replica would cost \$670 a month; the cap maxMonthlyUsd is \$600$/,
      ),
    });
  });
});

describe('a GPU that is named', () => {
  it('is held to its memory', () => {
    expect(sized({ accelerator: { name: 'T4', count: 1 } })).toEqual({
      refusal: expect.stringMatching(
        /^the model needs \d+ MiB of GPU memory; 1 T4 has 16384, a part of it reserved$/,
      ),
    });
    expect(sized({ accelerator: { name: 'L40S', count: 1 } })).toMatchObject({
      instanceTypes: expect.arrayContaining(['g6e.xlarge']),
      serving: { maxModelLen: 32_768 },
    });
  });
});
