import fc from 'fast-check';
import type { TensorSpec } from '#domain/artifact/signature.ts';
import { RUNTIMES } from '#domain/build/runtime.ts';
import { manifestSchema } from '#domain/manifest/manifest.ts';
import { type Declared, goldenRequest } from '#domain/rollout/golden-request.ts';
import {
  type GoldenAnswer,
  type GoldenAttempt,
  isProof,
  judgeGolden,
  judgeGoldens,
} from '#domain/rollout/golden-verdict.ts';

const X: TensorSpec = { name: 'x', datatype: 'FP32', shape: [-1, -1] };
const Y: TensorSpec = { name: 'y', datatype: 'FP32', shape: [-1, 2] };
const N: TensorSpec = { name: 'n', datatype: 'INT64', shape: [] };

const INFER_EXAMPLE = { inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 1], data: [3] }] };

function declare(outputs: readonly TensorSpec[], ...examples: readonly object[]): Declared {
  return {
    signature: { inputs: [X], outputs },
    manifest: manifestSchema.parse({ examples }),
    server: RUNTIMES.onnx.server,
  };
}

function answer(status: number, body: unknown = {}): GoldenAnswer {
  return { kind: 'answer', status, body: typeof body === 'string' ? body : JSON.stringify(body) };
}

function output(name: string, datatype: string, shape: readonly number[], data: unknown = [0, 0]) {
  return { name, datatype, shape, data };
}

const RIGHT = answer(200, { model_name: 'm', outputs: [output('y', 'FP32', [1, 2])] });
const NONE: GoldenAnswer = { kind: 'none', reason: 'the process ended with code 1' };

/** Made requests of the growing sizes, answered in turn. */
function attempts(model: Declared, ...answers: readonly GoldenAnswer[]): readonly GoldenAttempt[] {
  return answers.map((each, index) => ({
    request: goldenRequest(model, [1, 32, 64, 224, 320][index] ?? 1),
    answer: each,
  }));
}

function exampleAttempt(model: Declared, given: GoldenAnswer): GoldenAttempt {
  return { request: goldenRequest(model, 'example'), answer: given };
}

describe('a model is healthy', () => {
  const model = declare([Y]);

  it.each([
    ['its first request is answered', [RIGHT]],
    ['it answers only a larger size', [answer(400), answer(500), RIGHT]],
    ['it answers after a crash', [NONE, RIGHT]],
  ])('when %s', (_, answers) => {
    expect(judgeGoldens(model, attempts(model, ...answers))).toEqual({ kind: 'healthy' });
  });

  it('when its outputs come in another order', () => {
    const two = declare([Y, N]);
    const swapped = answer(200, {
      outputs: [output('n', 'INT64', []), output('y', 'FP32', [1, 2])],
    });

    expect(judgeGoldens(two, attempts(two, swapped))).toEqual({ kind: 'healthy' });
  });

  it('when an output of any rank has one', () => {
    const any = declare([{ ...N, isUnranked: true }]);
    const ranked = answer(200, { outputs: [output('n', 'INT64', [1, 2, 3])] });

    expect(judgeGoldens(any, attempts(any, ranked))).toEqual({ kind: 'healthy' });
  });

  it('when it gives just the outputs its example asks for', () => {
    const some = declare([Y, N], { request: { ...INFER_EXAMPLE, outputs: [{ name: 'y' }] } });

    expect(judgeGoldens(some, [exampleAttempt(some, RIGHT)])).toEqual({ kind: 'healthy' });
  });

  it.each([
    ['as it is', { data: [1, 2] }, [1.00001, 2]],
    ['nested', { data: [[1, 2]] }, [1, 2]],
    ['flat', { data: [1, 2] }, [[1, 2]]],
    ['without data', { datatype: 'FP32' }, [5, 6]],
  ])('when it answers its example with what is expected %s', (_, expected, data) => {
    const example = { request: INFER_EXAMPLE, expect: { outputs: [{ name: 'y', ...expected }] } };
    const told = declare([Y], example);
    const given = answer(200, { outputs: [output('y', 'FP32', [1, 2], data)] });

    expect(judgeGoldens(told, [exampleAttempt(told, given)])).toEqual({ kind: 'healthy' });
  });

  it.each([
    ['a part of its outputs', [{ name: 'n', data: [7] }]],
    [
      'its outputs in another order',
      [
        { name: 'n', data: [[7]] },
        { name: 'y', data: [1, 2] },
      ],
    ],
  ])('when its example expects %s', (_, outputs) => {
    const told = declare([Y, N], { request: INFER_EXAMPLE, expect: { outputs } });
    const given = answer(200, {
      outputs: [output('y', 'FP32', [1, 2], [1, 2]), output('n', 'INT64', [], [7])],
    });

    expect(judgeGoldens(told, [exampleAttempt(told, given)])).toEqual({ kind: 'healthy' });
  });

  it('when it answers an /invocations example with any JSON, if nothing is expected', () => {
    const told = declare([Y], { request: { instances: [1] } });

    expect(judgeGoldens(told, [exampleAttempt(told, answer(200, [1]))])).toEqual({
      kind: 'healthy',
    });
  });

  it('when its texts are full of brackets and quotation marks', () => {
    const text = '[{"'.repeat(200);
    const expecting = declare([], { request: {}, expect: { predictions: [text, '\\'] } });

    expect(
      judgeGolden(expecting, exampleAttempt(expecting, answer(200, { predictions: [text, '\\'] }))),
    ).toEqual({ kind: 'healthy' });
  });

  it('when it streams the values that its example expects, as lines of JSON', () => {
    const told = declare([], { request: { words: 2 }, expect: ['a', { b: 1 }] });

    expect(judgeGoldens(told, [exampleAttempt(told, answer(200, '"a"\n{"b":1}\n'))])).toEqual({
      kind: 'healthy',
    });
  });
});

