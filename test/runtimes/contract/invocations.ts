import { type ModelServer, sharedModel } from '../model-server.ts';
import type { Runtime } from '../runtime.ts';

const TAKES =
  'it takes a list of rows, or an object with "inputs", "instances", "dataframe_split" or "dataframe_records"';

/** MLflow's scoring requests. */
export function describeInvocations(runtime: Runtime): void {
  describe('a model of one input and one output', () => {
    let server: ModelServer;
    beforeAll(async () => {
      server = await sharedModel(runtime, ['addConstant', { constant: 1, shape: ['n', 2] }]);
    });

    it.each([
      {
        says: 'nested lists',
        body: {
          inputs: [
            [1, 2],
            [3, 4],
          ],
        },
      },
      {
        says: 'nested lists by name',
        body: {
          inputs: {
            x: [
              [1, 2],
              [3, 4],
            ],
          },
        },
      },
      {
        says: 'rows',
        body: {
          instances: [
            [1, 2],
            [3, 4],
          ],
        },
      },
      { says: 'rows by name', body: { instances: [{ x: [1, 2] }, { x: [3, 4] }] } },
      { says: 'rows, some by name', body: { instances: [[1, 2], { x: [3, 4] }] } },
      {
        says: 'rows without a key',
        body: [
          [1, 2],
          [3, 4],
        ],
      },
      { says: 'rows by name without a key', body: [{ x: [1, 2] }, { x: [3, 4] }] },
      {
        says: 'rows under other names',
        body: {
          instances: [
            { p: 1, q: 2 },
            { p: 3, q: 4 },
          ],
        },
      },
      {
        says: 'numbers as text',
        body: [
          ['1', '2.0'],
          ['+3', '.4e1'],
        ],
      },
    ])('answers $says with nested lists', async ({ body }) => {
      const { text } = await server.post('/invocations', body);

      expect(text).toBe('{"predictions":[[2,3],[4,5]]}');
    });

    it.each([
      { says: 'one row', body: [1, 2] },
      { says: 'one row as inputs', body: { inputs: [1, 2] } },
      { says: 'one row by name', body: { x: [1, 2] } },
      { says: 'one row as inputs by name', body: { inputs: { x: [1, 2] } } },
    ])('takes $says', async ({ body }) => {
      const { json } = await server.post('/invocations', body);

      expect(json).toEqual({ predictions: [[2, 3]] });
    });

    it.each([
      { says: 'null', body: [[null, 2]] },
      { says: '"nan"', body: [['nan', 2]] },
    ])('takes $says as a number that is missing', async ({ body }) => {
      const { json } = await server.post('/invocations', body);

      expect(json).toEqual({ predictions: [[null, 3]] });
    });

    it('takes what curl -d sends', async () => {
      const { status } = await server.post('/invocations', '{"inputs":[[1,2]]}', {
        'content-type': 'application/x-www-form-urlencoded',
      });

      expect(status).toBe(200);
    });

    it.each([
      { body: 5, says: `the body is 5; ${TAKES}` },
      { body: [[1, 'two']], says: 'input "x" has "two" at 1; it takes numbers of FP32' },
      { body: [1, 2, 3], says: 'input "x" has the shape [1, 3]; the model takes [-1, 2]' },
      { body: { x: 5, y: 6 }, says: 'input "x" has the shape []; the model takes [-1, 2]' },
      {
        body: {},
        says: `the body is an object with no keys; ${TAKES}`,
      },
      {
        body: { inputs: [[1, 2]], instances: [[1, 2]] },
        says: `the body is an object with "inputs", "instances"; ${TAKES}`,
      },
      {
        body: { messages: [] },
        says: `the body is an object with "messages"; ${TAKES}`,
      },
      { body: { inputs: { z: [[1, 2]] } }, says: 'inputs has "z"; it takes "x"' },
      { body: { inputs: {} }, says: 'inputs has no keys; it takes "x"' },
      {
        body: { inputs: [[1, 2], [3]] },
        says: 'input "x" has a list of 1 where the shape [2, 2] takes a list of 2',
      },
      { body: { inputs: 5 }, says: 'input "x" has the shape []; the model takes [-1, 2]' },
      { body: { instances: 5 }, says: 'instances is 5; it takes a list of rows' },
      {
        body: { instances: [[]] },
        says: 'input "x" has the shape [1, 0]; the model takes [-1, 2]',
      },
      {
        body: { instances: [[1, 2], { z: [3, 4] }] },
        says: 'instances[1] has "z"; it takes "x"',
      },
    ])('refuses $says', async ({ body, says }) => {
      const { status, json } = await server.post('/invocations', body);

      expect({ status, json }).toEqual({ status: 400, json: { error: says } });
    });
  });

  describe('a model of two inputs and two outputs', () => {
    let server: ModelServer;
    beforeAll(async () => {
      server = await sharedModel(runtime, ['twoInputs']);
    });

    it.each([
      { says: 'lists', body: { inputs: { a: [[1, 2]], b: [[3, 1]] } } },
      { says: 'rows', body: { instances: [{ b: [3, 1], a: [1, 2] }] } },
    ])('answers $says by name with predictions by name', async ({ body }) => {
      const { json } = await server.post('/invocations', body);

      expect(json).toEqual({ predictions: { sum: [[4, 3]], less: [[true, false]] } });
    });

    it.each([
      {
        body: { inputs: [[1, 2]] },
        says: 'inputs is a list of 1; it takes an object with "a", "b"',
      },
      { body: { inputs: { a: [[1, 2]] } }, says: 'inputs has "a"; it takes "a", "b"' },
      {
        body: { instances: [{ a: [1, 2], b: [1, 2] }, [1, 2]] },
        says: 'instances[1] is a list of 2; it takes an object with "a", "b"',
      },
    ])('refuses $says', async ({ body, says }) => {
      const { status, json } = await server.post('/invocations', body);

      expect({ status, json }).toEqual({ status: 400, json: { error: says } });
    });
  });

  it('a model of one column of numbers takes a list, rows of one value, and one value', async () => {
    const server = await sharedModel(runtime, ['addConstant', { constant: 1 }]);
    const send = async (body: unknown) => (await server.post('/invocations', body)).json;

    expect(await send([1, 2])).toEqual({ predictions: [2, 3] });
    expect(await send([[1], [2]])).toEqual({ predictions: [2, 3] });
    expect(await send({ x: 1 })).toEqual({ predictions: [2] });
  });

  it('a model of a matrix with one column takes a list as its rows', async () => {
    const server = await sharedModel(runtime, ['addConstant', { constant: 1, shape: ['n', 1] }]);

    const { json } = await server.post('/invocations', { inputs: [1, 2] });

    expect(json).toEqual({ predictions: [[2], [3]] });
  });

  it.each([
    { says: "TensorFlow Serving's signature", more: { signature_name: 'serving_default' } },
    { says: "empty parameters of MLflow's clients", more: { params: {} } },
    { says: 'empty parameters', more: { parameters: null } },
  ])('passes over $says', async ({ more }) => {
    const server = await sharedModel(runtime, ['addConstant', { constant: 1 }]);

    const { json } = await server.post('/invocations', { instances: [1], ...more });

    expect(json).toEqual({ predictions: [2] });
  });

  it('refuses parameters that say something', async () => {
    const server = await sharedModel(runtime, ['addConstant', { constant: 1 }]);

    const sent = { inputs: [1], parameters: { k: 1 } };
    const { status, json } = await server.post('/invocations', sent);

    expect(status).toBe(400);
    expect(json.error).toContain('"parameters" beside "inputs"');
  });

  it('names a form as such', async () => {
    const server = await sharedModel(runtime, ['addConstant', { constant: 1 }]);

    const { status, json } = await server.post('/invocations', 'length=5.1&width=3.5');

    expect({ status, json }).toEqual({
      status: 400,
      json: {
        error:
          'the body is not JSON that can be read: it is a form; write its fields as JSON, as {"name": 1.5}',
      },
    });
  });

  it.each(['None', 'True', 'False', "'"])('names %s as what Python prints', async (found) => {
    const server = await sharedModel(runtime, ['addConstant', { constant: 1 }]);

    const { status, json } = await server.post('/invocations', `{"a": "True's", "b": ${found}1}`);

    expect({ status, json }).toEqual({
      status: 400,
      json: {
        error: `the body is not JSON that can be read: it has ${found}, as Python prints it; write it by json.dumps`,
      },
    });
  });

  it('takes the NaN that Python writes for a missing number, and says of an answer that it is null', async () => {
    const server = await sharedModel(runtime, ['addConstant', { constant: 1 }]);

    const { text, headers } = await server.post('/invocations', '{"inputs": [1, NaN, "NaN"]}');

    expect(text).toBe('{"predictions":[2,null,null]}');
    expect(headers.get('x-slipway-warning')).toBe('NaN and infinite numbers are null in JSON: "y"');
    await server.post('/invocations', '{"inputs": [NaN]}');
    expect(server.stderr().match(/are null in JSON: "y" \(logged once\)/g)).toHaveLength(1);
  });

  it.each(['Infinity', '-Infinity'])('names %s in JSON, and null as the way', async (found) => {
    const server = await sharedModel(runtime, ['addConstant', { constant: 1 }]);

    const { status, json } = await server.post(
      '/invocations',
      `{"a\\"NaN": 1, "inputs": [1, NaN, ${found}]}`,
    );

    expect({ status, json }).toEqual({
      status: 400,
      json: {
        error: `the body is not JSON that can be read: it has ${found}, which JSON does not; write a finite number, or null for one that is missing`,
      },
    });
  });

  it('says that an empty body is empty', async () => {
    const server = await sharedModel(runtime, ['addConstant', { constant: 1 }]);

    const { status, json } = await server.post('/invocations', '');

    expect({ status, json }).toEqual({
      status: 400,
      json: { error: 'the body is not JSON that can be read: it is empty' },
    });
  });

  it.each([
    {
      datatype: 'BOOL',
      inputs: [1, 0, 'true', 'False', '1', true],
      is: [true, false, true, false, true, true],
    },
    { datatype: 'INT64', inputs: [true, false, '7', 7, '7.0'], is: [1, 0, 7, 7, 7] },
    { datatype: 'INT8', inputs: [true, 2], is: [1, 2] },
  ] as const)(
    'takes $inputs for $datatype, as people write them',
    async ({ datatype, inputs, is }) => {
      const server = await sharedModel(runtime, ['identity', { datatype }]);

      const { json } = await server.post('/invocations', { inputs });

      expect(json).toEqual({ predictions: is });
    },
  );

  it('names JSON within a text, as json= of requests makes of what json.dumps made', async () => {
    const server = await sharedModel(runtime, ['addConstant', { constant: 1, shape: ['n', 2] }]);

    const { status, json } = await server.post('/invocations', JSON.stringify('[[1, 2]]'));

    expect(status).toBe(400);
    expect(json.error).toMatch(/^the body is JSON within a text; send it as it is/);
  });

  it.each([[2], ['yes'], [null]])('takes no %j for true or false', async (value) => {
    const server = await sharedModel(runtime, ['identity', { datatype: 'BOOL' }]);

    const { status, json } = await server.post('/invocations', { inputs: [value] });

    expect(status).toBe(400);
    expect(json.error).toContain('it takes true or false');
  });

  it.each([
    { datatype: 'INT64', id: '9007199254740993' },
    { datatype: 'INT64', id: '-400000000000000001' },
    { datatype: 'UINT64', id: '18446744073709551613' },
  ] as const)('keeps $datatype exact in every shape: $id', async ({ datatype, id }) => {
    const server = await sharedModel(runtime, ['identity', { datatype, shape: ['n'] }]);
    const tensor = (data: string) =>
      `{"inputs":[{"name":"x","datatype":"${datatype}","shape":[2],"data":[${data},7]}]}`;
    const asked: readonly (readonly [path: string, body: string, type?: string])[] = [
      ['/invocations', `{"inputs":[${id},7]}`],
      ['/invocations', `{"inputs":{"x":[${id},7]}}`],
      ['/invocations', `{"instances":[${id},7]}`],
      ['/invocations', `{"instances":[{"x":${id}},{"x":7}]}`],
      ['/invocations', `{"dataframe_split":{"columns":["x"],"data":[[${id}],[7]]}}`],
      ['/invocations', `{"dataframe_records":[{"x":${id}},{"x":"7.0"}]}`],
      ['/invocations', `[${id},7]`],
      ['/invocations', `[{"x":"${id}"},{"x":7}]`],
      ['/invocations', `{"x":${id}}\n{"x":7}`, 'application/x-ndjson'],
      ['/invocations', `x\n${id}\n7.0\n`, 'text/csv'],
      ['/v1/models/m:predict', `{"instances":[${id},7]}`],
      ['/v2/models/m/infer', tensor(id)],
      ['/v2/models/m/infer', tensor(`"${id}"`)],
    ];

    const answers = await Promise.all(
      asked.map(([path, body, type = 'application/json']) =>
        server.post(path, body, { 'content-type': type }),
      ),
    );

    const found = answers.map(({ text }) => /\[(-?\d+),7\]/.exec(text)?.[1] ?? text);
    expect(found).toEqual(asked.map(() => id));
  });

  describe('a model of one text', () => {
    let server: ModelServer;
    beforeAll(async () => {
      server = await sharedModel(runtime, ['identity', { datatype: 'BYTES', shape: [] }]);
    });

    it('answers a scalar with a bare value', async () => {
      const { text } = await server.post('/invocations', { inputs: 'hello' });

      expect(text).toBe('{"predictions":"hello"}');
    });

    it('refuses text that is not UTF-8', async () => {
      const { status, json } = await server.post(
        '/invocations',
        new Blob(['{"inputs":"', new Uint8Array([0xff]), '"}']),
      );

      expect({ status, json }).toEqual({
        status: 400,
        json: { error: 'the body is not UTF-8; JSON and CSV have to be' },
      });
    });

    it.each(['good film', 'it’s over', 'über'])(
      'says how a bare text is sent: %s',
      async (text) => {
        const { status, json } = await server.post('/invocations', text);

        expect({ status, json }).toEqual({
          status: 400,
          json: {
            error:
              'the body is not JSON that can be read: it is a bare text; in JSON a text stands in quotes, as "a text"',
          },
        });
      },
    );

    it.each([
      ['Parquet', 'PAR1\x15\x04\xff', /^the body is a file of Parquet; it takes JSON or CSV$/],
      ['numpy', '\x93NUMPY\x01\x00', /\(\.npy\)/],
      ['Excel', 'PK\x03\x04\x14\xff', /\.xlsx/],
      ['gzip', '\x1f\x8b\x08\x00\xff', /"content-encoding: gzip"/],
    ])('names a body that is of %s', async (_kind, body, error) => {
      const answer = await server.post('/invocations', new Blob([Buffer.from(body, 'latin1')]));

      expect({ status: answer.status, error: answer.json.error }).toEqual({
        status: 400,
        error: expect.stringMatching(error),
      });
    });
  });
}
