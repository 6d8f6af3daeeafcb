import { checkHealth } from '#steps/check-health.ts';
import { proofOf } from '#steps/proof.ts';
import { type Asked, answered } from '../support/memory/prober.ts';
import { identityModel, width32OnlyModel } from '../support/models/onnx.ts';
import {
  answersRight,
  answersWrong,
  type MemoryWorld,
  memoryWorld,
} from '../support/worlds/memory.ts';

const EXAMPLE = 'examples: [{ request: { inputs: [[1]] }, expect: { outputs: [[2]] } }]';

const TOO_LARGE = identityModel({ datatype: 'FP32', shape: [1, 5_000_000] });
const OTHER_INPUTS = identityModel({ datatype: 'FP32', shape: ['n', 3] });

const OF_2 = { name: 'x', datatype: 'FP32', shape: [2], data: [1, 2] };
const EXAMPLE_OF_2 = `examples: [{ request: ${JSON.stringify({ inputs: [OF_2] })} }]`;

const isOf2 = (asked: Asked) => JSON.stringify(asked).includes('[1,2]');
const refuses = (asked: Asked) => answered(asked === 'ready' ? 200 : 400);

/** An upgrade whose candidate is about to be asked; `manifest` is the live version's. */
async function upgrade(candidate: Parameters<MemoryWorld['upload']>[0] = {}, manifest = '') {
  const world = memoryWorld();
  await world.deploy(world.upload({ manifest }));
  const held = await world.before('CheckHealth', world.upload({ manifest: '', ...candidate }));
  const before = world.prober.sent.length;
  const asked = () => world.prober.sent.slice(before).map(({ revision }) => revision);
  return { world, held, asked, check: () => checkHealth(world.deps)(held) };
}