describe('a model is healthy with a warning', () => {
  it('when every request made for it would be too large', () => {
    expect(judgeGoldens(declare([Y]), [])).toEqual({
      kind: 'healthy',
      warning:
        'started, unproven: a request made from the signature has more than 4000000 bytes; give an example in model.yaml (examples: [{ request: … }])',
    });
  });

  it('when nothing says what goes in', () => {
    const opaque = { ...declare([]), signature: null };

    expect(judgeGoldens(opaque, [])).toEqual({
      kind: 'healthy',
      warning:
        'started, unproven: the artifact has no input signature, so no request could be made; give an example in model.yaml (examples: [{ request: … }])',
    });
  });
});

describe('a model is healthy with a warning, as CatBoost exports it,', () => {
  const told = declare([N, Y]);
  const warning = 'output y has rank 1; the model declares 2, and its clients are told so';

  it('when an output has another rank than the model declares', () => {
    const given = answer(200, { outputs: [output('y', 'FP32', [2]), output('n', 'INT64', [])] });

    expect(judgeGoldens(told, attempts(told, given))).toEqual({ kind: 'healthy', warning });
  });

  it('but not when it answers something else than its example expects', () => {
    const expected = declare([Y], {
      request: INFER_EXAMPLE,
      expect: { outputs: [{ name: 'y', data: [1, 2] }] },
    });
    const given = answer(200, { outputs: [output('y', 'FP32', [2], [1, 3])] });

    expect(judgeGoldens(expected, [exampleAttempt(expected, given)])).toMatchObject({
      kind: 'unhealthy',
    });
  });
});

