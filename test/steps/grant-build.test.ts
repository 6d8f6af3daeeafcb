import { readFileSync } from 'node:fs';
import { sha256Hex } from '#domain/hash.ts';
import type { Held } from '#domain/workflow.ts';
import { grantBuild, modelOrder } from '#steps/grant-build.ts';
import { planBuild } from '#steps/plan-build.ts';
import { fixtureOf } from '../support/models/dropped.ts';
import type { Granted } from '../support/worlds/build-order.ts';
import { type MemoryWorld, memoryWorld } from '../support/worlds/memory.ts';

describe('granting the build of an image', () => {
  it('gives it nothing of the artifact before what serves it is built, which may wait for hours', async () => {
    const calls: string[] = [];
    const world = memoryWorld({
      engine: 'image',
      tap(method, call, [id]) {
        if (method.endsWith('grant')) calls.push(String(id));
        return call();
      },
    });
    const held = await world.before('PlanBuild');

    const { kind } = await planBuild(world.deps)(held);
    const planned = calls.splice(0);
    await grantBuild(world.deps)(held);

    expect(kind).toBe('environment');
    expect(planned).toEqual([`${held.deploymentId}-environment`]);
    expect(calls).toEqual([held.deploymentId]);
  });

  it('grants the pinned files anew each time, by a token that is of the grant', async () => {
    const world = memoryWorld({ engine: 'image' });
    const held = await world.before('PlanBuild');
    await planBuild(world.deps)(held);

    const first = await grantBuild(world.deps)(held);
    const second = await grantBuild(world.deps)(held);

    const { artifact, work } = await world.recordOf(held);
    expect(first.imageTag).toBe(work.plan?.imageTag);
    expect(second).toEqual({
      ...first,
      artifactUrl: second.artifactUrl,
      token: await sha256Hex(second.artifactUrl),
    });
    const { files } = (await (await fetch(second.artifactUrl)).json()) as Granted;
    expect(files).toMatchObject(artifact.parts.map(({ name, sizeBytes }) => ({ name, sizeBytes })));
  });

  it('lets a Dockerfile be built apart, where it is to leave its image for the build that pushes it', async () => {
    const world = memoryWorld({ engine: 'image' });
    world.store.put('models/digits/v1/Dockerfile', Buffer.from('FROM scratch'));
    const named = { file: 'v1/model.yaml', bytes: Buffer.from('runtime: { port: 3000 }') };
    const held = await world.before('PlanBuild', world.upload(named));
    await planBuild(world.deps)(held);

    const granted = await grantBuild(world.deps)(held);

    expect(granted.kind).toBe('dockerfile');
    expect(granted.ownImageToken).toBe(await sha256Hex(granted.ownImageUrl));
    const [own, pushing] = await Promise.all(
      [granted.ownImageUrl, granted.artifactUrl].map(
        async (url) => (await (await fetch(url)).json()) as Granted,
      ),
    );
    const place = own!.order.leavesImageAt;
    expect(place).toMatch(/^s3:/);
    expect(own!.order.takesImageFrom).toBeUndefined();
    expect(pushing!.order.takesImageFrom).toBe(place);
    expect(pushing!.order.leavesImageAt).toBeUndefined();
    expect(own!.files).toEqual(pushing!.files);
  });

  it.each([
    { what: 'has one build do both, where no place is between them', isApart: false, more: {} },
    {
      what: 'builds no image that a manifest names',
      isApart: true,
      more: { image: `team/bento@sha256:${'a'.repeat(64)}` },
    },
  ])('$what', async ({ isApart, more }) => {
    const world = memoryWorld({ engine: 'image' });
    if (!isApart) world.store.put('models/digits/v1/Dockerfile', Buffer.from('FROM scratch'));
    const bytes = Buffer.from(JSON.stringify({ runtime: { port: 3000, ...more } }));
    const held = await world.before('PlanBuild', world.upload({ file: 'v1/model.yaml', bytes }));
    await planBuild(world.deps)(held);
    const artifacts = { ...world.store, ...(isApart ? {} : { imagePlace: () => null }) };

    const granted = await grantBuild({ ...world.deps, artifacts })(held);

    expect(granted).toMatchObject({ kind: 'image', ownImageUrl: '' });
    const { order } = (await (await fetch(granted.artifactUrl)).json()) as Granted;
    expect(order).not.toHaveProperty('takesImageFrom');
    expect(order).not.toHaveProperty('leavesImageAt');
  });

  it('names the image of the live version, whose weights the next one may have too', async () => {
    const world = memoryWorld({ engine: 'image' });
    const first = await world.deploy();
    const [next, other] = [
      await world.before('PlanBuild'),
      await world.before('PlanBuild', world.upload({ model: 'letters' })),
    ];

    expect((await orderOf(world, next)).previousImage).toBe(
      (await world.recordOf(first)).work.image?.tag,
    );
    expect((await orderOf(world, other)).previousImage).toBeNull();
  });

  it('names none where models are processes, whose artifacts no image holds', async () => {
    const bytes = readFileSync(fixtureOf('xgboost', 'binary-3.4.ubj').path);
    const world = memoryWorld();
    await world.deploy();
    const next = await world.before('PlanBuild', world.upload({ file: 'm.ubj', bytes }));

    expect((await orderOf(world, next)).previousImage).toBeNull();
  });

  it.each([
    ['image', { onnx: 'onnx-environment-1' }],
    ['process', {}],
  ] as const)(
    'names the environments that an engine of the kind %s has: %j',
    async (engine, environments) => {
      const world = memoryWorld({ engine: 'image' });
      const held = await world.before('PlanBuild');
      await planBuild(world.deps)(held);

      const { artifactUrl } = await grantBuild({ ...world.deps, engine })(held);

      const { order } = (await (await fetch(artifactUrl)).json()) as Granted;
      expect(order.environments).toEqual(environments);
    },
  );

  it.each([
    ['inspection', 'the deployment has no inspection yet'],
    ['plan', 'the deployment has no plan yet'],
  ])('is none before there is an %s', async (part, message) => {
    const world = memoryWorld({ engine: 'image' });
    const held = await world.before('PlanBuild');
    await planBuild(world.deps)(held);
    const deployment = await world.recordOf(held);
    const work = { ...deployment.work, [part]: undefined };
    const registry = { ...world.registry, deployment: async () => ({ ...deployment, work }) };

    await expect(grantBuild({ ...world.deps, registry })(held)).rejects.toThrow(message);
  });

  it('is none where there is no image to build', async () => {
    const world = memoryWorld();
    const held = await world.before('ChooseTarget');

    await expect(grantBuild(world.deps)(held)).rejects.toThrow(
      'the deployment has no image to build yet',
    );
  });
});