describe('checking the health of a candidate', () => {
  it('proves it by a golden request through its test path, and announces it', async () => {
    const world = memoryWorld();
    const held = await world.before('CheckHealth');

    const answer = await checkHealth(world.deps)(held);

    expect(answer).toEqual({ kind: 'healthy' });
    expect(world.prober.sent.map(({ address }) => address)).toEqual([
      '/_candidate/digits-v1',
      '/_candidate/digits-v1',
    ]);
    expect(await world.recordOf(held)).toMatchObject({
      phase: 'Ready',
      work: { golden: { sample: 1, warning: '', latencyMs: 1 } },
    });
    expect((await world.told()).at(-1)).toMatchObject({
      state: 'Ready',
      data: { revision: 'digits-v1', latencyMs: 1 },
    });
  });

  it.each([
    [
      'ec2',
      identityModel({ datatype: 'FP32', shape: ['n', 3] }),
      /what it costs on EC2 is not metered, since ECS chose its instance: upload it again/,
    ],
    ['lambda', TOO_LARGE, /unproven.*; what it costs on Lambda is not metered/s],
  ] as const)(
    'says of a version on %s, whose cost is not metered, that the cap is not held by it',
    async (target, bytes, says) => {
      const world = memoryWorld({ caps: { maxMonthlyUsd: 5000 } });
      const held = await world.before('CheckHealth', world.upload({ bytes }));
      const { decision } = (await world.recordOf(held)).work;
      expect(decision?.maxMonthlyUsd).toBe(5000);
      await world.registry.recordWork(held, { decision: { ...decision!, target } });

      await checkHealth(world.deps)(held);

      expect((await world.told()).at(-1)).toMatchObject({
        state: 'Ready',
        reason: expect.stringMatching(says),
      });
    },
  );

  it('asks a proven candidate nothing again', async () => {
    const world = memoryWorld();
    const held = await world.before('ShiftTraffic');
    const asked = world.prober.sent.length;

    expect(await checkHealth(world.deps)(held)).toEqual({ kind: 'healthy' });
    expect(world.prober.sent).toHaveLength(asked);
  });

  it.each([
    {
      what: 'does not get ready',
      answer: () => answered(503, 'loading'),
      reason: '/ping was answered 503: "loading"',
    },
    {
      what: 'does not answer at all',
      answer: () => ({ kind: 'none', reason: 'the connection was refused' }) as const,
      reason: 'the connection was refused',
    },
    { what: 'answers wrong', answer: answersWrong, reason: 'output z is not declared' },
  ])('finds one unhealthy that $what, and says so', async ({ answer, reason }) => {
    const world = memoryWorld();
    const held = await world.before('CheckHealth');
    world.behave('digits-v1', answer);

    expect(await checkHealth(world.deps)(held)).toEqual({ kind: 'unhealthy' });
    expect(await world.recordOf(held)).toMatchObject({
      phase: 'Provisioning',
      trouble: {
        name: 'RevisionUnhealthy',
        reason: expect.stringContaining(`digits-v1 is not healthy: `),
        fix: expect.stringMatching(/./),
      },
    });
    expect((await world.recordOf(held)).trouble?.reason).toContain(reason);
  });

  it.each([
    { what: 'no answer', answer: () => ({ kind: 'none', reason: 'no answer in time' }) as const },
    { what: '503', answer: () => answered(503) },
    { what: '504', answer: () => answered(504) },
  ])('takes $what of a container for the way to it, until its time is over', async ({ answer }) => {
    const world = memoryWorld();
    const manifest = 'placement: {target: fargate}';
    const held = await world.before('CheckHealth', world.upload({ manifest }));
    world.behave('digits-v1', answer);

    await expect(checkHealth(world.deps)(held)).rejects.toMatchObject({
      name: 'PlatformUnavailable',
      message: expect.stringContaining('digits-v1 cannot be reached'),
    });
    expect((await world.recordOf(held)).trouble).toBeFalsy();

    const { work } = await world.recordOf(held);
    world.clock.advance(work.candidate!.readyByMs - world.clock.now());

    expect(await checkHealth(world.deps)(held)).toEqual({ kind: 'unhealthy' });
  });

  it('finds a container unhealthy at once that says so itself', async () => {
    const world = memoryWorld();
    const manifest = 'placement: {target: fargate}';
    const held = await world.before('CheckHealth', world.upload({ manifest }));
    world.behave('digits-v1', () => answered(500));

    expect(await checkHealth(world.deps)(held)).toEqual({ kind: 'unhealthy' });
  });

  it('tries larger requests until one is answered, and remembers which', async () => {
    const world = memoryWorld();
    const held = await world.before('CheckHealth', world.upload({ bytes: width32OnlyModel() }));
    world.behave('digits-v1', (asked) => {
      if (asked === 'ready') return answered(200);
      const [{ shape }] = (asked.body as { inputs: [{ shape: number[] }] }).inputs;
      const y = { name: 'y', datatype: 'FP32', shape: [1, 1], data: [0] };
      return shape[1] === 32 ? answered(200, { outputs: [y] }, 2.6) : answered(500);
    });

    expect(await checkHealth(world.deps)(held)).toEqual({ kind: 'healthy' });
    expect((await world.recordOf(held)).work.golden).toEqual({
      sample: 32,
      warning: '',
      latencyMs: 3,
    });
  });

  it('finds one unhealthy that refuses what is made up, and says which example would prove it', async () => {
    const world = memoryWorld();
    const held = await world.before('CheckHealth');
    world.behave('digits-v1', refuses);

    expect(await checkHealth(world.deps)(held)).toEqual({ kind: 'unhealthy' });
    const { trouble } = await world.recordOf(held);
    expect(trouble?.reason).toBe(
      'digits-v1 is not healthy: the golden request was answered 400: {}',
    );
    expect(trouble?.fix.split('\n')).toEqual([
      'Fix the model, or say in model.yaml what your clients send, with values that the model takes:',
      ...['examples:', '  - request:', '      inputs:'],
      '        - { name: "x", datatype: FP32, shape: [1], data: [0] }',
    ]);
  });

  it('says loudly of one that nothing can be made for that it is unproven', async () => {
    const world = memoryWorld();
    const held = await world.before('CheckHealth', world.upload({ bytes: TOO_LARGE }));

    expect(await checkHealth(world.deps)(held)).toEqual({ kind: 'healthy' });
    expect((await world.recordOf(held)).work.golden?.sample).toBe('readiness');
    expect((await world.told()).at(-1)).toMatchObject({
      state: 'Ready',
      reason: expect.stringMatching(
        /^started, unproven: .* give an example in model\.yaml \(examples: .*\)$/,
      ),
    });
  });

  it.each([
    { answer: 2, kind: 'healthy' },
    { answer: 3, kind: 'unhealthy' },
  ])(
    'judges the answer $answer to the example of the manifest: $kind',
    async ({ answer, kind }) => {
      const world = memoryWorld();
      const held = await world.before('CheckHealth', world.upload({ manifest: EXAMPLE }));
      world.behave('digits-v1', (asked) =>
        asked === 'ready' ? answersRight(asked) : answered(200, { outputs: [[answer]] }),
      );

      expect(await checkHealth(world.deps)(held)).toEqual({ kind });
      expect(world.prober.sent.at(-1)?.asked).toEqual({
        protocol: 'invocations',
        body: { inputs: [[1]] },
      });
    },
  );
});

