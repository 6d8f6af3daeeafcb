import { readFileSync } from 'node:fs';
import type { KeptRequest } from '#domain/capture/kept-request.ts';
import type { GoldenRequest } from '#domain/rollout/golden-request.ts';
import { comparisonReport } from '#operations/models/comparison-report.ts';
import { diffVersions } from '#operations/models/diff-versions.ts';
import type { KeptRequests } from '#ports/kept-requests.ts';
import { compareAnswers } from '#steps/compare-answers.ts';
import { diffLines } from '../../src/cli/views/diff.ts';
import { type Asked, answered } from '../support/memory/prober.ts';
import { identityModel } from '../support/models/onnx.ts';
import { type MemoryWorld, memoryWorld } from '../support/worlds/memory.ts';
import { promotion } from '../support/worlds/promotion.ts';

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
  /** How the live version answers. */
  readonly before?: (asked: Asked) => ReturnType<typeof answered>;
};

const flower = () =>
  answered(200, {
    outputs: [
      { name: 'label', datatype: 'BYTES', shape: [1], data: ['setosa'] },
      { name: 'probabilities', datatype: 'FP32', shape: [1, 3], data: [0.7, 0.2, 0.1] },
    ],
  });

/** The first row of a request that has one. */
function firstRow(asked: Asked): readonly (readonly number[])[] {
  const { body } = asked as { body?: { inputs?: readonly { data: readonly number[] }[] } };
  return (body?.inputs ?? []).map(({ data }) => data);
}

/** An upgrade whose candidate is about to be compared. */
async function upgrade({ live, candidate, answers = same, before = same }: Versions = {}) {
  const world = memoryWorld();
  world.behave('digits-v1', before);
  world.behave('digits-v2', before);
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
    compare: () => compareAnswers(world.deps)({ ...held, attempt: 0 }),
    comparison: async () => (await world.recordOf(held)).work.comparison,
    trouble: async () => (await world.recordOf(held)).trouble,
  };
}

describe('a candidate is not compared', () => {
  it('where it is the first version', async () => {
    const world = memoryWorld();
    const held = await world.before('CompareAnswers');
    const asked = world.prober.sent.length;

    expect(await compareAnswers(world.deps)({ ...held, attempt: 0 })).toMatchObject({
      kind: 'passed',
    });
    expect(world.prober.sent).toHaveLength(asked);
    expect((await world.recordOf(held)).phase).toBe('Ready');
  });

  it('where a person asked for a version that was live before', async () => {
    const world = memoryWorld();
    await world.deploy(world.upload({ bytes: OF_4 }));
    await world.deploy(world.upload({ bytes: OF_3, manifest: 'gate: { broken: warn }' }));
    const held = await world.before('CompareAnswers', world.rollback());

    expect(await compareAnswers(world.deps)({ ...held, attempt: 0 })).toMatchObject({
      kind: 'passed',
    });
  });
});

