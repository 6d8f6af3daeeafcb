import type { ProbeAnswer } from '#ports/prober.ts';
import { chooseTarget } from '#steps/choose-target.ts';
import { grantBuild } from '#steps/grant-build.ts';
import { planBuild } from '#steps/plan-build.ts';
import { provisionFargate } from '#steps/provision-fargate.ts';
import { provisionLambda } from '#steps/provision-lambda.ts';
import { revisionSpec } from '#steps/revision-spec.ts';
import { answered } from '../support/memory/prober.ts';
import type { Granted } from '../support/worlds/build-order.ts';
import { type MemoryWorld, MODEL, memoryWorld } from '../support/worlds/memory.ts';

const PLACE = '{ port: 3000, healthPath: /healthz, requestPath: /predict }';

/** Uploads a folder with a Dockerfile; its manifest comes last. */
function upload({ store, upload: put }: MemoryWorld, more = '') {
  const examples = 'examples: [{ request: { values: [1] }, expect: { total: 1 } }]';
  store.put(`models/${MODEL}/v1/Dockerfile`, Buffer.from('FROM scratch'));
  const text = `runtime: ${PLACE}\n${examples}\n${more}`;
  return put({ file: 'v1/model.yaml', bytes: Buffer.from(text) });
}

/** Uploads a folder whose manifest names an image. */
function naming({ upload: put }: MemoryWorld, image: string) {
  const text = `runtime: { image: '${image}', port: 3000 }`;
  return put({ file: 'v1/model.yaml', bytes: Buffer.from(text) });
}

const nameless = (answer: ProbeAnswer): ProbeAnswer =>
  answer.kind === 'answer' ? { ...answer, revision: null } : answer;

const right = () => answered(200, { total: 1 });