describe('what the live version answers', () => {
  it('is asked of it first, by what it was proven by, and then of the candidate', async () => {
    const { world, held, asked, check } = await upgrade();

    expect(await check()).toEqual({ kind: 'healthy' });
    expect(asked()).toEqual(['digits-v2', 'digits-v1', 'digits-v2']);
    expect((await world.recordOf(held)).work.golden).toMatchObject({ sample: 1 });
    expect((await world.recordOf(held)).work.golden).not.toHaveProperty('of');
  });

  it.each([
    { what: 'refuses', answer: refuses, said: 'was answered 400: {}' },
    {
      what: 'fails',
      answer: (asked: Asked) => answered(asked === 'ready' ? 200 : 500),
      said: 'was answered 500: {}',
    },
    { what: 'answers wrong', answer: answersWrong, said: 'output z is not declared' },
  ])('a candidate that $what is unhealthy, and says so', async ({ answer, said }) => {
    const { world, held, check } = await upgrade();
    world.behave('digits-v2', answer);

    expect(await check()).toEqual({ kind: 'unhealthy' });
    const { trouble } = await world.recordOf(held);
    expect(trouble?.reason).toMatch(
      /^digits-v2 is not healthy: digits-v1, the live revision, answers this request with 200; for the candidate the golden request /,
    );
    expect(trouble?.reason).toContain(said);
    expect(trouble?.fix).toContain('if it is meant to take different inputs');
  });

  it('a candidate has to answer though it answers another', async () => {
    const { world, check } = await upgrade({}, EXAMPLE_OF_2);
    world.behave('digits-v2', (asked) => (isOf2(asked) ? answered(400) : answersRight(asked)));

    expect(await check()).toEqual({ kind: 'unhealthy' });
  });

  it('proves a candidate that answers it, also where that was another version’s before', async () => {
    const { world, held, check } = await upgrade({}, EXAMPLE_OF_2);
    const [v1] = await world.registry.versions('digits');

    await check();
    await world.steps.ShiftTraffic({ ...held, attempt: 0 });

    const of = { deploymentId: v1!.deploymentId, revision: 'digits-v1' };
    const { work } = await world.recordOf(held);
    expect(work.golden).toMatchObject({ sample: 'example', of });
    const { request } = await proofOf(world.registry, { model: 'digits', work });
    expect(request?.body).toEqual({ inputs: [OF_2] });
  });

  it.each([
    { what: 'nothing', answer: () => ({ kind: 'none', reason: 'refused' }) as const },
    { what: 'that it is busy', answer: () => answered(429) },
    { what: '400', answer: refuses },
    { what: '503', answer: () => answered(503) },
  ])('is no verdict where it answers $what', async ({ answer }) => {
    const { world, held, check } = await upgrade({}, EXAMPLE_OF_2);
    world.behave('digits-v1', answer);
    world.behave('digits-v2', (asked) => (isOf2(asked) ? answered(400) : answersRight(asked)));

    expect(await check()).toEqual({ kind: 'healthy' });
    expect((await world.recordOf(held)).work.golden).toMatchObject({ sample: 1 });
  });

  it('is no fair test of a candidate that declares other inputs', async () => {
    const { world, asked, check } = await upgrade({ bytes: OTHER_INPUTS });

    await check();

    expect(new Set(asked())).toEqual(new Set(['digits-v2']));
    expect(world.prober.sent.length).toBeGreaterThan(0);
  });

  it('is not asked where the candidate has an example, which says what it answers', async () => {
    const { asked, check } = await upgrade({ manifest: EXAMPLE_OF_2 });

    expect(await check()).toEqual({ kind: 'healthy' });
    expect(asked()).toEqual(['digits-v2', 'digits-v2']);
  });

  it('is nothing where it was proven by nothing itself', async () => {
    const world = memoryWorld();
    await world.deploy(world.upload({ bytes: TOO_LARGE }));
    const held = await world.before('CheckHealth');
    const before = world.prober.sent.length;

    expect(await checkHealth(world.deps)(held)).toEqual({ kind: 'healthy' });
    expect(world.prober.sent.slice(before).map(({ revision }) => revision)).not.toContain(
      'digits-v1',
    );
  });
});

describe('a version that is started again', () => {
  async function rollback(bytes?: Uint8Array) {
    const world = memoryWorld();
    await world.deploy(world.upload(bytes ? { bytes } : {}));
    await world.deploy(world.upload({ manifest: 'gate: { broken: warn }' }));
    const held = await world.before('CheckHealth', world.rollback());
    return { world, held, check: () => checkHealth(world.deps)(held) };
  }

  it('has to answer what it was proven by, and nothing of the live version', async () => {
    const { world, check } = await rollback();
    const before = world.prober.sent.length;

    expect(await check()).toEqual({ kind: 'healthy' });
    expect(world.prober.sent.slice(before).map(({ revision }) => revision)).toEqual([
      'digits-v1',
      'digits-v1',
    ]);
  });

  it('is unhealthy when it does not', async () => {
    const { world, held, check } = await rollback();
    world.behave('digits-v1', refuses);

    expect(await check()).toEqual({ kind: 'unhealthy' });
    expect((await world.recordOf(held)).trouble?.reason).toBe(
      'digits-v1 is not healthy: the golden request was answered 400: {}',
    );
  });

  it('is asked again when it was too busy to answer', async () => {
    const { world, held, check } = await rollback();
    world.behave('digits-v1', (asked: Asked) => answered(asked === 'ready' ? 200 : 429));

    await expect(check()).rejects.toMatchObject({ name: 'PlatformThrottled' });
    expect((await world.recordOf(held)).trouble).toBeFalsy();
  });

  it('that was live without a proof needs none to be live again', async () => {
    const { world, held, check } = await rollback(TOO_LARGE);

    expect(await check()).toEqual({ kind: 'healthy' });
    expect((await world.recordOf(held)).work.golden).toMatchObject({
      sample: 'readiness',
      warning: expect.stringContaining('unproven'),
    });
  });
});
