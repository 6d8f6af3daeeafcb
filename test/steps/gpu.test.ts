import type { ArtifactFacts, GpuModel } from '#domain/artifact/facts.ts';
import type { Inspection } from '#domain/deployment.ts';
import type { Held } from '#domain/workflow.ts';
import { chooseTarget } from '#steps/choose-target.ts';
import { planBuild } from '#steps/plan-build.ts';
import { revisionSpec } from '#steps/revision-spec.ts';
import { type MemoryWorld, memoryWorld } from '../support/worlds/memory.ts';

const SEVEN_B: GpuModel = {
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

/** A world whose model was found to be a decoder that GPUs could serve. */
async function decoder(
  world: MemoryWorld,
  manifest?: string,
  more: Partial<ArtifactFacts> = {},
): Promise<Held> {
  const event = world.upload(manifest === undefined ? {} : { manifest });
  const held = await world.before('PlanBuild', event);
  const inspection = (await world.recordOf(held)).work.inspection as Inspection;
  const facts = { ...inspection.facts, gpuModel: SEVEN_B, ...more };
  await world.registry.recordWork(held, { inspection: { ...inspection, facts } });
  return held;
}

async function planned(world: MemoryWorld, held: Held) {
  await planBuild(world.deps)(held);
  return (await world.recordOf(held)).work.plan!;
}

describe('a language model that GPUs could serve', () => {
  it('is planned on vLLM with any GPU where its manifest says nothing and GPUs are chosen', async () => {
    const world = memoryWorld({ engine: 'image' });

    const plan = await planned(world, await decoder(world));

    expect(plan).toMatchObject({
      runtime: 'vllm',
      environmentHash: 'vllm-1',
      python: null,
      accelerator: { name: 'any', count: 1 },
    });
  });

  it('of weights that only GPUs compute with is refused where none is to serve it', async () => {
    const world = memoryWorld({ engine: 'image', gpus: { areChosen: false } });
    const held = await decoder(world, undefined, { quantizer: 'awq' });

    await expect(planBuild(world.deps)(held)).rejects.toMatchObject({
      name: 'ArtifactRejected',
      message: expect.stringContaining('quantized by awq'),
      fix: expect.stringContaining('resources.accelerator: any'),
    });
  });

  it.each([
    ['says none', 'resources: { accelerator: none }', {}],
    ['says nothing, and none is chosen', undefined, { areChosen: false }],
  ])('stays with its own server where its manifest %s', async (_, manifest, gpus) => {
    const world = memoryWorld({ engine: 'image', gpus });

    const plan = await planned(world, await decoder(world, manifest));

    expect(plan.runtime).toBe('onnx');
    expect(plan.accelerator).toBeUndefined();
  });

  it('is rejected with what to do where it asks for a GPU and there is no image of vLLM', async () => {
    const world = memoryWorld({ engine: 'image', gpus: { baseImages: {} } });
    const held = await decoder(world, 'resources: { accelerator: L4 }');

    await expect(planBuild(world.deps)(held)).rejects.toMatchObject({
      name: 'ArtifactRejected',
      fix: expect.stringContaining('vllmImage'),
    });
  });

  it('is rejected where models are processes, as vLLM is an image', async () => {
    const world = memoryWorld();
    const held = await decoder(world, 'resources: { accelerator: any }');

    await expect(planBuild(world.deps)(held)).rejects.toMatchObject({
      message: expect.stringContaining('its runtime is vLLM, which needs Docker'),
    });
  });

  it('goes to EC2, and its replicas are told what the GPU has room for', async () => {
    const world = memoryWorld({ engine: 'image' });
    const held = await decoder(world);
    await planBuild(world.deps)(held);

    const built = {
      digest: `sha256:${'a'.repeat(64)}`,
      compressedBytes: 1,
      uncompressedBytes: 2,
      artifactSha256: 'a'.repeat(64),
      proof: null,
      smoke: null,
    };
    const variables = [{ Name: 'BUILT', Value: JSON.stringify(built) }];
    expect(await chooseTarget(world.deps)({ ...held, variables })).toEqual({ target: 'ec2' });

    const deployment = await world.recordOf(held);
    expect(deployment.work.decision).toMatchObject({
      accelerator: { name: 'L4', count: 1 },
      serving: { maxModelLen: 32_768, gpuMemoryUtilization: 0.95 },
    });
    expect(
      revisionSpec({ ...deployment, version: 1 }, { revision: 'digits-v1', madeBy: 'd' }),
    ).toMatchObject({
      runtime: 'vllm',
      accelerator: { name: 'L4', count: 1 },
      gpuServing: { maxModelLen: 32_768 },
      startupTimeoutSeconds: 1200,
    });
  });
});