describe('an image of its owner’s own', () => {
  const named = `team/bento@sha256:${'a'.repeat(64)}`;

  it.each([
    { ownImages: 'none', image: null, fix: 'ownImages=built' },
    { ownImages: 'none', image: named, fix: 'ownImages=named' },
    { ownImages: 'named', image: null, fix: 'runtime.image' },
  ] as const)(
    'is refused before it is built where $ownImages is allowed: $image',
    async ({ ownImages, image, fix }) => {
      const world = memoryWorld({ engine: 'image', ownImages });
      const held = await world.before('PlanBuild', image ? naming(world, image) : upload(world));

      await expect(planBuild(world.deps)(held)).rejects.toMatchObject({
        name: 'ArtifactRejected',
        message: expect.stringContaining(`ownImages is ${ownImages}`),
        fix: expect.stringContaining(fix),
      });
    },
  );

  it('is built where its manifest may name it', async () => {
    const world = memoryWorld({ engine: 'image', ownImages: 'named' });
    const held = await world.before('PlanBuild', naming(world, named));

    await expect(planBuild(world.deps)(held)).resolves.toMatchObject({ kind: 'needed' });
  });

  it('is refused where models are processes, with what to do', async () => {
    const world = memoryWorld({ engine: 'process' });
    const held = await world.before('PlanBuild', upload(world));

    await expect(planBuild(world.deps)(held)).rejects.toMatchObject({
      name: 'ArtifactRejected',
      message: expect.stringContaining('needs Docker'),
      fix: expect.stringContaining('--engine docker'),
    });
  });

  it('is built without environments, by an order that says where its server listens', async () => {
    const world = memoryWorld({ engine: 'image' });
    const held = await world.before('PlanBuild', upload(world));

    const { kind } = await planBuild(world.deps)(held);
    const { artifactUrl } = await grantBuild(world.deps)(held);

    expect(kind).toBe('needed');
    const { order } = (await (await fetch(artifactUrl)).json()) as Granted;
    expect(order).toMatchObject({
      runtime: 'custom',
      environments: {},
      server: { port: 3000, healthPath: '/healthz', requestPath: '/predict' },
      startupSeconds: 300,
      facts: { needsGpu: false, example: { path: '/predict', body: { values: [1] } } },
    });
  });

  it('is asked where its runtime takes requests, whatever they look like, where its manifest does not say', async () => {
    const world = memoryWorld({ engine: 'image' });
    const tensor = '{ name: x, datatype: FP32, shape: [1], data: [1] }';
    world.store.put(`models/${MODEL}/v1/Dockerfile`, Buffer.from('FROM scratch'));
    const text = `runtime: { port: 3000 }\nexamples: [{ request: { inputs: [${tensor}] } }]`;
    const held = await world.before(
      'PlanBuild',
      world.upload({ file: 'v1/model.yaml', bytes: Buffer.from(text) }),
    );

    await planBuild(world.deps)(held);
    const { artifactUrl } = await grantBuild(world.deps)(held);

    const { order } = (await (await fetch(artifactUrl)).json()) as Granted;
    expect(order.facts.example).toMatchObject({ path: '/invocations' });
  });

  it('is rejected where its manifest asks it to keep requests', async () => {
    const world = memoryWorld({ engine: 'image' });
    world.store.put(`models/${MODEL}/v1/Dockerfile`, Buffer.from('FROM scratch'));
    const bytes = Buffer.from('runtime: { port: 3000 }\ncapture: {}');
    const held = await world.before('PlanBuild', world.upload({ file: 'v1/model.yaml', bytes }));

    await expect(planBuild(world.deps)(held)).rejects.toMatchObject({
      name: 'ArtifactRejected',
      message: expect.stringContaining('which an image of its own cannot do'),
    });
  });

  it('runs with its server where its manifest says', async () => {
    const world = memoryWorld({ engine: 'image' });
    const held = await world.before('ProvisionLambda', upload(world));

    const deployment = await world.recordOf(held);

    expect(revisionSpec(deployment, { revision: 'digits-v1', madeBy: 'd1' })).toMatchObject({
      runtime: 'custom',
      server: { port: 3000, healthPath: '/healthz', requestPath: '/predict' },
    });
  });

  it('is told before it has traffic what it loses on Lambda, and what keeps that', async () => {
    const world = memoryWorld({ engine: 'image' });
    const held = await world.before('ProvisionLambda', upload(world));

    await provisionLambda(world.deps)(held);

    const [option] = (await world.recordOf(held)).work.decision!.options;
    expect(option).toMatchObject({
      target: 'lambda',
      taken: true,
      reason: expect.stringContaining('sees its callers’ keys'),
    });
    expect((await world.told()).at(-1)).toMatchObject({
      state: 'Provisioning',
      reason: expect.stringContaining('the body of each 5xx that it answers is lost'),
      fix: expect.stringContaining('placement: { target: fargate }'),
    });
  });

  it('loses nothing as a container', async () => {
    const world = memoryWorld({ engine: 'image' });
    const held = await world.before(
      'ProvisionFargate',
      upload(world, 'placement: { target: fargate }'),
    );

    await provisionFargate(world.deps)(held);

    expect((await world.told()).at(-1)).toMatchObject({
      state: 'Provisioning',
      reason: '',
      fix: '',
    });
  });

  it('does not go to Lambda where it was seen not to start there', async () => {
    const world = memoryWorld({ engine: 'image' });
    const held = await world.before('ChooseTarget', upload(world));
    const built = {
      digest: `sha256:${'a'.repeat(64)}`,
      compressedBytes: 1,
      uncompressedBytes: 1,
      artifactSha256: 'a'.repeat(64),
      proof: null,
      smoke: { startMs: 1, peakBytes: 2 ** 20, refusedByLambda: 'it writes to /app' },
    };
    const variables = [{ Name: 'BUILT', Value: JSON.stringify(built) }];

    expect(await chooseTarget(world.deps)({ ...held, variables })).toEqual({ target: 'fargate' });

    const { options } = (await world.recordOf(held)).work.decision!;
    expect(options[0]).toMatchObject({ target: 'lambda', reason: 'it writes to /app' });
  });

  it('does not go to Lambda where its server would listen at a port of Lambda’s', async () => {
    const world = memoryWorld({ engine: 'image' });
    world.store.put(`models/${MODEL}/v1/Dockerfile`, Buffer.from('FROM scratch'));
    const bytes = Buffer.from('runtime: { port: 9001 }');

    const held = await world.before(
      'ProvisionFargate',
      world.upload({ file: 'v1/model.yaml', bytes }),
    );

    const { options } = (await world.recordOf(held)).work.decision!;
    expect(options[0]).toMatchObject({ target: 'lambda', reason: expect.stringContaining('9001') });
  });

  it('goes live, is upgraded by steps and rolled back though its answers do not say whose they are', async () => {
    const world = memoryWorld({ engine: 'image' });
    const canary = 'rollout: { strategy: canary, steps: [10, 100], bakeSeconds: 1 }';
    world.prober.front(nameless);
    world.behave('digits-v1', right);
    world.behave('digits-v2', right);

    const first = await world.deploy(upload(world));
    const second = await world.deploy(upload(world, canary));
    const back = await world.deploy(world.rollback());

    for (const held of [first, second]) expect((await world.recordOf(held)).phase).toBe('Live');
    expect((await world.recordOf(back)).phase).toBe('Live');
    expect((await world.registry.model(MODEL))?.live?.revision).toBe('digits-v1');
    expect(
      world.prober.sent.some(({ asked }) => asked !== 'ready' && asked.path === '/predict'),
    ).toBe(true);
  });

  it('does not go live by a wrong answer', async () => {
    const world = memoryWorld({ engine: 'image' });
    world.behave('digits-v1', () => answered(200, { total: 2 }));

    await expect(world.deploy(upload(world))).rejects.toThrow('CheckHealth answered unhealthy');
  });

  it('does not go live where something else answers at its endpoint', async () => {
    const world = memoryWorld({ engine: 'image' });
    world.behave('digits-v1', right);
    world.prober.front(() => answered(502, 'no upstream'));

    await expect(world.deploy(upload(world))).rejects.toThrow('VerifyTraffic answered expired');
  });

  it('lets no other off: of a server that names itself an answer without a name is nobody’s', async () => {
    const world = memoryWorld({ engine: 'image' });
    world.prober.front(nameless);

    await expect(world.deploy()).rejects.toThrow('VerifyTraffic answered expired');
  });
});
