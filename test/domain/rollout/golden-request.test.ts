import fc from 'fast-check';
import { DATATYPES, type Datatype, type TensorSpec } from '#domain/artifact/signature.ts';
import { RUNTIMES } from '#domain/build/runtime.ts';
import { manifestSchema } from '#domain/manifest/manifest.ts';
import {
  bytesOf,
  type Declared,
  goldenRequest,
  goldenSamples,
  MAX_GOLDEN_BYTES,
  pathOf,
  sentBody,
} from '#domain/rollout/golden-request.ts';

function declared(inputs: readonly TensorSpec[], examples: readonly object[] = []): Declared {
  return {
    signature: { inputs, outputs: [] },
    manifest: manifestSchema.parse({ examples }),
    server: RUNTIMES.onnx.server,
  };
}

function input(shape: readonly number[], datatype: Datatype = 'FP32', name = 'x'): TensorSpec {
  return { name, datatype, shape };
}

function sent(model: Declared): readonly unknown[] {
  return goldenSamples(model).map((sample) => goldenRequest(model, sample));
}

const spec = fc.record({
  name: fc.string(),
  datatype: fc.constantFrom(...DATATYPES),
  shape: fc.array(fc.oneof(fc.constant(-1), fc.nat(4)), { maxLength: 4 }),
});

describe('the golden requests of a model without examples', () => {
  it('are one with the batch at 1 when no other dimension is free', () => {
    expect(sent(declared([input([-1, 3])]))).toEqual([
      {
        protocol: 'infer',
        body: { inputs: [{ name: 'x', shape: [1, 3], datatype: 'FP32', data: [0, 0, 0] }] },
      },
    ]);
  });

  it('grow from 1 to 320 when more than the batch is free', () => {
    const model = declared([input([-1, 3, -1, -1]), input([2], 'INT64', 'fixed')]);

    const shapes = sent(model).map((request) => JSON.stringify(request).match(/\[[\d,]+?\]/)?.[0]);

    expect(goldenSamples(model)).toEqual([1, 32, 64, 224, 320]);
    expect(shapes).toEqual([
      '[1,3,1,1]',
      '[1,3,32,32]',
      '[1,3,64,64]',
      '[1,3,224,224]',
      '[1,3,320,320]',
    ]);
  });

  it('grow too when one dimension is free beside the batch', () => {
    const model = declared([input([-1, -1], 'INT64')]);

    expect(goldenSamples(model)).toHaveLength(5);
    expect(goldenRequest(model, 32).body).toMatchObject({ inputs: [{ shape: [1, 32] }] });
  });

  it.each([
    ['FP32', 0],
    ['FP16', 0],
    ['INT64', 0],
    ['BOOL', false],
    ['BYTES', ''],
  ] as const)('are made of the zero of %s, %j', (datatype, zero) => {
    expect(goldenRequest(declared([input([2], datatype)]), 1).body).toEqual({
      inputs: [{ name: 'x', shape: [2], datatype, data: [zero, zero] }],
    });
  });

  it('have one element for a scalar, and for an input of any rank', () => {
    const model = declared([input([]), { ...input([], 'FP32', 'any'), isUnranked: true }]);

    expect(sent(model)).toEqual([
      {
        protocol: 'infer',
        body: {
          inputs: [
            { name: 'x', shape: [], datatype: 'FP32', data: [0] },
            { name: 'any', shape: [1], datatype: 'FP32', data: [0] },
          ],
        },
      },
    ]);
  });

  it('have no inputs where the model takes none', () => {
    expect(sent(declared([]))).toEqual([{ protocol: 'infer', body: { inputs: [] } }]);
  });

  it('leave out each size that would be too large to send', () => {
    expect(goldenSamples(declared([input([-1, 20, -1, -1])]))).toEqual([1, 32, 64, 224]);
    expect(goldenSamples(declared([input([2_000_000])]))).toEqual([1]);
    expect(goldenSamples(declared([input([2_000_001])]))).toEqual([]);
    expect(goldenSamples(declared([input([700_000], 'BOOL')]))).toEqual([]);
    expect(goldenSamples(declared([input([2 ** 40, 2 ** 40, 2 ** 40])]))).toEqual([]);
  });

  it('fit every signature, keep its fixed dimensions and stay below the limit', () => {
    fc.assert(
      fc.property(fc.array(spec, { maxLength: 3 }), (inputs) => {
        const model = declared(inputs);
        for (const sample of goldenSamples(model)) {
          const request = goldenRequest(model, sample);
          const tensors = (request.body as { inputs: { shape: number[]; data: unknown[] }[] })
            .inputs;
          tensors.forEach(({ shape, data }, index) => {
            const wanted = inputs[index]!.shape;
            expect(shape).toHaveLength(wanted.length);
            expect(shape.every((dim, axis) => wanted[axis] === -1 || wanted[axis] === dim)).toBe(
              true,
            );
            expect(shape.filter((_, axis) => wanted[axis] === -1)[0] ?? 1).toBe(1);
            expect(data).toHaveLength(shape.reduce((product, dim) => product * dim, 1));
          });
          expect(JSON.stringify(tensors.map(({ data }) => data)).length).toBeLessThan(
            MAX_GOLDEN_BYTES + 100,
          );
        }
      }),
      { numRuns: 50 },
    );
  });
});

describe('the golden request of a model with examples', () => {
  const tensor = { name: 'x', shape: [1], datatype: 'FP32', data: [2] };

  it('is the first of them alone', () => {
    const model = declared([input([-1, -1])], [{ request: { inputs: [tensor] } }, { request: 2 }]);

    expect(sent(model)).toEqual([{ protocol: 'infer', body: { inputs: [tensor] } }]);
  });

  it.each([
    ['tensors', { inputs: [tensor], id: '7' }, 'infer'],
    ['no tensors at all', { inputs: [] }, 'infer'],
    ['rows', { inputs: [[1, 2]] }, 'invocations'],
    ['columns', { inputs: { x: [1] } }, 'invocations'],
    ['a tensor without data', { inputs: [{ ...tensor, data: undefined }] }, 'invocations'],
    ['instances', { instances: [1] }, 'invocations'],
    ['a text', 'hello', 'invocations'],
    ['nothing', null, 'invocations'],
  ])('with %s for inputs %j goes to %s', (_, request, protocol) => {
    expect(sent(declared([], [{ request }]))).toEqual([{ protocol, body: request }]);
  });
});

describe('the path that a golden request is sent to', () => {
  it.each([
    [{ protocol: 'infer', body: {} }, '/v2/models/digits/infer'],
    [{ protocol: 'invocations', body: {} }, '/invocations'],
    [{ protocol: 'invocations', body: {}, path: '/predict' }, '/predict'],
  ] as const)('of %j is %s', (request, path) => {
    expect(pathOf(request, 'digits')).toBe(path);
  });
});

describe('the body of a request, as it is sent', () => {
  it('is JSON where it has no type of its own', () => {
    const sent = sentBody({ protocol: 'invocations', body: { inputs: ['é'] } });

    expect([sent.contentType, bytesOf(sent)]).toEqual(['application/json', '{"inputs":["é"]}']);
  });

  it('is the bytes that a client sent where it has one', () => {
    const bytes = Buffer.from([0x89, 0x50, 0, 0xff]);
    const body = bytes.toString('base64');
    const sent = sentBody({ protocol: 'invocations', body, contentType: 'image/png' });

    expect([sent.contentType, bytesOf(sent)]).toEqual(['image/png', bytes]);
  });
});
