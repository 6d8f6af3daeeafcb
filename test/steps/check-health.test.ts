import { checkHealth } from '#steps/check-health.ts';
import { answered } from '../support/memory-prober.ts';
import { answersRight, answersWrong, memoryWorld } from '../support/memory-world.ts';
import { width32OnlyModel } from '../support/onnx-models.ts';

const EXAMPLE = 'examples: [{ request: { inputs: [[1]] }, expect: { outputs: [[2]] } }]';

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
      message: expect.stringContaining('digits-v1 is not reached'),
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

  it('takes readiness for all the proof there is when the model refuses what is made up', async () => {
    const world = memoryWorld();
    const held = await world.before('CheckHealth');
    world.behave('digits-v1', (asked) => answered(asked === 'ready' ? 200 : 400));

    expect(await checkHealth(world.deps)(held)).toEqual({ kind: 'healthy' });
    expect((await world.recordOf(held)).work.golden?.sample).toBe('readiness');
    expect((await world.told()).at(-1)?.reason).toContain('proven by readiness only');
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
