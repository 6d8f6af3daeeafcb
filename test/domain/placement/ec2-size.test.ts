import type { GpuModel } from '#domain/artifact/facts.ts';
import type { ContainerNeeds, ContainerSize } from '#domain/placement/container-size.ts';
import { ec2Size } from '#domain/placement/ec2-size.ts';

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
const sized = (over: Partial<ContainerNeeds>) => ec2Size({ ...needs, ...over });

describe('any GPU', () => {
  it('is that of the cheapest type that holds the language model, and all types are of it', () => {
    const size = sized({}) as ContainerSize;

    expect(size.accelerator).toEqual({ name: 'L4', count: 1 });
    expect(size.instanceTypes.slice(0, 2)).toEqual(['g6.xlarge', 'g6.2xlarge']);
    for (const type of size.instanceTypes) expect(type).toMatch(/^gr?6\./);
    expect(size.serving).toEqual({ maxModelLen: 32_768, gpuMemoryUtilization: 0.95 });
    expect(size.reason).toMatch(
      /^fits on g6.xlarge with 1 L4, of whose 22888 MiB it needs \d+; one that always runs costs \$658 a month$/,
    );
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

    const { accelerator, serving } = sized({ gpuModel: large }) as ContainerSize;

    expect(accelerator?.count).toBeGreaterThan(1);
    expect(serving?.maxModelLen).toBeGreaterThanOrEqual(4096);
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
    expect(sized({ allowedAccelerators: ['NONE'] })).toEqual({
      refusal: expect.stringMatching(/^EC2 has no instance with a GPU that is allowed; it has /),
    });
  });

  it('costs no more than may be spent', () => {
    expect(sized({ spending: { mostReplicas: 1, maxMonthlyUsd: 600 } })).toEqual({
      refusal: expect.stringMatching(
        /^its one replica would cost \$658 a month; the cap maxMonthlyUsd is \$600$/,
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
