import type { GoldenRequest } from '#domain/rollout/golden-request.ts';
import { compareAnswers } from '#steps/compare-answers.ts';
import { type Asked, answered } from '../support/memory/prober.ts';
import { identityModel } from '../support/models/onnx.ts';
import { type MemoryWorld, memoryWorld } from '../support/worlds/memory.ts';

const OF_4 = identityModel({ datatype: 'FP32', shape: ['n', 4] });
const OF_3 = identityModel({ datatype: 'FP32', shape: ['n', 3] });
const ROWS = Array.from({ length: 25 }, (_, row) => [row, row * row - 40, 7 - row, 1]);

const request = (row: readonly number[]) => ({
  inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 4], data: row }],
});
const examples = (count: number) =>
  `examples: ${JSON.stringify(ROWS.slice(0, count).map((row) => ({ request: request(row) })))}\n`;

/** The answer of a server of `y = f(x)`. */
const computes = (f: (value: number) => number | null) => (asked: Asked) => {
  if (asked === 'ready') return answered(200);
  const { inputs } = asked.body as { inputs: { shape: number[]; data: number[] }[] };
  const [{ shape = [], data = [] } = {}] = inputs;
  return answered(200, {
    model_version: 'of the server',
    outputs: [{ name: 'y', datatype: 'FP32', shape, data: data.map(f) }],
  });
};
const same = computes((value) => value);

type Versions = {
  readonly live?: Parameters<MemoryWorld['upload']>[0];
  readonly candidate?: Parameters<MemoryWorld['upload']>[0];
  readonly answers?: (asked: Asked) => ReturnType<typeof answered>;
};

/** An upgrade whose candidate is about to be compared. */
async function upgrade({ live, candidate, answers = same }: Versions = {}) {
  const world = memoryWorld();
  world.behave('digits-v1', same);
  world.behave('digits-v2', same);
  await world.deploy(world.upload({ bytes: OF_4, ...live }));
  const held = await world.before(
    'CompareAnswers',
    world.upload({ bytes: identityModel({ datatype: 'FP32', shape: ['rows', 4] }), ...candidate }),
  );
  world.behave('digits-v2', answers);
  const asked = world.prober.sent.length;
  return {
    world,
    held,
    sent: () => world.prober.sent.slice(asked),
    compare: () => compareAnswers(world.deps)(held),
    comparison: async () => (await world.recordOf(held)).work.comparison,
    trouble: async () => (await world.recordOf(held)).trouble,
  };
}

describe('a candidate is not compared', () => {
  it('where it is the first version', async () => {
    const world = memoryWorld();
    const held = await world.before('CompareAnswers');
    const asked = world.prober.sent.length;

    expect(await compareAnswers(world.deps)(held)).toEqual({ kind: 'passed' });
    expect(world.prober.sent).toHaveLength(asked);
    expect((await world.recordOf(held)).phase).toBe('Ready');
  });

  it('where a person asked for a version that was live before', async () => {
    const world = memoryWorld();
    await world.deploy(world.upload({ bytes: OF_4 }));
    await world.deploy(world.upload({ bytes: OF_3, manifest: 'gate: { broken: warn }' }));
    const held = await world.before('CompareAnswers', world.rollback());

    expect(await compareAnswers(world.deps)(held)).toEqual({ kind: 'passed' });
  });
});

