import { type Answer, type ModelServer, sharedModel } from '../model-server.ts';
import type { Runtime } from '../runtime.ts';

const INFER = '/v2/models/m/infer';

/** The Open Inference Protocol in JSON. */
export function describeInferProtocol(runtime: Runtime): void {
  it('a text with NUL, which a runtime in C would cut short, is refused', async () => {
    const server = await sharedModel(runtime, ['identities', ['BYTES']]);
    const input = { name: 'BYTES', datatype: 'BYTES', shape: [2], data: ['a', 'b\0c'] };

    const { status, json } = await server.post(INFER, { inputs: [input] });

    expect(status).toBe(400);
    expect(json.error).toMatch(
      /^input "BYTES" has .* at 1; it takes strings without NUL, and no null$/,
    );
  });

  describe('every datatype goes in and comes out, digit for digit', () => {
    const cases = [
      { datatype: 'BOOL', data: '[true,false]' },
      { datatype: 'BYTES', data: '["","Größe 😀"]' },
      { datatype: 'FP16', data: '[1.5,-65504]' },
      { datatype: 'FP32', data: '[0.25,-3.40282347e+38]' },
      { datatype: 'FP64', data: '[0.1,-1.7976931348623157e+308]' },
      { datatype: 'INT8', data: '[-128,127]' },
      { datatype: 'INT16', data: '[-32768,32767]' },
      { datatype: 'INT32', data: '[-2147483648,2147483647]' },
      { datatype: 'INT64', data: '[-9223372036854775808,9007199254740993]' },
      { datatype: 'UINT8', data: '[0,255]' },
      { datatype: 'UINT16', data: '[0,65535]' },
      { datatype: 'UINT32', data: '[0,4294967295]' },
      { datatype: 'UINT64', data: '[1,18446744073709551615]' },
    ] as const;
    let answer: Answer;
    beforeAll(async () => {
      const datatypes = cases.map(({ datatype }) => datatype);
      const server = await sharedModel(runtime, ['identities', datatypes]);
      const inputs = cases.map(
        ({ datatype, data }) =>
          `{"name":"${datatype}","datatype":"${datatype}","shape":[2],"data":${data}}`,
      );
      answer = await server.post(INFER, `{"inputs":[${inputs}]}`);
    });

    it.each(cases)('$datatype', ({ datatype, data }) => {
      expect(answer.text).toContain(
        `{"name":"${datatype} out","shape":[2],"datatype":"${datatype}","data":${data}}`,
      );
    });
  });

  it('numbers of less precision than the model’s are taken, each of which is one of its own too', async () => {
    const server = await sharedModel(runtime, ['identities', ['FP32', 'FP64']]);
    const sent = (name: string, datatype: string) => ({
      ...{ name, datatype, shape: [2] },
      data: [0.1, -0.5],
    });

    const halves = await server.post(INFER, {
      inputs: [sent('FP32', 'FP16'), sent('FP64', 'FP16')],
    });
    const { text } = await server.post(INFER, {
      inputs: [sent('FP32', 'FP32'), sent('FP64', 'FP32')],
    });

    expect(halves.text).toContain('"datatype":"FP32","data":[0.0999755859,-0.5]');
    expect(halves.text).toContain('"datatype":"FP64","data":[0.0999755859375,-0.5]');
    expect(text).toContain('"datatype":"FP64","data":[0.10000000149011612,-0.5]');
  });

  describe('whole numbers for a model of fractions', () => {
    const ints = (name: string, datatype: string, data: readonly number[]) => ({
      ...{ name, datatype, shape: [data.length], data },
    });

    it('are taken, since each is one of its own', async () => {
      const server = await sharedModel(runtime, ['identities', ['FP32', 'FP64']]);

      const { status, json } = await server.post(INFER, {
        inputs: [
          ints('FP32', 'INT32', [-3, 16_777_216]),
          ints('FP64', 'INT64', [7, -9_007_199_254_740_991]),
        ],
      });

      expect(status).toBe(200);
      expect(json.outputs).toMatchObject([
        { datatype: 'FP32', data: [-3, 16_777_216] },
        { datatype: 'FP64', data: [7, -9_007_199_254_740_991] },
      ]);
    });

    it('are refused where one would be rounded', async () => {
      const server = await sharedModel(runtime, ['identities', ['FP32', 'FP64']]);

      const { status, json } = await server.post(INFER, {
        inputs: [ints('FP32', 'INT64', [1, 16_777_217]), ints('FP64', 'UINT8', [7, 8])],
      });

      expect(status).toBe(400);
      expect(json.error).toBe(
        'input "FP32" has 16777217 at 1; the model takes FP32, which has no such number',
      );
    });

    it('are not taken for other kinds', async () => {
      const server = await sharedModel(runtime, ['identities', ['FP32', 'FP64']]);

      const { json } = await server.post(INFER, {
        inputs: [ints('FP32', 'BOOL', []), ints('FP64', 'UINT8', [])],
      });

      expect(json.error).toBe('input "FP32" has the datatype "BOOL"; the model takes FP32');
    });
  });

  describe('a model of two inputs and two outputs', () => {
    let server: ModelServer;
    beforeAll(async () => {
      server = await sharedModel(runtime, ['twoInputs'], { MODEL_VERSION: '7' });
    });
    const a = { name: 'a', datatype: 'FP32', shape: [2, 2], data: [1, 2, 3, 4] };
    const b = { name: 'b', datatype: 'FP32', shape: [2, 2], data: [2, 2, 2, 2] };

    it('declares its signature, with -1 for a free dimension', async () => {
      const { json } = await server.get('/v2/models/m/versions/7');

      expect(json).toEqual({
        name: 'm',
        versions: ['7'],
        platform: runtime.platform,
        inputs: [
          { name: 'a', datatype: 'FP32', shape: [-1, 2] },
          { name: 'b', datatype: 'FP32', shape: [-1, 2] },
        ],
        outputs: [
          { name: 'sum', datatype: 'FP32', shape: [-1, 2] },
          { name: 'less', datatype: 'BOOL', shape: [-1, 2] },
        ],
      });
    });

    it('answers both outputs flat, whatever the order of the inputs, and echoes the id', async () => {
      const { json } = await server.post(INFER, { id: 'call 1', inputs: [b, a] });

      expect(json).toEqual({
        model_name: 'm',
        model_version: '7',
        id: 'call 1',
        outputs: [
          { name: 'sum', datatype: 'FP32', shape: [2, 2], data: [3, 4, 5, 6] },
          { name: 'less', datatype: 'BOOL', shape: [2, 2], data: [true, false, false, false] },
        ],
      });
    });

    it('takes nested data as well as flat', async () => {
      const nested = {
        ...a,
        data: [
          [1, 2],
          [3, 4],
        ],
      };

      const { json } = await server.post('/v2/models/m/versions/7/infer', { inputs: [nested, b] });

      expect(json.outputs[0].data).toEqual([3, 4, 5, 6]);
    });

    it('answers only the outputs asked for', async () => {
      const { json } = await server.post(INFER, { inputs: [a, b], outputs: [{ name: 'less' }] });

      expect(json.outputs).toEqual([
        { name: 'less', datatype: 'BOOL', shape: [2, 2], data: [true, false, false, false] },
      ]);
    });

    it('answers a batch of no rows', async () => {
      const none = { shape: [0, 2], data: [] };

      const { json } = await server.post(INFER, {
        inputs: [
          { ...a, ...none },
          { ...b, ...none },
        ],
      });

      expect(json.outputs[0]).toEqual({ name: 'sum', datatype: 'FP32', shape: [0, 2], data: [] });
    });

    it.each([
      { body: [], says: 'the body is a list of 0; it takes an object' },
      { body: {}, says: 'inputs is missing; it takes a list' },
      { body: { inputs: [a] }, says: 'input "b" is missing' },
      { body: { inputs: [a, b, a] }, says: 'inputs has "a" twice' },
      {
        body: { inputs: [a, { ...b, name: 'c' }] },
        says: 'inputs has a tensor named "c"; the model has "a", "b"',
      },
      { body: { inputs: [a, b], id: 7 }, says: 'id is 7; it takes a string' },
      {
        body: { inputs: [a, b], outputs: [{ name: 'z' }] },
        says: 'outputs has a tensor named "z"; the model has "sum", "less"',
      },
      {
        body: { inputs: [a, { ...b, datatype: 'BYTES' }] },
        says: 'input "b" has the datatype "BYTES"; the model takes FP32',
      },
      {
        body: { inputs: [a, { ...b, shape: [4] }] },
        says: 'input "b" has the shape [4]; the model takes [-1, 2]',
      },
      {
        body: { inputs: [a, { ...b, shape: [1, 4] }] },
        says: 'input "b" has the shape [1, 4]; the model takes [-1, 2]',
      },
      {
        body: { inputs: [a, { ...b, shape: [-2, 2] }] },
        says: 'input "b" has a list of 2 as shape; it takes a list of lengths',
      },
      {
        body: { inputs: [a, { ...b, data: [1, 2, 3] }] },
        says: 'input "b" has 3 values; the shape [2, 2] takes 4',
      },
      {
        body: { inputs: [a, { ...b, data: [[1, 2], [3]] }] },
        says: 'input "b" has a list of 1 where the shape [2, 2] takes a list of 2',
      },
      {
        body: { inputs: [a, { ...b, data: 5 }] },
        says: 'input "b" has 5 as data; it takes a list',
      },
      {
        body: { inputs: [a, { ...b, data: [1, 2, 3, null] }] },
        says: 'input "b" has null at 3; it takes numbers of FP32',
      },
      {
        body: { inputs: [a, { ...b, data: [1, 2, 3, 1e39] }] },
        says: 'input "b" has 1e+39 at 3; it takes numbers of FP32',
      },
    ])('refuses $says', async ({ body, says }) => {
      const { status, json } = await server.post(INFER, body);

      expect({ status, json }).toEqual({ status: 400, json: { error: says } });
    });
  });

  it('writes NaN and infinities as null', async () => {
    const server = await sharedModel(runtime, ['divideByZero']);

    const { json } = await server.post(INFER, inferX('FP32', [3], [1, -1, 0]));

    expect(json.outputs[0].data).toEqual([null, null, null]);
  });

  it('takes and answers a scalar', async () => {
    const server = await sharedModel(runtime, ['addConstant', { constant: 0.5, shape: [] }]);

    const { json } = await server.post(INFER, inferX('FP32', [], [2]));

    expect(json.outputs[0]).toEqual({ name: 'y', datatype: 'FP32', shape: [], data: [2.5] });
  });

  it('takes any shape where the model declares none, up to 64 dimensions', async () => {
    const server = await sharedModel(runtime, ['identity', { datatype: 'FP32' }]);
    const ones = (dimensions: number) => new Array(dimensions).fill(1);

    const two = await server.post(INFER, inferX('FP32', [1, 2], [3, 4]));
    const many = await server.post(INFER, inferX('FP32', ones(65), [3]));

    expect(two.json.outputs[0]).toEqual({
      name: 'y',
      datatype: 'FP32',
      shape: [1, 2],
      data: [3, 4],
    });
    expect(many.json).toEqual({ error: 'input "x" has 65 dimensions; the limit is 64' });
  });

  it('says why the model refused a size that its signature allows, and goes on', async () => {
    const server = await sharedModel(runtime, ['width32Only']);

    const refused = await server.post(INFER, inferX('FP32', [1, 16], new Array(16).fill(1)));
    const answered = await server.post(INFER, inferX('FP32', [1, 32], new Array(32).fill(1)));

    expect(refused.status).toBe(runtime.failure);
    expect(refused.json.error).toMatch(/the model.*: .*MatMul/);
    expect(answered.json.outputs[0].data).toEqual([32]);
  });
}

function inferX(datatype: string, shape: unknown, data: unknown) {
  return { inputs: [{ name: 'x', datatype, shape, data }] };
}