describe('a candidate that takes other inputs than the live version', () => {
  it('is rejected without a request, with the reason and the ways', async () => {
    const { compare, comparison, trouble, sent } = await upgrade({ candidate: { bytes: OF_3 } });

    expect(await compare()).toMatchObject({ kind: 'blocked' });
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

    expect(await compare()).toMatchObject({ kind: 'passed' });
    expect(await comparison()).toMatchObject({ verdict: 'broken', decision });
  });

  it('is rejected where its manifest says that it replaces another version', async () => {
    const { compare } = await upgrade({
      candidate: { bytes: OF_3, manifest: 'gate: { replaces: 2 }' },
    });

    expect(await compare()).toMatchObject({ kind: 'blocked' });
  });

  it('never has a share of the traffic, and ends Rejected', async () => {
    const world = memoryWorld();
    await world.deploy(world.upload({ bytes: OF_4 }));
    const held = await world.before('CompareAnswers', world.upload({ bytes: OF_3 }));
    await compareAnswers(world.deps)({ ...held, attempt: 0 });
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

    expect(await compare()).toMatchObject({ kind: 'passed' });
    expect(await comparison()).toMatchObject({ verdict: 'same', level: 'artifacts' });
    expect(sent()).toEqual([]);
  });

  it('is the same where it answers twenty examples as the live version', async () => {
    const { compare, comparison } = await upgrade({ live: { manifest: examples(20) } });

    expect(await compare()).toMatchObject({ kind: 'passed' });
    expect(await comparison()).toMatchObject({
      verdict: 'same',
      level: 'answers',
      answers: { kept: { asked: 20, changed: 0 } },
    });
  });

  it('is unproven where there are few examples', async () => {
    const { compare, comparison } = await upgrade({ live: { manifest: examples(3) } });

    expect(await compare()).toMatchObject({ kind: 'passed' });
    expect(await comparison()).toMatchObject({
      verdict: 'unproven',
      reason: expect.stringContaining(
        '17 more examples in model.yaml or examples.jsonl would decide',
      ),
    });
  });

  it('is rejected as unproven where its manifest says so', async () => {
    const { compare, trouble } = await upgrade({
      candidate: { manifest: 'gate: { unproven: block }' },
    });

    expect(await compare()).toMatchObject({ kind: 'blocked' });
    expect(await trouble()).toMatchObject({ name: 'ArtifactRejected' });
  });

  it('has changed where it answers an example otherwise, and the example is named', async () => {
    const { compare, comparison } = await upgrade({
      live: { manifest: examples(20) },
      answers: computes((value) => (value === 41 ? value + 1 : value)),
    });

    expect(await compare()).toMatchObject({ kind: 'passed' });
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

    expect(await compare()).toMatchObject({ kind: 'blocked' });
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

    expect(await compare()).toMatchObject({ kind: 'blocked' });
    expect(await comparison()).toMatchObject({
      verdict: 'broken',
      reason: 'it answers as the version before would if column 1 and column 2 were exchanged',
    });
    expect((await world.recordOf(held)).trouble).not.toBeNull();
  });

  it('is rejected where it exchanges two columns, also if its answers have another unit on purpose', async () => {
    const first = (factor: number, place: number) => (asked: Asked) => {
      if (asked === 'ready') return answered(200);
      const { inputs } = asked.body as { inputs: { shape: number[]; data: number[] }[] };
      const [{ shape = [], data = [] } = {}] = inputs;
      const values = Array.from(
        { length: shape[0] ?? 0 },
        (_, row) => factor * (9 + Math.sin(data[4 * row + place] ?? 0)),
      );
      return answered(200, { outputs: [{ name: 'y', datatype: 'FP32', shape, data: values }] });
    };
    const { world, compare, comparison } = await upgrade({
      live: { manifest: examples(25) },
      candidate: { manifest: 'gate: { expect: { outputs: { y: { scale: 100 } } } }' },
    });
    world.behave('digits-v1', first(1, 0));
    world.behave('digits-v2', first(100, 1));

    expect(await compare()).toMatchObject({ kind: 'blocked' });
    expect((await comparison())?.reason).toContain(
      'it answers as the version before would if column 1 and column 2 were exchanged',
    );
  });

  it.each([0, 3])(
    'is rejected where it exchanges two columns and there are %d examples: rows are drawn from where the columns lay',
    async (count) => {
      const scaled = readFileSync(new URL('../fixtures/zipmap/scaled.onnx', import.meta.url));
      const weighs = (places: readonly number[]) => (asked: Asked) => {
        if (asked === 'ready') return answered(200);
        const { inputs } = asked.body as { inputs: { shape: number[]; data: number[] }[] };
        const [{ shape = [], data = [] } = {}] = inputs;
        const count = shape[0] ?? 0;
        const rows = Array.from({ length: count }, (_, row) =>
          places.map((place) => data[row * 4 + place] ?? 0),
        );
        const shares = rows.map(([a = 0, b = 0, c = 0, d = 0]) => [
          a - b / 2,
          2 * b - c,
          c + d - a,
        ]);
        return answered(200, {
          outputs: [
            {
              name: 'label',
              datatype: 'BYTES',
              shape: [count],
              data: shares.map((each) => `class ${each.indexOf(Math.max(...each))}`),
            },
            { name: 'probabilities', datatype: 'FP32', shape: [count, 3], data: shares.flat() },
          ],
        });
      };
      const { compare, comparison } = await upgrade({
        live: { bytes: scaled, ...(count > 0 && { manifest: examples(count) }) },
        candidate: { bytes: Buffer.concat([scaled, Buffer.from([0x32, 1, 0x78])]) },
        before: weighs([0, 1, 2, 3]),
        answers: weighs([1, 0, 2, 3]),
      });

      expect(await compare()).toMatchObject({ kind: 'blocked' });
      expect(await comparison()).toMatchObject({
        verdict: 'broken',
        reason: 'it answers as the version before would if column 1 and column 2 were exchanged',
        answers: { kept: { asked: count } },
      });
    },
  );

  describe('where the live version fills missing values and nobody has kept a request', () => {
    const filled = readFileSync(new URL('../fixtures/zipmap/filled.onnx', import.meta.url));
    const noted = Buffer.concat([filled, Buffer.from([0x32, 1, 0x78])]);
    const MEANS = [5.84, 3.06, 3.76, 1.2];
    /** The answer of a server that reads missing values so. */
    const reads =
      (missing: readonly number[] | null, places = [0, 1, 2, 3]) =>
      (asked: Asked) => {
        if (asked === 'ready') return answered(200);
        const { inputs } = asked.body as {
          inputs: readonly (readonly (number | null)[] | object)[];
        };
        const rows = inputs.flatMap((input) => {
          if (Array.isArray(input)) return [input as (number | null)[]];
          const { shape, data } = input as { shape: number[]; data: number[] };
          return Array.from({ length: shape[0] ?? 0 }, (_, row) =>
            data.slice(4 * row, 4 * row + 4),
          );
        });
        if (!missing && rows.flat().includes(null)) return answered(400, 'x has null');
        const data = rows.flatMap((row) => {
          const read = row.map((value, at) => value ?? missing?.[at] ?? 0);
          const [a = 0, b = 0, c = 0, d = 0] = places.map((place) => read[place] ?? 0);
          return [a - b / 2, 2 * b - c, c + d - a];
        });
        if ('protocol' in asked && asked.protocol === 'invocations') {
          return answered(200, { predictions: { probabilities: [data] } });
        }
        return answered(200, {
          outputs: [
            {
              name: 'label',
              datatype: 'BYTES',
              shape: [rows.length],
              data: rows.map(() => 'setosa'),
            },
            { name: 'probabilities', datatype: 'FP32', shape: [rows.length, 3], data },
          ],
        });
      };

    it('is rejected where it refuses them', async () => {
      const { compare, comparison, sent } = await upgrade({
        live: { bytes: filled },
        candidate: { bytes: noted },
        before: reads(MEANS),
        answers: reads(null),
      });

      expect(await compare()).toMatchObject({ kind: 'blocked' });
      expect(await comparison()).toMatchObject({
        verdict: 'broken',
        reason: expect.stringMatching(
          /^15 of \d+ requests that the version before answers are refused; the first, drawn request \d+, with 400/,
        ),
      });
      const lacking = sent().filter(({ asked }) => JSON.stringify(asked).includes('null'));
      expect(new Set(lacking.map(({ revision }) => revision))).toEqual(
        new Set(['digits-v1', 'digits-v2']),
      );
    });

    it('is rejected where it reads them as zeros, and that is the reason', async () => {
      const { compare, comparison } = await upgrade({
        live: { bytes: filled },
        candidate: { bytes: noted },
        before: reads(MEANS),
        answers: reads([0, 0, 0, 0]),
      });

      expect(await compare()).toMatchObject({ kind: 'blocked' });
      expect(await comparison()).toMatchObject({
        verdict: 'broken',
        reason: 'it answers as the version before would if missing values were read as zeros',
      });
    });

    it('passes where it fills them as before', async () => {
      const { compare, comparison } = await upgrade({
        live: { bytes: filled },
        candidate: { bytes: noted },
        before: reads(MEANS),
        answers: reads(MEANS),
      });

      expect(await compare()).toMatchObject({ kind: 'passed' });
      expect(await comparison()).toMatchObject({ verdict: 'unproven' });
    });

    it('no row lacks a value where the live version takes none', async () => {
      const scaled = readFileSync(new URL('../fixtures/zipmap/scaled.onnx', import.meta.url));
      const { compare, sent } = await upgrade({
        live: { bytes: scaled },
        candidate: { bytes: filled },
        before: reads(null),
        answers: reads(MEANS),
      });

      await compare();

      expect(sent().filter(({ asked }) => JSON.stringify(asked).includes('null'))).toEqual([]);
    });

    it('looks for the cause of other answers in the rows that the live version answers', async () => {
      const { compare, comparison } = await upgrade({
        live: { bytes: filled },
        candidate: { bytes: noted },
        before: reads(null),
        answers: reads(null, [1, 0, 2, 3]),
      });

      expect(await compare()).toMatchObject({ kind: 'blocked' });
      expect(await comparison()).toMatchObject({
        reason: 'it answers as the version before would if column 1 and column 2 were exchanged',
      });
    });
  });

  it('is not judged by answers that differ from one time to the next', async () => {
    const { world, compare, comparison } = await upgrade({ live: { manifest: examples(20) } });
    let turn = 0;
    const drifts = (asked: Asked) => {
      turn += 1;
      return computes((value) => value + turn)(asked);
    };
    world.behave('digits-v1', drifts);

    expect(await compare()).toMatchObject({ kind: 'passed' });
    expect(await comparison()).toMatchObject({
      verdict: 'unproven',
      answers: { kept: { asked: 0 }, noisy: 49 },
    });
  });

  it('is not judged by what no model said', async () => {
    const { compare, comparison } = await upgrade({ answers: () => answered(503, 'busy') });

    expect(await compare()).toMatchObject({ kind: 'passed' });
    expect(await comparison()).toMatchObject({ verdict: 'unproven', level: 'none' });
  });

  describe('with a file of examples', () => {
    const lines = (count: number, more: (row: number) => object = () => ({})) =>
      Array.from({ length: count }, (_, row) =>
        JSON.stringify({ request: request([row, 2 * row + 1, 7 - row, 1]), ...more(row) }),
      ).join('\n');
    const slow = (world: MemoryWorld, revision: string, ms: number, answers = same) =>
      world.behave(revision, (asked) => {
        if (asked !== 'ready') world.clock.advance(ms);
        return answers(asked);
      });

    it('is asked those that came with a live version which another Slipway has brought', async () => {
      const [staging, world] = [memoryWorld(), memoryWorld()];
      await staging.deploy(staging.upload({ bytes: OF_4, examples: lines(25) }));
      world.behave('digits-v1', same);
      world.behave('digits-v2', same);
      await world.deploy(await promotion(staging, world));
      const held = await world.before(
        'CompareAnswers',
        world.upload({ bytes: identityModel({ datatype: 'FP32', shape: ['rows', 4] }) }),
      );

      await compareAnswers(world.deps)({ ...held, attempt: 0 });

      expect((await world.recordOf(held)).work.comparison).toMatchObject({
        verdict: 'same',
        answers: { kept: { asked: 25, changed: 0 } },
      });
    });

    it('is asked all of them where that is quick, and the share is exact', async () => {
      const { compare, comparison } = await upgrade({
        live: { examples: lines(300) },
        answers: computes((value) => (value > 560 ? value + 1 : value)),
      });

      expect(await compare()).toMatchObject({ kind: 'passed' });
      expect(await comparison()).toMatchObject({
        verdict: 'changed',
        level: 'answers',
        reason: expect.stringMatching(/^20 of 300 kept requests are answered otherwise; example /),
        answers: {
          kept: { asked: 300, changed: 20 },
          share: { of: 300, low: 20 / 300, high: 20 / 300 },
          more: 0,
        },
      });
    });

    it('is the same where no more than the tolerated share is answered otherwise', async () => {
      const answers = computes((value) => (value > 560 ? value + 1 : value));
      const { compare, comparison } = await upgrade({
        live: { examples: lines(300) },
        candidate: { manifest: 'gate: { expect: { changed: 0.07 }, changed: block }' },
        answers,
      });

      expect(await compare()).toMatchObject({ kind: 'passed' });
      expect(await comparison()).toMatchObject({
        verdict: 'same',
        reason: '20 of 300 kept requests are answered otherwise; 7 % are tolerated',
      });
    });

    it('is asked as many as five seconds of one server allow, and the share has bounds', async () => {
      const { world, compare, comparison, sent } = await upgrade({
        candidate: { examples: lines(3000) },
      });
      slow(world, 'digits-v1', 10);
      slow(world, 'digits-v2', 40);

      await compare();

      expect(sent()).toHaveLength(125 + 125 + 20);
      expect(await comparison()).toMatchObject({
        verdict: 'unproven',
        reason: expect.stringMatching(
          /^125 kept requests are answered as before, so 0 % to 4\.\d+ % of all 3000 \(confidence 99 %\); \d+ more of the 3000 that there are would decide$/,
        ),
        answers: { kept: { asked: 125, changed: 0 }, share: { of: 3000, low: 0 } },
      });
    });

    it('draws them in a random order, the same for each run of the step', async () => {
      const { world, held, sent } = await upgrade({ live: { examples: lines(200) } });
      slow(world, 'digits-v2', 1000);
      const dies = { ...world.registry, advance: () => Promise.reject(new Error('died')) };
      const asked = () => sent().map((each) => JSON.stringify(each.asked));
      await expect(
        compareAnswers({ ...world.deps, registry: dies })({ ...held, attempt: 0 }),
      ).rejects.toThrow('died');
      const first = asked();

      await compareAnswers(world.deps)({ ...held, attempt: 0 });

      expect(asked().slice(first.length)).toEqual(first);
      expect(first).toHaveLength(15);
      expect(first[0]).not.toContain(JSON.stringify(request([0, 1, 7, 1]).inputs[0]?.data));
    });

    it('has the same verdict to the bit, wherever in its requests the step was killed', async () => {
      const answers = computes((value) => (value > 90 ? value + 1 : value));
      const { world, held } = await upgrade({ live: { examples: lines(60) }, answers });
      // Slow enough that not all of them are asked.
      slow(world, 'digits-v2', 150, answers);
      const verdicts = new Set<string>();
      const runUntil = async (killedAt: number) => {
        let sent = 0;
        const prober: typeof world.prober = {
          ...world.prober,
          send: (...asked) => {
            sent += 1;
            if (sent === killedAt) return Promise.reject(new Error('killed'));
            return world.prober.send(...asked);
          },
        };
        const registry: typeof world.registry = {
          ...world.registry,
          advance: (_holder, _phase, { comparison } = {}) => {
            verdicts.add(JSON.stringify(comparison));
            return Promise.reject(new Error('killed'));
          },
        };
        const run = compareAnswers({ ...world.deps, prober, registry });
        await expect(run({ ...held, attempt: 0 })).rejects.toThrow('killed');
      };

      for (let at = 1; at <= 50; at += 1) {
        await runUntil(at);
        await runUntil(Number.POSITIVE_INFINITY);
      }

      expect(verdicts.size).toBe(1);
      expect(JSON.parse([...verdicts][0] ?? '')).toMatchObject({
        verdict: 'changed',
        answers: { kept: { asked: 34 } },
      });
    });

    it('asks the same of the same bytes that are dropped again, where too little was asked to judge them', async () => {
      const { world, held, comparison, compare, sent } = await upgrade({
        live: { examples: lines(2000) },
        candidate: { bytes: identityModel({ datatype: 'FP32', shape: ['rows', 4] }) },
      });
      slow(world, 'digits-v1', 50);
      const drop = async () => {
        const asked = sent().length;
        const compared = await compare();
        const verdict = await comparison();
        return {
          compared,
          verdict,
          requests: sent()
            .slice(asked)
            .map((each) => each.asked),
        };
      };
      const first = await drop();
      await world.steps.Compensate({ ...held, error: { Error: '', Cause: '' } });
      await world.steps.ReleaseLease(held);
      const again = await world.before(
        'CompareAnswers',
        world.upload({ bytes: identityModel({ datatype: 'FP32', shape: ['rows', 4] }) }),
      );
      world.behave('digits-v3', same);
      const asked = sent().length;

      await compareAnswers(world.deps)({ ...again, attempt: 0 });

      const { comparison: second } = (await world.recordOf(again)).work;
      expect(second?.answers).toEqual(first.verdict?.answers);
      expect(
        sent()
          .slice(asked)
          .map((each) => each.asked),
      ).toEqual(first.requests);
    });

    it('takes the answers in the live version’s file for that version’s own, and asks it only to see its noise', async () => {
      const { compare, comparison, sent } = await upgrade({
        live: {
          examples: lines(100, (row) => ({
            expect: { outputs: [{ name: 'y', data: [row, 2 * row + 1, 7 - row, 1] }] },
          })),
        },
      });

      expect(await compare()).toMatchObject({ kind: 'passed' });
      expect(await comparison()).toMatchObject({
        verdict: 'same',
        answers: { kept: { asked: 100, changed: 0 } },
      });
      const drawn = 21;
      expect(sent().filter(({ revision }) => revision === 'digits-v1')).toHaveLength(20 + drawn);
    });

    it('is asked rows that lie where the columns of both versions lay, if their files say so', async () => {
      const scaled = readFileSync(new URL('../fixtures/zipmap/scaled.onnx', import.meta.url));
      // A note in the file, which changes nothing.
      const other = Buffer.concat([scaled, Buffer.from([0x32, 1, 0x78])]);
      const { compare, sent } = await upgrade({
        live: { bytes: scaled },
        candidate: { bytes: other },
        before: flower,
        answers: flower,
      });

      await compare();

      const rows = sent()
        .filter(({ revision }) => revision === 'digits-v2')
        .flatMap(({ asked }) => firstRow(asked));
      const within = rows.filter(
        ([length = 0, width = 0]) =>
          Math.abs(length - 5.84) < 1.66 && Math.abs(width - 3.06) < 0.88,
      );
      expect(within.length).toBeGreaterThanOrEqual(30);
    });

    it('is broken where it does not answer its own examples as its file expects', async () => {
      const { compare, comparison } = await upgrade({
        candidate: {
          examples: lines(100, (row) => ({
            expect: { outputs: [{ name: 'y', data: [row, 2 * row + 1, 8 - row, 1] }] },
          })),
        },
      });

      expect(await compare()).toMatchObject({ kind: 'blocked' });
      expect(await comparison()).toMatchObject({
        verdict: 'broken',
        reason: expect.stringMatching(
          /^100 of 100 of its own examples are not answered as they expect; the first, example \d+ of this version: the answer\.outputs\["y"\]\.data\[2\] is/,
        ),
      });
    });

    it('is the same model where only its examples differ', async () => {
      const { compare, comparison, sent } = await upgrade({
        candidate: { bytes: OF_4, examples: lines(30) },
      });

      await compare();

      expect(await comparison()).toMatchObject({ verdict: 'same', level: 'artifacts' });
      expect(sent()).toEqual([]);
    });
  });

  describe('with kept requests of clients', () => {
    const bytes = (value: unknown) => Buffer.from(JSON.stringify(value));
    const row = (index: number) => [index, 2 * index + 1, 7 - index, 1];
    const kept = (index: number, more: Partial<KeptRequest> = {}): KeptRequest => ({
      id: `request-${index}`,
      at: Date.parse('2026-01-02T03:00:00Z'),
      version: 1,
      path: '/v2/models/digits/infer',
      contentType: 'application/json',
      body: bytes(request(row(index))),
      answer: bytes({
        model_version: '1',
        outputs: [{ name: 'y', datatype: 'FP32', shape: [1, 4], data: row(index) }],
      }),
      ...more,
    });
    const many = (count: number, more: Partial<KeptRequest> = {}) =>
      Array.from({ length: count }, (_, index) => kept(index, more));
    const compareBy = async (
      { world, held }: Awaited<ReturnType<typeof upgrade>>,
      requests: readonly KeptRequest[],
    ) => {
      const keptRequests: KeptRequests = {
        async *of(model) {
          if (model === 'digits') yield* requests;
        },
      };
      await compareAnswers({ ...world.deps, keptRequests })({ ...held, attempt: 0 });
      return (await world.recordOf(held)).work.comparison;
    };

    it('is asked them, beside the answers of the live version that were kept with them', async () => {
      const versions = await upgrade({
        answers: computes((value) => (value === 41 ? value + 1 : value)),
      });

      const found = await compareBy(versions, many(40));

      expect(found).toMatchObject({
        verdict: 'changed',
        reason: expect.stringContaining("a client's request of 2026-01-02T03:00Z: the answer"),
        answers: { kept: { asked: 40, changed: 1 }, share: { of: 40 } },
      });
      const asked = versions.sent().filter(({ revision }) => revision === 'digits-v1');
      expect(asked.length).toBeLessThan(40 + 30);
    });

    const picture = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0xff, 0, 1, 2]);
    it.each([
      ['image/png', picture, { body: picture.toString('base64'), contentType: 'image/png' }],
      ['text/csv', Buffer.from('1,2\n'), { body: btoa('1,2\n'), contentType: 'text/csv' }],
      ['', picture, { contentType: 'application/octet-stream' }],
      // The type that `curl -d` sends.
      ['application/x-www-form-urlencoded', Buffer.from('{"inputs": 1}'), { body: { inputs: 1 } }],
      ['application/json', Buffer.from('{"inputs"'), undefined],
      ['image/png\r\nx: y', picture, undefined],
    ])(
      'asks a body of the type %j as the client sent it, if it can be read',
      async (contentType, body, sent) => {
        const anything = () => answered(200, { class: 'cat' });
        const versions = await upgrade({ answers: anything });
        versions.world.behave('digits-v1', anything);

        await compareBy(versions, [kept(1, { path: '/invocations', contentType, body })]);

        const asked = versions.sent().map((each) => each.asked);
        const isAsked = (of: Asked) => of !== 'ready' && of.protocol === 'invocations';
        expect(asked.find(isAsked)).toEqual(sent && expect.objectContaining(sent));
      },
    );

    describe('that are not to be sent again', () => {
      const open = 'runtime: { network: open }';

      it.each([
        ['gate.replay is false', {}, 'gate: { replay: false }'],
        ['runtime.network is open', {}, open],
        ['runtime.network is open', { manifest: open }, ''],
      ])('asks the examples alone where %s', async (why, live, manifest) => {
        const versions = await upgrade({
          live,
          candidate: { manifest: `${examples(3)}${manifest}` },
          answers: computes((value) => value + 0.5),
        });

        const found = await compareBy(versions, many(40));

        expect(found).toMatchObject({
          reason: expect.stringMatching(`; ${why}, so examples alone are asked$`),
          answers: { kept: { asked: 3, changed: 3 }, drawn: { asked: 0 } },
        });
      });

      it('asks all of them where the manifest allows it', async () => {
        const manifest = `${open}\ngate: { replay: true }`;
        const versions = await upgrade({ candidate: { manifest } });

        const found = await compareBy(versions, many(40));

        expect(found).toMatchObject({ verdict: 'same', answers: { kept: { asked: 40 } } });
      });
    });

    it('tells nobody the texts of one in those that are drawn from it', async () => {
      const echo = (more: string) => (asked: Asked) =>
        asked === 'ready'
          ? answered(200)
          : answered(200, { text: `${/s3cret/.exec(JSON.stringify(asked.body))}${more}` });
      const versions = await upgrade({ answers: echo('.') });
      versions.world.behave('digits-v1', echo(''));
      const body = bytes({
        inputs: [{ ...request(row(1)).inputs[0], parameters: { of: 's3cret' } }],
      });

      const found = await compareBy(versions, [kept(1, { version: 7, body })]);

      expect(found?.answers.drawn.changed).toBeGreaterThan(0);
      const { world, held } = versions;
      const told = [await world.recordOf(held), await world.told(held.deploymentId)];
      expect(JSON.stringify(told)).not.toContain('s3cret');
    });

    it.each([
      ['answered otherwise', 200],
      ['refused', 400],
    ])('tells nobody what is in one that is %s', async (_, status) => {
      const secret = (asked: Asked) =>
        asked === 'ready' ? answered(200) : answered(status, { text: 'other s3cret' });
      const versions = await upgrade({ answers: secret });
      versions.world.behave('digits-v1', () => answered(200, { text: 's3cret' }));

      const found = await compareBy(versions, many(30, { answer: bytes({ text: 's3cret' }) }));

      expect(found?.answers.kept).toEqual({ asked: 30, changed: 30 });
      const { world, held } = versions;
      const told = [await world.recordOf(held), await world.told(held.deploymentId)];
      expect(JSON.stringify(told)).toContain("a client's request of");
      expect(JSON.stringify(told)).not.toContain('s3cret');
    });

    describe('of which no word is in the record, the events or the report, where', () => {
      const WORDS = Array.from({ length: 40 }, (_, index) => `s3cret-${index}`);
      const word = (index: number) => WORDS[index % WORDS.length] ?? '';
      const sentOf = (asked: Asked) => {
        const { inputs } = (asked as GoldenRequest).body as { inputs: { data: number[] }[] };
        return Math.abs(Math.round(inputs[0]?.data[0] ?? 0));
      };
      type Answer = (index: number) => object;

      it.each<[string, Answer, Answer, string]>([
        [
          'they are keys, and the numbers below them are on another scale',
          (index) => ({ outputs: { [word(index)]: index, [word(index * 7 + 1)]: 2 * index } }),
          (index) => ({ outputs: { [word(index)]: 9 * index, [word(index * 7 + 1)]: 18 * index } }),
          '/outputs/* is about 9 ×',
        ],
        [
          'each answer has them as keys',
          (index) => ({ [word(0)]: { [word(1)]: index } }),
          (index) => ({ [word(0)]: { [word(1)]: 9 * index } }),
          '/key 1 of 1/key 1 of 1 is about 9 ×',
        ],
        [
          'they are the names of tensors, whose numbers are lost',
          (index) => ({ outputs: [{ name: word(index), data: [index] }] }),
          (index) => ({ outputs: [{ name: word(index), data: [null] }] }),
          'numbers in /outputs/*/data are null now',
        ],
        [
          'they are labels that have changed places',
          (index) => ({ label: word(index % 2) }),
          (index) => ({ label: word((index + 1) % 2) }),
          'text 1 is text 2 now',
        ],
        [
          'they are keys and labels, and all are answered alike',
          (index) => ({ [word(index)]: word(index % 3) }),
          (index) => ({ [word(index)]: word(0) }),
          '/* is text 2 for each of',
        ],
      ])('%s', async (_, before, after, sign) => {
        const answersBy = (answer: Answer) => (asked: Asked) =>
          answered(200, asked === 'ready' ? {} : answer(sentOf(asked)));
        const versions = await upgrade({ answers: answersBy(after) });
        versions.world.behave('digits-v1', answersBy(before));
        const requests = Array.from({ length: 40 }, (_, index) =>
          kept(index, { answer: bytes(before(index)) }),
        );

        const found = await compareBy(versions, requests);

        expect(found?.reason).toContain(sign);
        expect(found?.answers.distributions).not.toEqual([]);
        const { world, held } = versions;
        const told = [await world.recordOf(held), await world.told(held.deploymentId)];
        const report = comparisonReport(
          { model: 'digits', from: '1', to: '2' },
          { differences: [], comparison: found ?? null },
        );
        expect(`${JSON.stringify(told)}${report}`).not.toContain('s3cret');
      });

      it('they are the names of columns that were exchanged', async () => {
        const sum = (order: readonly number[]) => (asked: Asked) => {
          if (asked === 'ready') return answered(200);
          const { dataframe_split: split } = asked.body as {
            dataframe_split: { data: number[][] };
          };
          const value = split.data.map((each) =>
            order.reduce((all, at, weight) => all + (each[at] ?? 0) * (1 + weight ** 3 * 50), 0),
          );
          return answered(200, { value });
        };
        const versions = await upgrade({ answers: sum([1, 0, 2, 3]) });
        versions.world.behave('digits-v1', sum([0, 1, 2, 3]));
        const requests = Array.from({ length: 40 }, (_, index) => {
          const data = [[(index * 37) % 41, (index * 11) % 43, (index * 5) % 7, index % 3]];
          const columns = WORDS.slice(0, 4);
          return kept(index, {
            version: 7,
            path: '/invocations',
            body: bytes({ dataframe_split: { columns, data } }),
          });
        });

        const found = await compareBy(versions, requests);

        expect(found?.reason).toBe(
          'it answers as the version before would if column 1 and column 2 were exchanged',
        );
        const { world, held } = versions;
        const told = [await world.recordOf(held), await world.told(held.deploymentId)];
        expect(JSON.stringify(told)).not.toContain('s3cret');
      });
    });

    it('has each of them counted once, however often it was sent', async () => {
      const found = await compareBy(await upgrade(), [...many(30), ...many(30), ...many(30)]);

      expect(found).toMatchObject({ verdict: 'same', answers: { kept: { asked: 30 } } });
    });

    it('has changed where it answers clients otherwise whom one busy client outnumbers', async () => {
      const busy = Array.from({ length: 1800 }, (_, index) => kept(index, { caller: 'batch' }));
      const others = Array.from({ length: 200 }, (_, index) =>
        kept(1800 + index, { caller: `client ${index % 40}` }),
      );
      const answers = computes((value) => (value > 3980 ? value + 1 : value));

      const found = await compareBy(await upgrade({ answers }), [...busy, ...others]);

      expect(found).toMatchObject({
        verdict: 'changed',
        answers: { kept: { asked: 300, changed: 10 }, share: { of: 300 } },
      });
    });

    it('is not judged by one hour alone, in which a job ran', async () => {
      const job = Array.from({ length: 900 }, (_, index) =>
        kept(index, { at: Date.parse('2026-01-02T03:00:00Z') + index }),
      );
      const others = Array.from({ length: 400 }, (_, index) =>
        kept(900 + index, { at: Date.parse('2026-01-01T00:00:00Z') + (index % 40) * 1_000_000 }),
      );

      const found = await compareBy(await upgrade(), [...job, ...others]);

      expect(found).toMatchObject({ verdict: 'same' });
      expect(found?.answers.kept.asked).toBeLessThan(500);
    });

    it('has changed where it answers a rare class otherwise, which a random sample of all would hardly have', async () => {
      const labelled = (value: number) => ({
        outputs: [
          { name: 'label', datatype: 'BYTES', shape: [1], data: [value < 40 ? 'ill' : 'healthy'] },
          { name: 'y', datatype: 'FP32', shape: [1, 4], data: row(value) },
        ],
      });
      const answers = (more: number) => (asked: Asked) => {
        if (asked === 'ready') return answered(200);
        const { inputs } = asked.body as { inputs: { data: number[] }[] };
        const value = inputs[0]?.data[0] ?? 0;
        const { outputs } = labelled(value);
        const [label, y] = outputs;
        const data = row(value).map((each) => (value < 40 ? each + more : each));
        return answered(200, { outputs: [label, { ...y, data }] });
      };
      const versions = await upgrade({ answers: answers(1) });
      versions.world.behave('digits-v1', answers(0));
      const requests = Array.from({ length: 2500 }, (_, index) =>
        kept(index, { answer: bytes(labelled(index)) }),
      );

      const found = await compareBy(versions, requests);

      // 1.6 % of all, and 13 % of those that are left.
      expect(found).toMatchObject({
        verdict: 'changed',
        answers: { kept: { asked: 300, changed: 40 } },
      });
    });

    it('has the live version asked where another one gave the answer that was kept', async () => {
      const versions = await upgrade();

      const found = await compareBy(versions, many(30, { version: 7, answer: bytes('stale') }));

      expect(found).toMatchObject({ verdict: 'same', answers: { kept: { changed: 0 } } });
      const asked = versions.sent().filter(({ revision }) => revision === 'digits-v1');
      expect(asked.length).toBeGreaterThanOrEqual(30 + 20);
    });

    it('has those left out that it says to have kept itself: no client has asked it', async () => {
      const found = await compareBy(await upgrade(), [...many(40, { version: 2 }), kept(50)]);

      expect(found).toMatchObject({ verdict: 'unproven', answers: { kept: { asked: 1 } } });
    });

    it('has those left out that nest deeper than a step can follow, and has the live version asked for such an answer', async () => {
      const deep = Buffer.from(`${'['.repeat(5000)}${']'.repeat(5000)}`);

      const found = await compareBy(await upgrade(), [
        ...many(25),
        kept(30, { body: deep }),
        kept(31, { answer: deep }),
      ]);

      expect(found).toMatchObject({ verdict: 'same', answers: { kept: { asked: 26 } } });
    });

    it.each([
      '/../other/invocations',
      '/v1/../../other/invocations',
      '/%2e%2e/other/invocations',
      '//elsewhere/invocations',
      '/invocations?key=1',
      '/..',
      'invocations',
      '@elsewhere/invocations',
    ])('has those left out whose path is %s, which could lead out of the model', async (path) => {
      const found = await compareBy(await upgrade(), [kept(1), kept(2, { path })]);

      expect(found).toMatchObject({ answers: { kept: { asked: 1 } } });
    });

    it('has those left out whose JSON cannot be read', async () => {
      const found = await compareBy(await upgrade(), [
        kept(6, { body: Buffer.from('{') }),
        kept(7, { path: '/invocations', contentType: 'application/json; charset=utf-8' }),
      ]);

      expect(found).toMatchObject({ answers: { kept: { asked: 1 } } });
    });
  });

  it('is asked for a bounded time', async () => {
    const { world, compare, sent } = await upgrade({ live: { manifest: examples(20) } });
    world.behave('digits-v1', (asked) => {
      world.clock.advance(3000);
      return same(asked);
    });

    await compare();

    expect(sent()).toHaveLength(3);
  });

  it('is asked until the answers take as much memory as a step has', async () => {
    const large = (asked: Asked) =>
      asked === 'ready' ? same(asked) : answered(200, { text: 'x'.repeat(2_000_000) });
    const { world, compare, comparison, sent } = await upgrade({
      live: { manifest: examples(25) },
      answers: large,
    });
    world.behave('digits-v1', large);

    await compare();

    expect(sent()).toHaveLength(9);
    expect(await comparison()).toMatchObject({
      answers: { kept: { asked: 3 }, share: { of: 25 } },
    });
  });

  it('is compared once, however often the step runs', async () => {
    const { compare, sent, world, held } = await upgrade({
      answers: computes((value) => value * 100),
    });

    expect(await compare()).toMatchObject({ kind: 'blocked' });
    const asked = sent().length;
    expect(await compare()).toMatchObject({ kind: 'blocked' });
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

    expect(await again.compare()).toMatchObject({ kind: 'blocked' });
    expect(await again.trouble()).toMatchObject({ name: 'ArtifactRejected' });
  });
});