describe('a model is unhealthy', () => {
  const model = declare([Y, N]);
  const good = [output('y', 'FP32', [1, 2]), output('n', 'INT64', [])];

  it.each<[string, readonly GoldenAnswer[], string]>([
    ['it crashes at every size', [NONE, NONE], 'got no answer: the process ended with code 1'],
    ['it refuses the only request', [answer(400, 'no')], 'was answered 400: no'],
    ['it fails at every size', [answer(500, 'a'), answer(503, 'b')], 'was answered 503: b'],
    ['it is busy', [answer(429, 'busy')], 'was answered 429: busy'],
    ['it times out in its own words', [answer(408, '')], 'was answered 408: (no body)'],
    ['it points elsewhere', [answer(302, '')], 'was answered 302: (no body)'],
    [
      'it answers no JSON',
      [answer(200, '<html>\u001b[2J')],
      'was answered 200 without JSON: <html> [2J',
    ],
    [
      'one line of it is no JSON',
      [answer(200, '1\nTraceback\n')],
      'was answered 200 without JSON: 1 Traceback',
    ],
    [
      'it answers so many lines that reading them would hold everybody up',
      [answer(200, '0\n'.repeat(10_001))],
      `was answered 200 with more than 10000 lines: ${'0 '.repeat(100).trim()}…`,
    ],
    [
      'it answers brackets alone',
      [answer(200, `${'['.repeat(101)}${']'.repeat(101)}`)],
      `was answered 200 with JSON that nests more than 100 deep: ${'['.repeat(101)}${']'.repeat(99)}…`,
    ],
    [
      'its answer becomes far more in memory than it is long',
      [answer(200, `[[]${',{}'.repeat(1_000_000)}]`)],
      `was answered 200 with JSON of more than 1000000 lists and objects: [[]${',{}'.repeat(65)},{…`,
    ],
    [
      'it answers more keys than are soon read',
      [answer(200, `{"a":0${',"a":0'.repeat(100_000)}}`)],
      `was answered 200 with JSON of more than 100000 keys: {"a":0${',"a":0'.repeat(32)},"…`,
    ],
    [
      'it answers something else',
      [answer(200, { predictions: [] })],
      'got a wrong answer: it has no list `outputs` of tensors with name, datatype and shape',
    ],
    [
      'an output is missing',
      [answer(200, { outputs: good.slice(0, 1) })],
      'got a wrong answer: output n is missing',
    ],
    [
      'an output is not declared',
      [answer(200, { outputs: [...good, output('z', 'FP32', [])] })],
      'got a wrong answer: output z is not declared',
    ],
    [
      'an output has another datatype',
      [answer(200, { outputs: [good[0], output('n', 'INT32', [])] })],
      'got a wrong answer: output n is INT32; INT64 is declared',
    ],
    [
      'it is wrong at a larger size',
      [answer(400), answer(200, {})],
      'got a wrong answer: it has no list `outputs` of tensors with name, datatype and shape',
    ],
    [
      'it answers at length',
      [answer(500, 'x'.repeat(300))],
      `was answered 500: ${'x'.repeat(200)}…`,
    ],
  ])('when %s', (_, answers, reason) => {
    expect(judgeGoldens(model, attempts(model, ...answers))).toEqual({
      kind: 'unhealthy',
      reason: `the golden request ${reason}`,
    });
  });

  it.each([
    ['it refuses every size', [answer(400, 'bad shape'), answer(422)], 2],
    ['it refuses one and crashes at the others', [NONE, answer(400, 'bad shape'), answer(500)], 3],
  ])('when %s, and says how the first was refused', (_, answers, count) => {
    const one = declare([Y]);

    expect(judgeGoldens(one, attempts(one, ...answers))).toEqual({
      kind: 'unhealthy',
      reason: `none of ${count} golden requests was answered 200; the first that was refused was answered 400: bad shape`,
    });
  });

  it.each([
    ['refuses', answer(400, 'no'), 'was answered 400: no'],
    ['crashes at', NONE, 'got no answer: the process ended with code 1'],
    [
      'answers wrongly',
      answer(200, { predictions: [2] }),
      'got a wrong answer: the answer.predictions[0] is 2; expected 1',
    ],
  ])('when it %s its own example', (_, given, reason) => {
    const told = declare([Y], { request: { instances: [1] }, expect: { predictions: [1] } });

    expect(judgeGoldens(told, [exampleAttempt(told, given)])).toEqual({
      kind: 'unhealthy',
      reason: `the golden request ${reason}`,
    });
  });

  it('when a number is further from the expected one than the example allows', () => {
    const given = answer(200, { outputs: [output('y', 'FP32', [1, 2], [1, 2.1])] });
    const expected = { outputs: [{ name: 'y', data: [1, 2] }] };
    const verdicts = [0.01, 0.1].map((rtol) => {
      const told = declare([Y], { request: INFER_EXAMPLE, expect: expected, rtol });
      return judgeGoldens(told, [exampleAttempt(told, given)]);
    });

    expect(verdicts).toEqual([
      {
        kind: 'unhealthy',
        reason:
          'the golden request got a wrong answer: the answer.outputs["y"].data[1] is 2.1; expected 2',
      },
      { kind: 'healthy' },
    ]);
  });
});

describe('a verdict', () => {
  it('of one probe is the same as of the request that proved the version', () => {
    const model = declare([Y]);
    const [attempt] = attempts(model, RIGHT);

    expect(judgeGolden(model, attempt!)).toEqual({ kind: 'healthy' });
    expect(judgeGolden(model, { ...attempt!, answer: answer(400, 'no') })).toMatchObject({
      kind: 'unhealthy',
    });
  });

  it('ends the attempts with the first 200, right or wrong', () => {
    expect([RIGHT, answer(200, 'x'), answer(201), answer(400), NONE].map(isProof)).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
  });

  it('is reached whatever a server says', () => {
    const model = declare([Y]);
    const any = fc.oneof(
      fc.record({ kind: fc.constant('none' as const), reason: fc.string() }),
      fc.record({
        kind: fc.constant('answer' as const),
        status: fc.constantFrom(200, 400, 429, 500),
        body: fc.oneof(
          fc.string(),
          fc.json(),
          fc.constant('['.repeat(100_000) + ']'.repeat(100_000)),
        ),
      }),
    );

    fc.assert(
      fc.property(fc.array(any, { maxLength: 5 }), (answers) => {
        const verdict = judgeGoldens(model, attempts(model, ...answers));

        if (answers.length > 0 && answers.every(({ kind }) => kind === 'none')) {
          expect(verdict.kind).toBe('unhealthy');
        }
      }),
    );
  });
});
