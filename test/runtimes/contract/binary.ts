import { type ModelServer, sharedModel } from '../model-server.ts';
import type { Runtime } from '../runtime.ts';

const INFER = '/v2/models/m/infer';

const BITS = {
  BOOL: '0100',
  BYTES: '0000000006000000c3bcf09f9880',
  FP16: '003effff',
  FP32: '0000803e0000c07f',
  FP64: '9a9999999999b93f000000000000f0ff',
  INT8: '807f',
  INT16: '0080ff7f',
  INT32: '00000080ffffff7f',
  INT64: '01000000000020000000000000000080',
  UINT8: '00ff',
  UINT16: '0000ffff',
  UINT32: '00000000ffffffff',
  UINT64: '0100000000000000ffffffffffffffff',
} as const;

const DATATYPES = Object.keys(BITS) as (keyof typeof BITS)[];

/** The binary tensor data extension of the Open Inference Protocol. */
export function describeBinary(runtime: Runtime): void {
  let types: ModelServer;
  let two: ModelServer;
  beforeAll(async () => {
    types = await sharedModel(runtime, ['identities', DATATYPES]);
    two = await sharedModel(runtime, ['twoInputs']);
  });

  it('brings every datatype there and back, bit for bit, also what JSON cannot say', async () => {
    const raw = DATATYPES.map((datatype) => Buffer.from(BITS[datatype], 'hex'));
    const inputs = DATATYPES.map((datatype, index) =>
      binaryTensor(datatype, datatype, [2], raw[index]!.length),
    );

    const answer = await send(types, { inputs, parameters: { binary_data_output: true } }, raw);

    expect(answer.json.outputs[0]).toEqual({
      name: 'BOOL out',
      shape: [2],
      datatype: 'BOOL',
      parameters: { binary_data_size: 2 },
    });
    expect(answer.raw.toString('hex')).toBe(Object.values(BITS).join(''));
  });

  it('mixes JSON and bytes, each output as it is asked for, and takes them in the order of the request', async () => {
    const a = { name: 'a', datatype: 'FP32', shape: [1, 2], data: [1, 5] };
    const b = binaryTensor('b', 'FP32', [1, 2], 8);
    const outputs = [{ name: 'less' }, { name: 'sum', parameters: { binary_data: true } }];

    const { json, raw } = await send(two, { id: '7', inputs: [b, a], outputs }, [floats(2, 3)]);

    expect(json).toEqual({
      model_name: 'm',
      id: '7',
      outputs: [
        { name: 'less', shape: [1, 2], datatype: 'BOOL', data: [true, false] },
        { name: 'sum', shape: [1, 2], datatype: 'FP32', parameters: { binary_data_size: 8 } },
      ],
    });
    expect(raw).toEqual(floats(3, 8));
  });

  it('answers in JSON alone where no output is asked for as bytes', async () => {
    const inputs = [binaryTensor('a', 'FP32', [1, 2], 8), binaryTensor('b', 'FP32', [1, 2], 8)];

    const { headers, json } = await send(two, { inputs }, [floats(1, 2), floats(1, 2)]);

    expect(headers.get('content-type')).toBe('application/json');
    expect(headers.has('inference-header-content-length')).toBe(false);
    expect(json.outputs[0].data).toEqual([2, 4]);
  });

  it('takes a body that is nothing but the only input, and answers in the same way', async () => {
    const server = await sharedModel(runtime, ['addConstant', { constant: 1, shape: ['n', 2] }]);

    const { json, raw } = await sendRaw(server, '0', floats(1, 2, 3, 4));

    expect(json.outputs[0]).toMatchObject({ name: 'y', shape: [2, 2] });
    expect(raw).toEqual(floats(2, 3, 4, 5));
  });

  it.each([
    {
      says: 'a BOOL that is neither',
      inputs: [binaryTensor('a', 'BOOL', [2], 2)],
      raw: Buffer.from([0, 2]),
      error: 'input "a" has a byte that is neither 0 nor 1',
    },
    {
      says: 'text that is not UTF-8',
      inputs: [binaryTensor('a', 'BYTES', [1], 5)],
      raw: Buffer.from('01000000ff', 'hex'),
      error: 'input "a" has a text at byte 0 that is not UTF-8',
    },
    {
      says: 'text with NUL',
      inputs: [binaryTensor('a', 'BYTES', [1], 5)],
      raw: Buffer.from('0100000000', 'hex'),
      error: 'input "a" has a text at byte 0 with NUL',
    },
    {
      says: 'a text longer than its tensor',
      inputs: [binaryTensor('a', 'BYTES', [1], 5)],
      raw: Buffer.from('ffffffff61', 'hex'),
      error: 'input "a" ends within a text, or its length, at byte 0',
    },
    {
      says: 'half a length',
      inputs: [binaryTensor('a', 'BYTES', [1], 2)],
      raw: Buffer.from('0100', 'hex'),
      error: 'input "a" ends within a text, or its length, at byte 0',
    },
    {
      says: 'too few texts',
      inputs: [binaryTensor('a', 'BYTES', [2], 4)],
      raw: Buffer.alloc(4),
      error: 'input "a" has 1 values; the shape [2] takes 2',
    },
  ])('refuses $says', async ({ inputs, raw, error }) => {
    const datatype = inputs[0]!.datatype;
    const server = await sharedModel(runtime, ['identity', { datatype, shape: ['n'] }]);
    const named = inputs.map((input) => ({ ...input, name: 'x' }));

    const { status, json } = await send(server, { inputs: named }, [raw]);

    expect({ status, json }).toEqual({
      status: 400,
      json: { error: error.replace('"a"', '"x"') },
    });
  });

  const a = binaryTensor('a', 'FP32', [1, 2], 8);
  const b = binaryTensor('b', 'FP32', [1, 2], 8);
  it.each([
    {
      inputs: [a, { ...b, shape: [2, 2] }],
      error: 'input "b" has 8 bytes; the shape [2, 2] of FP32 takes 16',
    },
    {
      inputs: [a, { ...b, shape: [4] }],
      error: 'input "b" has the shape [4]; the model takes [-1, 2]',
    },
    {
      inputs: [a, { ...b, parameters: { binary_data_size: 9 } }],
      error:
        'input "b" has the binary_data_size 9; it takes a whole number up to 8, the bytes that are left',
    },
    {
      inputs: [a, { ...b, parameters: { binary_data_size: -1 } }],
      error:
        'input "b" has the binary_data_size -1; it takes a whole number up to 8, the bytes that are left',
    },
    {
      inputs: [a, { ...b, data: [1, 2] }],
      error: 'input "b" has both data and a binary_data_size',
    },
    {
      inputs: [a, { ...b, parameters: {}, data: [1, 2] }],
      error: '8 bytes follow the last tensor',
    },
  ])('refuses $error', async ({ inputs, error }) => {
    const { status, json } = await send(two, { inputs }, [floats(1, 2), floats(3, 4)]);

    expect({ status, json }).toEqual({ status: 400, json: { error } });
  });

  it.each(['-1', 'x', '9', '1e1'])('refuses %s as the length of the JSON', async (length) => {
    const { status, json } = await sendRaw(two, length, Buffer.from('12345678'));

    expect(status).toBe(400);
    expect(json.error).toBe(
      `Inference-Header-Content-Length is "${length}"; it takes a whole number up to 8, the bytes of the body`,
    );
  });

  it('refuses a raw body for two inputs, and bytes without the header', async () => {
    const raw = await sendRaw(two, '0', floats(1, 2));
    const bare = await two.post(INFER, { inputs: [a, b] });

    expect(raw.json).toEqual({ error: 'the body is one raw tensor; the model has 2 inputs' });
    expect(bare.json).toEqual({
      error: 'input "a" has a binary_data_size, but there is no Inference-Header-Content-Length',
    });
  });
}

function binaryTensor(
  name: string,
  datatype: keyof typeof BITS,
  shape: readonly number[],
  size: number,
) {
  return { name, datatype, shape, parameters: { binary_data_size: size } };
}

function floats(...values: readonly number[]): Buffer {
  return Buffer.from(Float32Array.from(values).buffer);
}

function send(server: ModelServer, body: object, raw: readonly Uint8Array[]) {
  const json = Buffer.from(JSON.stringify(body));
  return sendRaw(server, String(json.length), Buffer.concat([json, ...raw]));
}

async function sendRaw({ url }: ModelServer, length: string, body: Buffer) {
  const response = await fetch(url + INFER, {
    method: 'POST',
    body: new Uint8Array(body),
    headers: {
      'content-type': 'application/octet-stream',
      'inference-header-content-length': length,
    },
  });
  const bytes = Buffer.from(await response.arrayBuffer());
  const { status, headers } = response;
  const jsonLength = Number(headers.get('inference-header-content-length') ?? bytes.length);
  const json: ReturnType<typeof JSON.parse> = JSON.parse(bytes.toString('utf8', 0, jsonLength));
  return { status, headers, json, raw: bytes.subarray(jsonLength) };
}