describe('a declared unit whose line stays in the manifest', () => {
  const cents = `${examples(20)}gate: { expect: { outputs: { y: { scale: 100 } } } }\n`;
  const of = (rows: string) => identityModel({ datatype: 'FP32', shape: [rows, 4] });
  const hundred = computes((value) => value * 100);

  /** The comparison of the last one of versions that all have the line, but perhaps the first. */
  async function lastOf(first: string, ...answers: readonly ((asked: Asked) => object)[]) {
    const world = memoryWorld();
    for (const [index, behaviour] of answers.entries()) {
      world.behave(`digits-v${index + 1}`, behaviour as typeof same);
    }
    await world.deploy(world.upload({ bytes: of('n'), manifest: first }));
    const uploads = answers
      .slice(1)
      .map((_, index) => ({ bytes: of(`r${index}`), manifest: cents }));
    for (const each of uploads.slice(0, -1)) await world.deploy(world.upload(each));
    const held = await world.before('CompareAnswers', world.upload(uploads.at(-1) ?? {}));
    await compareAnswers(world.deps)({ ...held, attempt: 0 });
    return (await world.recordOf(held)).work.comparison;
  }

  it('is not made twice', async () => {
    const plain = examples(20);

    expect(await lastOf(plain, same, hundred)).toMatchObject({ verdict: 'same' });
    const next = await lastOf(plain, same, hundred, hundred);
    expect(next).toMatchObject({ verdict: 'same', beside: { version: 2 } });
    expect(next?.reason).toContain('"y" has been in its declared unit since the version before');
  });

  it('is looked for beside a first version, which replaced none', async () => {
    expect(await lastOf(cents, same, hundred)).toMatchObject({ verdict: 'same' });
    expect(await lastOf(cents, same, same)).toMatchObject({ verdict: 'broken' });
  });
});