describe('a candidate that takes other inputs than the live version', () => {
  it('is rejected without a request, with the reason and the ways', async () => {
    const { compare, comparison, trouble, sent } = await upgrade({ candidate: { bytes: OF_3 } });

    expect(await compare()).toEqual({ kind: 'blocked' });
    expect(sent()).toEqual([]);
    expect(await comparison()).toMatchObject({
      verdict: 'broken',
      level: 'artifacts',
      decision: 'blocked',
      beside: { version: 1, revision: 'digits-v1' },
    });
    expect(await trouble()).toEqual({
      name: 'ArtifactRejected',
      reason: expect.stringContaining(
        'it is broken, compared with version 1, which is live: the input "x" takes the shape [any, 3]; before: [any, 4]',
      ),
      fix: expect.stringContaining('gate: { replaces: 1 }'),
    });
  });

  it.each([
    ['its manifest says that it replaces that version', 'gate: { replaces: 1 }', 'declared'],
    ['its manifest only wants a warning', 'gate: { broken: warn }', 'passed'],
  ])('passes where %s, and the verdict stays', async (_, manifest, decision) => {
    const { compare, comparison } = await upgrade({ candidate: { bytes: OF_3, manifest } });

    expect(await compare()).toEqual({ kind: 'passed' });
    expect(await comparison()).toMatchObject({ verdict: 'broken', decision });
  });

  it('is rejected where its manifest says that it replaces another version', async () => {
    const { compare } = await upgrade({
      candidate: { bytes: OF_3, manifest: 'gate: { replaces: 2 }' },
    });

    expect(await compare()).toEqual({ kind: 'blocked' });
  });

  it('never has a share of the traffic, and ends Rejected', async () => {
    const world = memoryWorld();
    await world.deploy(world.upload({ bytes: OF_4 }));
    const held = await world.before('CompareAnswers', world.upload({ bytes: OF_3 }));
    await compareAnswers(world.deps)(held);
    await world.steps.Compensate({ ...held, error: { Error: '', Cause: '' } });

    expect(await world.router.shares('digits')).toEqual({ 'digits-v1': 100 });
    expect((await world.recordOf(held)).phase).toBe('Rejected');
    expect(world.existing()).toEqual(['digits-v1']);
  });
});

