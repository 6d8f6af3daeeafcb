import { ComputeType, type StartBuildCommandInput } from '@aws-sdk/client-codebuild';
import {
  BUILD_MACHINES,
  type BuildNeeds,
  buildMachine,
  requireDisk,
} from '#domain/build/build-machine.ts';

const GB = 1e9;
const LARGEST = 'BUILD_GENERAL1_2XLARGE';

/** A model of so many GB, which inspection expects to take `loadedGb` in memory. */
function model(artifactGb: number, loadedGb: number, over: Partial<BuildNeeds> = {}): BuildNeeds {
  const memory = [{ name: 'the weights', bytes: loadedGb * GB }];
  return {
    artifactBytes: artifactGb * GB,
    facts: { memory, unpacking: [] },
    runtime: 'onnx',
    wantedMiB: null,
    hasCuda: false,
    ...over,
  };
}

describe('the machine that an image is built on', () => {
  it.each([
    ['a small model', model(0.01, 0.3), 'SMALL'],
    ['a model that takes 2 GB', model(0.8, 2), 'MEDIUM'],
    ['a model that takes 6 GB', model(2.4, 6), 'LARGE'],
    ['a model that takes 35 GB', model(14, 35), 'XLARGE'],
    ['a model that takes 90 GB', model(36, 90), '2XLARGE'],
    ['a model whose files fill the disk of a smaller one', model(40, 1), 'XLARGE'],
    ['a small model with CUDA in its environment', model(5, 0.3, { hasCuda: true }), 'MEDIUM'],
    ['a model that vLLM loads, elsewhere', model(20, 60, { runtime: 'vllm' }), 'XLARGE'],
  ])('of %s is the smallest that holds it', (_, needs, size) => {
    expect(buildMachine(needs, LARGEST).name).toBe(`BUILD_GENERAL1_${size}`);
  });

  it('has room for a model in its framework and as ONNX at once', () => {
    const terms = [{ name: 'the weights', bytes: 1.2 * GB }];
    const facts = { memory: terms, unconverted: terms, unpacking: [] };

    expect(buildMachine({ ...model(0.5, 0), facts }, LARGEST).name).toBe('BUILD_GENERAL1_MEDIUM');
  });

  it('has as much memory as the manifest asks for', () => {
    const needs = model(0.01, 0.3, { wantedMiB: 8 * 1024 });

    expect(buildMachine(needs, LARGEST).name).toBe('BUILD_GENERAL1_LARGE');
  });

  it('is no larger than allowed, where a model is tried that is expected to take more', () => {
    expect(buildMachine(model(14, 35), 'BUILD_GENERAL1_LARGE').name).toBe('BUILD_GENERAL1_LARGE');
  });

  it.each([
    ['BUILD_GENERAL1_LARGE', 'Deploy with `--param buildCompute=BUILD_GENERAL1_XLARGE`'],
    ['BUILD_GENERAL1_XLARGE', 'Deploy with `--param buildCompute=BUILD_GENERAL1_2XLARGE`'],
  ])('is refused where the disk of %s cannot hold the model twice, with the way', (most, fix) => {
    const artifactGb = most === 'BUILD_GENERAL1_LARGE' ? 60 : 130;

    expect(() => buildMachine(model(artifactGb, 1), most)).toThrow(
      expect.objectContaining({ name: 'ArtifactRejected', fix: expect.stringContaining(fix) }),
    );
  });

  it('is none where the one that is allowed is no machine of CodeBuild', () => {
    expect(() => buildMachine(model(0.01, 0.3), 'BUILD_GENERAL1_HUGE')).toThrow(
      'CodeBuild has no compute type BUILD_GENERAL1_HUGE',
    );
  });

  it('is nowhere for a model larger than any disk of CodeBuild', () => {
    expect(() => buildMachine(model(500, 1), LARGEST)).toThrow(
      expect.objectContaining({ fix: expect.stringContaining('`runtime.image`') }),
    );
  });

  it('is one that CodeBuild takes for a build', () => {
    const taken: readonly StartBuildCommandInput['computeTypeOverride'][] =
      Object.values(ComputeType);

    for (const { name } of BUILD_MACHINES) expect(taken).toContain(name);
  });

  it('grows in memory and disk from one size to the next', () => {
    const pairs = BUILD_MACHINES.slice(1).map((machine, at) => [BUILD_MACHINES[at]!, machine]);

    for (const [smaller, larger] of pairs) {
      expect(larger!.memoryGb).toBeGreaterThan(smaller!.memoryGb);
      expect(larger!.diskGb).toBeGreaterThanOrEqual(smaller!.diskGb);
    }
  });
});

describe('the disk of one machine', () => {
  it('holds a model that fits twice, and is too full for another', () => {
    expect(() => requireDisk(500, 1000)).not.toThrow();
    expect(() => requireDisk(501, 1000)).toThrow(expect.objectContaining({ name: 'StorageFull' }));
  });
});