describe('a candidate that a person decides about', () => {
  const asked = { candidate: { manifest: 'gate: { changed: ask, broken: ask }' } };
  const changed = computes((value) => (value === 41 ? value + 1 : value));
  const of20 = { live: { manifest: examples(20) }, ...asked };
  const answering =
    ({ world, held }: Awaited<ReturnType<typeof upgrade>>) =>
    (verdict: 'approved' | 'refused', more: { isForced?: boolean } = {}) =>
      world.registry.answerApproval(held.deploymentId, {
        verdict,
        digest: 'digits-v2',
        by: 'ada',
        ...more,
      });

  it('waits, without being asked again, and its event says how to answer', async () => {
    const { compare, comparison, sent, world, held } = await upgrade({ ...of20, answers: changed });

    expect(await compare()).toEqual({ kind: 'pending', retrySeconds: 1, attempt: 1 });
    const requests = sent().length;
    world.clock.advance(600_000);
    expect(await compare()).toEqual({ kind: 'pending', retrySeconds: 60, attempt: 1 });

    expect(sent()).toHaveLength(requests);
    expect(await comparison()).toMatchObject({ verdict: 'changed', decision: 'asked' });
    const told = (await world.told(held.deploymentId)).find(({ state }) => state === 'Compared');
    expect(told?.fix).toContain('`slipway approve digits --version 2`');
  });

  it('goes on once it is approved, and whoever looks at it sees who did', async () => {
    const versions = await upgrade({ ...of20, answers: changed });
    await versions.compare();

    await answering(versions)('approved');

    expect(await versions.compare()).toMatchObject({ kind: 'passed' });
    const { registry } = versions.world;
    const model = await registry.model('digits');
    const found = await diffVersions(registry, model!, { from: 1, to: 2 });
    expect(found.comparison?.answered).toMatchObject({ verdict: 'approved', by: 'ada' });
    const names = { model: 'digits', from: 'v1', to: 'v2' };
    expect(diffLines(names, found)).toContainEqual(
      expect.stringMatching(/^changed, and ada has approved it: /),
    );
    expect(comparisonReport(names, found)).toContain('ada has approved it, at 2026-');
  });

  it('is rejected once it is refused', async () => {
    const versions = await upgrade({ ...of20, answers: changed });
    await versions.compare();

    await answering(versions)('refused');

    expect(await versions.compare()).toMatchObject({ kind: 'blocked' });
    expect((await versions.trouble())?.reason).toContain('which is live, and ada refused it');
  });

  it('is approved by force alone where it is broken', async () => {
    const versions = await upgrade({ ...of20, answers: computes((value) => value * 100) });
    expect(await versions.compare()).toMatchObject({ kind: 'pending' });

    await expect(answering(versions)('approved')).rejects.toMatchObject({
      name: 'PhaseConflict',
      fix: expect.stringContaining('--force'),
    });
    await answering(versions)('approved', { isForced: true });

    expect(await versions.compare()).toMatchObject({ kind: 'passed' });
    const { clearance } = (await versions.world.recordOf(versions.held)).work;
    expect(clearance).toMatchObject({ by: 'ada', isForced: true });
  });

  it('is answered once, by who saw this revision', async () => {
    const versions = await upgrade({ ...of20, answers: changed });
    const { registry } = versions.world;
    const answer = { verdict: 'approved', digest: 'digits-v1', by: 'ada' } as const;

    await expect(answering(versions)('approved')).rejects.toMatchObject({ name: 'InputInvalid' });
    await versions.compare();
    await expect(registry.answerApproval(versions.held.deploymentId, answer)).rejects.toMatchObject(
      { name: 'PhaseConflict' },
    );
    await answering(versions)('refused');
    await answering(versions)('refused');
    await expect(answering(versions)('approved')).rejects.toThrow('ada has refused');
  });

  it('takes no answer any more once it is given up', async () => {
    const versions = await upgrade({ ...of20, answers: changed });
    await versions.compare();
    const { registry } = versions.world;
    const aborted = { name: 'Aborted', reason: 'ada aborted it', fix: '' } as const;
    await registry.recordTrouble(versions.held, aborted);

    await expect(answering(versions)('approved')).rejects.toMatchObject({
      name: 'PhaseConflict',
      message: expect.stringContaining('ada aborted it'),
    });
  });

  it.each([
    [
      'a newer version is admitted',
      async (world: MemoryWorld) => {
        await world.before('AcquireLease', world.upload());
      },
      'a newer version was admitted',
    ],
    [
      'its model is undeployed',
      async (world: MemoryWorld) => {
        await world.before('AcquireLease', world.undeploy());
      },
      'digits was undeployed while it waited',
    ],
    [
      'nobody answers for a day',
      async (world: MemoryWorld) => {
        world.clock.advance(24 * 3_600_000);
      },
      'nobody approved it within 24 h',
    ],
  ])('is rejected where %s', async (_, happens, reason) => {
    const { world, compare, trouble } = await upgrade({ ...of20, answers: changed });
    await compare();

    await happens(world);

    expect(await compare()).toMatchObject({ kind: 'blocked' });
    expect((await trouble())?.reason).toContain(reason);
  });

  it('is asked about by default where promotions need an approval', async () => {
    const { world, held } = await upgrade({ live: { manifest: examples(20) }, answers: changed });

    const outcome = await compareAnswers({ ...world.deps, requireApproval: true })({
      ...held,
      attempt: 0,
    });

    expect(outcome).toMatchObject({ kind: 'pending' });
  });
});