describe('a candidate of the same form', () => {
  it('is the same where it serves the same bytes, without a request', async () => {
    const { compare, comparison, sent } = await upgrade({
      candidate: { bytes: OF_4, manifest: 'team: vision' },
    });

    expect(await compare()).toEqual({ kind: 'passed' });
    expect(await comparison()).toMatchObject({ verdict: 'same', level: 'artifacts' });
    expect(sent()).toEqual([]);
  });

  it('is the same where it answers twenty examples as the live version', async () => {
    const { compare, comparison } = await upgrade({ live: { manifest: examples(20) } });

    expect(await compare()).toEqual({ kind: 'passed' });
    expect(await comparison()).toMatchObject({
      verdict: 'same',
      level: 'answers',
      answers: { kept: { asked: 20, changed: 0 } },
    });
  });

  it('is unproven where there are few examples', async () => {
    const { compare, comparison } = await upgrade({ live: { manifest: examples(3) } });

    expect(await compare()).toEqual({ kind: 'passed' });
    expect(await comparison()).toMatchObject({
      verdict: 'unproven',
      reason: expect.stringContaining('17 more examples in model.yaml would decide'),
    });
  });

  it('is rejected as unproven where its manifest says so', async () => {
    const { compare, trouble } = await upgrade({
      candidate: { manifest: 'gate: { unproven: block }' },
    });

    expect(await compare()).toEqual({ kind: 'blocked' });
    expect(await trouble()).toMatchObject({ name: 'ArtifactRejected' });
  });

  it('has changed where it answers an example otherwise, and the example is named', async () => {
    const { compare, comparison } = await upgrade({
      live: { manifest: examples(20) },
      answers: computes((value) => (value === 41 ? value + 1 : value)),
    });

    expect(await compare()).toEqual({ kind: 'passed' });
    expect(await comparison()).toMatchObject({
      verdict: 'changed',
      answers: { kept: { asked: 20, changed: 1 } },
      reason: expect.stringContaining('example 10 of the version before: the answer.outputs["y"]'),
    });
  });

  it.each([
    ['refuses what the live version answers', () => answered(400, { error: 'no' }), 'refused'],
    ['answers NaN', computes(() => null), 'it computes NaN or infinity'],
    ['answers in another unit', computes((value) => value * 100), '100 × that of before'],
    ['answers everything alike', computes(() => 3), 'for each of'],
  ])('is rejected where it %s', async (_, broken, reason) => {
    const { compare, trouble, comparison } = await upgrade({
      answers: (asked) => (asked === 'ready' ? answered(200) : broken(asked as GoldenRequest)),
    });

    expect(await compare()).toEqual({ kind: 'blocked' });
    expect(await comparison()).toMatchObject({ verdict: 'broken', level: 'answers' });
    expect((await trouble())?.reason).toContain(reason);
  });

  it('is rejected where it reads two columns in each other’s place, and these are named', async () => {
    const mixes = (weights: readonly number[]) => (asked: Asked) => {
      if (asked === 'ready') return answered(200);
      const { inputs } = asked.body as { inputs: { shape: number[]; data: number[] }[] };
      const [{ shape = [], data = [] } = {}] = inputs;
      const rows = Array.from({ length: shape[0] ?? 0 }, (_, row) =>
        data.slice(row * 4, row * 4 + 4),
      );
      const mixed = rows.map((row) =>
        row.map((_, at) =>
          row.reduce((sum, value, k) => sum + value * (weights[(k + at) % 4] ?? 0), 0),
        ),
      );
      return answered(200, {
        outputs: [{ name: 'y', datatype: 'FP32', shape, data: mixed.flat() }],
      });
    };
    const { world, compare, comparison, held } = await upgrade({
      live: { manifest: examples(25) },
    });
    const swaps = (row: readonly number[]) => [row[1], row[0], row[2], row[3]];
    world.behave('digits-v1', mixes([1, 0, 0, 0]));
    world.behave('digits-v2', (asked) => {
      if (asked === 'ready') return answered(200);
      const { inputs } = asked.body as { inputs: { shape: number[]; data: number[] }[] };
      const [{ shape = [], data = [] } = {}] = inputs;
      const rows = Array.from({ length: shape[0] ?? 0 }, (_, row) =>
        swaps(data.slice(row * 4, row * 4 + 4)),
      );
      return mixes([1, 0, 0, 0])({
        protocol: 'infer',
        body: { inputs: [{ name: 'x', datatype: 'FP32', shape, data: rows.flat() as number[] }] },
      });
    });

    expect(await compare()).toEqual({ kind: 'blocked' });
    expect(await comparison()).toMatchObject({
      verdict: 'broken',
      reason: 'it answers as the version before would if column 1 and column 2 were exchanged',
    });
    expect((await world.recordOf(held)).trouble).not.toBeNull();
  });

  it('is not judged by answers that differ from one time to the next', async () => {
    const { world, compare, comparison } = await upgrade({ live: { manifest: examples(20) } });
    let turn = 0;
    const drifts = (asked: Asked) => {
      turn += 1;
      return computes((value) => value + turn)(asked);
    };
    world.behave('digits-v1', drifts);

    expect(await compare()).toEqual({ kind: 'passed' });
    expect(await comparison()).toMatchObject({
      verdict: 'unproven',
      answers: { kept: { asked: 0 }, noisy: 20 },
    });
  });

  it('is not judged by what no model said', async () => {
    const { compare, comparison } = await upgrade({ answers: () => answered(503, 'busy') });

    expect(await compare()).toEqual({ kind: 'passed' });
    expect(await comparison()).toMatchObject({ verdict: 'unproven', level: 'none' });
  });

  it('is asked for a bounded time', async () => {
    const { world, compare, sent } = await upgrade({ live: { manifest: examples(20) } });
    world.behave('digits-v1', (asked) => {
      world.clock.advance(3000);
      return same(asked);
    });

    await compare();

    expect(sent()).toHaveLength(6);
  });

  it('is compared once, however often the step runs', async () => {
    const { compare, sent, world, held } = await upgrade({
      answers: computes((value) => value * 100),
    });

    expect(await compare()).toEqual({ kind: 'blocked' });
    const asked = sent().length;
    expect(await compare()).toEqual({ kind: 'blocked' });
    expect(sent()).toHaveLength(asked);
    const told = (await world.told(held.deploymentId)).filter(({ state }) => state === 'Compared');
    expect(told).toEqual([
      expect.objectContaining({
        reason: expect.stringMatching(/^broken, compared with version 1: /),
        data: expect.objectContaining({ verdict: 'broken', decision: 'blocked', beside: 1 }),
      }),
    ]);
  });

  it('stays blocked where the step died between its verdict and the trouble', async () => {
    const { compare, world, held } = await upgrade({ answers: computes((value) => value * 100) });
    await compare();
    const { comparison } = (await world.recordOf(held)).work;
    const again = await upgrade();
    if (!comparison) throw new Error('there is a comparison');
    await again.world.registry.advance(again.held, 'Compared', { comparison }, {});

    expect(await again.compare()).toEqual({ kind: 'blocked' });
    expect(await again.trouble()).toMatchObject({ name: 'ArtifactRejected' });
  });
});
