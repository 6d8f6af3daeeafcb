import { readFileSync } from 'node:fs';
import type { Held } from '#domain/workflow.ts';
import { grantBuild } from '#steps/grant-build.ts';
import { planBuild } from '#steps/plan-build.ts';
import { zipOf } from '../support/bytes/zip.ts';
import { ggufOf } from '../support/models/gguf.ts';
import { addConstantModel } from '../support/models/onnx.ts';
import type { Granted, GrantedEnvironments } from '../support/worlds/build-order.ts';
import { type MemoryWorld, memoryWorld } from '../support/worlds/memory.ts';

const BOOSTER = readFileSync(new URL('../fixtures/models/xgboost/binary-3.4.ubj', import.meta.url));

describe('planning the build', () => {
  it('builds a small model on the smallest machine of an account, and says so', async () => {
    const world = memoryWorld({ engine: 'image', mostMachine: 'BUILD_GENERAL1_LARGE' });
    const held = await world.before('PlanBuild');

    await planBuild(world.deps)(held);
    const { computeType } = await grantBuild(world.deps)(held);

    expect((await world.recordOf(held)).work.plan?.machine).toBe('BUILD_GENERAL1_SMALL');
    expect(computeType).toBe('BUILD_GENERAL1_SMALL');
    expect((await world.told(held.deploymentId)).at(-1)).toMatchObject({
      state: 'Building',
      data: { machine: 'BUILD_GENERAL1_SMALL' },
    });
  });

  it('builds nothing on a machine whose disk cannot hold the model twice', async () => {
    const world = memoryWorld({ engine: 'image', freeBytes: 10 });
    const held = await world.before('PlanBuild');

    await expect(planBuild(world.deps)(held)).rejects.toMatchObject({ name: 'StorageFull' });
  });

  it('names the runtime and the environment that serve the artifact', async () => {
    const world = memoryWorld();
    const held = await world.before('PlanBuild');

    await planBuild(world.deps)(held);

    const { work } = await world.recordOf(held);
    expect(work.plan).toEqual({
      runtime: 'onnx',
      environmentHash: 'environment-1',
      python: null,
      imageTag: null,
    });
  });

  it('asks for no build where the runtime comes with Slipway', async () => {
    const world = memoryWorld();
    const held = await world.before('PlanBuild');

    const answer = await planBuild(world.deps)(held);

    expect(answer).toEqual({ kind: 'built', environmentUrl: '', environmentToken: '' });
  });

  it('is refused on a machine that has no walls to put around what Python loads, with what to do', async () => {
    const world = memoryWorld({ engine: 'process', unwalled: 'no python3 runs to set them' });
    const held = await world.before('PlanBuild', world.upload({ file: 'm.ubj', bytes: BOOSTER }));

    await expect(planBuild(world.deps)(held)).rejects.toMatchObject({
      name: 'ArtifactRejected',
      message:
        "Python loads it, which could do whatever Slipway's user can, and this machine sets no walls around it: no python3 runs to set them",
      fix: expect.stringContaining('`--code-without-walls`'),
    });
  });

  it('goes on there for data that the ONNX server reads', async () => {
    const world = memoryWorld({ unwalled: 'no python3 runs to set them' });
    const held = await world.before('PlanBuild');

    expect(await planBuild(world.deps)(held)).toMatchObject({ kind: 'built' });
  });

  it('asks for an image of exactly the pinned files, and announces the build', async () => {
    const world = memoryWorld({ engine: 'image' });
    const held = await world.before('PlanBuild');

    const { imageTag, artifactUrl, token } = await planned(world, held);

    const { artifact, work } = await world.recordOf(held);
    expect(imageTag).toBe(work.plan?.imageTag);
    expect(imageTag).toMatch(/^digits-[0-9a-f]{32}$/);
    expect(token).toMatch(/^[0-9a-f]{64}$/);
    const { order, files } = (await (await fetch(artifactUrl)).json()) as Granted;
    expect(order).toMatchObject({
      runtime: 'onnx',
      facts: { format: 'onnx', modelFile: 'model.onnx', brings: 'data' },
    });
    expect(files).toMatchObject(artifact.parts.map(({ name, sizeBytes }) => ({ name, sizeBytes })));
    expect((await world.told(held.deploymentId)).at(-1)).toMatchObject({
      state: 'Building',
      data: { image: imageTag },
    });
  });

  it('asks again in the same words when it is run again', async () => {
    const world = memoryWorld({ engine: 'image' });
    const held = await world.before('PlanBuild');

    const first = await planned(world, held);
    const second = await planned(world, held);

    expect(second.imageTag).toBe(first.imageTag);
    expect((await world.told(held.deploymentId)).map(({ state }) => state)).toEqual([
      'Admitted',
      'Inspected',
      'Building',
    ]);
  });

  it('builds the bytes of a version that is kept only once', async () => {
    const world = memoryWorld({ engine: 'image' });
    const bytes = addConstantModel({ constant: 7 });
    const first = await world.deploy(world.upload({ bytes }));
    await world.deploy();

    const held = await world.before('PlanBuild', world.upload({ bytes }));
    const answer = await planBuild(world.deps)(held);

    expect(answer.kind).toBe('built');
    expect((await world.recordOf(held)).work.image).toEqual(
      (await world.recordOf(first)).work.image,
    );
    expect(world.builds.built).toHaveLength(2);
  });

  it('builds again what only a removed version had', async () => {
    const world = memoryWorld({ engine: 'image' });
    const bytes = addConstantModel({ constant: 7 });
    await world.deploy(world.upload({ bytes }));
    for (let version = 2; version <= 5; version += 1) await world.deploy();

    const held = await world.before('PlanBuild', world.upload({ bytes }));

    expect((await planBuild(world.deps)(held)).kind).toBe('needed');
  });

  it('asks for what serves the artifact first where that was never built, by a URL that leads to no file', async () => {
    const world = memoryWorld({ engine: 'image' });
    const held = await world.before('PlanBuild');

    const answer = await planned(world, held);

    const { kind, artifactUrl, environmentUrl, environmentToken, token } = answer;
    expect(kind).toBe('environment');
    const { order } = (await (await fetch(artifactUrl)).json()) as Granted;
    expect(order.environments).toEqual({ onnx: 'onnx-environment-1' });
    expect(await (await fetch(environmentUrl)).json()).toEqual({
      order: {
        environments: [
          {
            name: 'onnx',
            stage: null,
            isOptional: false,
            tag: 'onnx-environment-1',
            runtime: 'onnx',
            python: null,
          },
        ],
      },
      files: [],
    });
    expect(environmentToken).toMatch(/^[0-9a-f]{64}$/);
    expect(environmentToken).not.toBe(token);
  });

  it('asks for what serves the artifact once for all models', async () => {
    const world = memoryWorld({ engine: 'image' });
    await world.deploy();

    const held = await world.before('PlanBuild', world.upload({ model: 'letters' }));
    const answer = await planBuild(world.deps)(held);

    expect(answer).toMatchObject({ kind: 'needed', environmentUrl: '', environmentToken: '' });
    expect(world.builds.environments).toEqual(['onnx-environment-1']);
  });

  it('asks for an environment again that is there no more', async () => {
    const world = memoryWorld({ engine: 'image' });
    await world.deploy();
    world.environments.expire('onnx-environment-1');

    const held = await world.before('PlanBuild');

    expect((await planBuild(world.deps)(held)).kind).toBe('environment');
  });

  it('asks for all that a model of Python may be served by, with what is in it', async () => {
    const world = memoryWorld({ engine: 'image' });
    const held = await world.before('PlanBuild', world.upload({ file: 'm.ubj', bytes: BOOSTER }));

    const { kind, artifactUrl, environmentUrl } = await planned(world, held);

    const { environmentHash, python } = (await world.recordOf(held)).work.plan!;
    const [onnx, convert, served] = [
      'onnx-environment-1',
      `convert-${environmentHash}`,
      `python-${environmentHash}`,
    ];
    expect(kind).toBe('environment');
    const { order } = (await (await fetch(environmentUrl)).json()) as GrantedEnvironments;
    expect(order.environments).toMatchObject([
      { tag: onnx, runtime: 'onnx', python: null },
      { tag: convert, runtime: 'python', stage: 'convert', python },
      { tag: served, runtime: 'python', stage: 'environment', python },
    ]);
    const image = (await (await fetch(artifactUrl)).json()) as Granted;
    expect(image.order.environments).toEqual({ onnx, python: served, convert });
  });

  it('does without a converter, which not every framework has', async () => {
    const world = memoryWorld({ engine: 'image' });
    const upload = () => world.upload({ file: 'm.ubj', bytes: BOOSTER });
    const first = await world.before('PlanBuild', upload());
    await planBuild(world.deps)(first);
    const { environmentHash } = (await world.recordOf(first)).work.plan!;
    world.environments.add('onnx-environment-1', `python-${environmentHash}`);

    expect((await planBuild(world.deps)(first)).kind).toBe('needed');
  });

  it('asks for nothing of ONNX for a model that is to be served as it is', async () => {
    const world = memoryWorld({ engine: 'image' });
    const upload = { file: 'm.ubj', bytes: BOOSTER, manifest: 'runtime: { optimize: none }' };
    const held = await world.before('PlanBuild', world.upload(upload));

    const { environmentUrl } = await planBuild(world.deps)(held);

    const { order } = (await (await fetch(environmentUrl)).json()) as GrantedEnvironments;
    expect(order.environments).toMatchObject([{ name: 'convert' }, { name: 'python' }]);
  });

  it('gives a model of torch that gets a GPU another environment: its torch comes with CUDA', async () => {
    const planOf = async (manifest: string) => {
      const world = memoryWorld({ engine: 'image' });
      const upload = world.upload({ file: 'm.ubj', bytes: BOOSTER, manifest });
      const held = await world.before('PlanBuild', upload);
      const inspection = (await world.recordOf(held)).work.inspection!;
      const facts = { ...inspection.facts, format: 'torch' } as const;
      await world.registry.recordWork(held, { inspection: { ...inspection, facts } });
      await planBuild(world.deps)(held);
      return (await world.recordOf(held)).work.plan!;
    };

    const [onGpu, onCpu] = [await planOf('resources: { accelerator: L4 }'), await planOf('')];

    expect(onGpu.python).toEqual({ ...onCpu.python, cuda: true });
    expect(onCpu.python).not.toHaveProperty('cuda');
    expect(onGpu.environmentHash).not.toBe(onCpu.environmentHash);
  });

  it('refuses a GPU to a model whose server would not use it', async () => {
    const world = memoryWorld({ engine: 'image' });
    const event = world.upload({ manifest: 'resources: { accelerator: L4 }' });
    const held = await world.before('PlanBuild', event);

    await expect(planBuild(world.deps)(held)).rejects.toMatchObject({
      name: 'ArtifactRejected',
      message: expect.stringContaining('the ONNX server computes on CPUs alone'),
      fix: expect.stringContaining('Take resources.accelerator out of model.yaml'),
    });
  });

  it('gives a model of Python an environment of its own, and has it built on one machine too', async () => {
    const world = memoryWorld();
    const held = await world.before('PlanBuild', world.upload({ file: 'm.ubj', bytes: BOOSTER }));

    const { kind, imageTag, artifactUrl } = await planned(world, held);

    const { plan } = (await world.recordOf(held)).work;
    expect(plan).toMatchObject({
      runtime: 'python',
      python: { python: '3.12', requirements: ['xgboost-cpu==3.4.1'] },
      imageTag,
    });
    expect(plan?.environmentHash).toMatch(/^[\da-f]{64}$/);
    expect(kind).toBe('needed');
    const { order } = (await (await fetch(artifactUrl)).json()) as Granted;
    expect(order).toMatchObject({
      runtime: 'python',
      facts: { format: 'xgboost', modelFile: 'm.ubj', unpacking: [] },
      wishes: { optimize: 'auto', network: 'none' },
      keptBecause: null,
      imports: ['xgboost'],
      environmentHash: plan?.environmentHash,
      python: plan?.python,
      environments: {},
    });
  });

  it('has neither code nor what is to be served as it is converted', async () => {
    const orderOf = async (upload: Parameters<ReturnType<typeof memoryWorld>['upload']>[0]) => {
      const world = memoryWorld();
      const held = await world.before('PlanBuild', world.upload(upload));
      const { artifactUrl } = await planned(world, held);
      return ((await (await fetch(artifactUrl)).json()) as Granted).order;
    };
    const zip = zipOf([
      { name: 'predict.py', content: 'def predict(x): return x' },
      { name: 'requirements.txt', content: '' },
    ]);

    const orders = await Promise.all([
      orderOf({ file: 'm.zip', bytes: zip }),
      orderOf({ file: 'm.ubj', bytes: BOOSTER, manifest: 'runtime: { optimize: none }' }),
      orderOf({
        file: 'm.gguf',
        bytes: ggufOf(),
        manifest: 'runtime: { contextTokens: 512, requestsAtOnce: 2 }',
      }),
    ]);

    expect(orders.map(({ keptBecause }) => keptBecause)).toEqual([
      'it may bring code, which runs where it was written for',
      'runtime.optimize is none',
      'it is a language model, which is more than one pass through a graph',
    ]);
    expect(orders[2]?.facts.language).toEqual({
      task: 'generate',
      contextTokens: 512,
      requestsAtOnce: 2,
      hasChatTemplate: true,
    });
  });

  it('builds anew what is to be served otherwise', async () => {
    const tag = async (manifest?: string) => {
      const world = memoryWorld();
      const upload = { file: 'm.ubj', bytes: BOOSTER, ...(manifest ? { manifest } : {}) };
      const held = await world.before('PlanBuild', world.upload(upload));
      return (await planned(world, held)).imageTag;
    };

    const tags = await Promise.all([
      tag(),
      tag('runtime: { optimize: none }'),
      tag('runtime: { network: open }'),
      tag('model: { allowPickle: [mine.Step] }'),
      tag('examples: [{ request: { inputs: [[1, 2, 3, 4]] } }]'),
    ]);
    expect(new Set(tags).size).toBe(tags.length);
  });

  it('builds anew a model of code that is to be entered elsewhere', async () => {
    const code =
      'def predict(inputs):\n    return inputs\n\ndef other(inputs):\n    return inputs\n';
    const tag = async (manifest?: string) => {
      const world = memoryWorld();
      const upload = {
        file: 'm.zip',
        bytes: zipOf([
          { name: 'predict.py', content: code },
          { name: 'requirements.txt', content: '' },
        ]),
        ...(manifest ? { manifest } : {}),
      };
      const held = await world.before('PlanBuild', world.upload(upload));
      return (await planned(world, held)).imageTag;
    };

    expect(await tag('entrypoint: predict.py:other')).not.toBe(await tag());
  });

  it('keeps the plan when Slipway was updated meanwhile', async () => {
    const world = memoryWorld();
    const held = await world.before('PlanBuild');
    await planBuild(world.deps)(held);

    await planBuild({ ...world.deps, hashes: { ...world.deps.hashes, onnx: 'environment-2' } })(
      held,
    );

    const { work } = await world.recordOf(held);
    expect(work.plan?.environmentHash).toBe('environment-1');
  });
});

/** The plan, and the parameters of the image's build. */
async function planned(world: MemoryWorld, held: Held) {
  const plan = await planBuild(world.deps)(held);
  const { kind: _, ...granted } = await grantBuild(world.deps)(held);
  return { ...plan, ...granted };
}