describe('what a build is told of a model', () => {
  const NO_GPUS = { areChosen: false, baseImages: {} };
  const told = async (facts: object, manifest = '') => {
    const world = memoryWorld();
    const held = await world.before('PlanBuild', world.upload({ manifest }));
    const inspection = (await world.recordOf(held)).work.inspection!;
    return modelOrder({ ...inspection, facts: { ...inspection.facts, ...facts } }, NO_GPUS);
  };

  it('is what is known of it, and nothing of what is not', async () => {
    const known = {
      data: { file: 'm.json', format: 'xgboost' },
      tensorNames: { inputs: ['x'] },
      language: { task: 'embed' },
      pipeline: { task: 'fill-mask' },
    };

    expect((await told(known)).facts).toMatchObject(known);
    const { facts } = await told({});
    for (const name of ['data', 'tensorNames', 'language', 'pipeline']) {
      expect(facts).not.toHaveProperty(name);
    }
  });

  it('is whether it needs a GPU', async () => {
    expect(await told({})).toMatchObject({ facts: { needsGpu: false } });
    const onGpu = "resources: { accelerator: 'T4:1' }";
    expect(await told({ format: 'torch' }, onGpu)).toMatchObject({
      facts: { needsGpu: true },
      keptBecause: 'it computes on a GPU, and the ONNX server does not',
    });
  });

  it('is whether code comes with it, which has other walls, and what to compile first', async () => {
    expect(await told({ format: 'python' })).toMatchObject({
      facts: { brings: 'code' },
      keptBecause: 'it may bring code, which runs where it was written for',
      imports: [],
    });
    expect(await told({ format: 'gguf' })).toMatchObject({
      facts: { brings: 'data', listens: true },
    });
    expect(await told({ format: 'xgboost' })).toMatchObject({
      keptBecause: null,
      imports: ['xgboost'],
    });
  });

  it('is why a build keeps it as it was saved', async () => {
    const pipeline = { image: { processor: 'AutoProcessor', isPrepared: false } };
    const about = { format: 'huggingface', data: { format: 'huggingface' } };
    expect(await told({ ...about, pipeline })).toMatchObject({
      keptBecause: 'the ONNX server does not prepare images as AutoProcessor does',
    });
    expect(await told({ format: 'skops' }, 'runtime: { optimize: none }')).toMatchObject({
      keptBecause: 'runtime.optimize is none',
    });
    expect(await told({ format: 'tflite' })).toMatchObject({
      keptBecause: 'OpenVINO runs it as it is',
    });
  });
});

/** The order that its build gets. */
async function orderOf({ deps }: MemoryWorld, held: Held) {
  await planBuild(deps)(held);
  const { artifactUrl } = await grantBuild(deps)(held);
  return ((await (await fetch(artifactUrl)).json()) as Granted).order;
}
