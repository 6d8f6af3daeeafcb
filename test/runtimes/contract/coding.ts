import { request } from 'node:http';
import { promisify } from 'node:util';
import zlib from 'node:zlib';
import { type ModelServer, sharedModel } from '../model-server.ts';
import type { Runtime } from '../runtime.ts';

const gzip = promisify(zlib.gzip);
const deflate = promisify(zlib.deflate);
const deflateRaw = promisify(zlib.deflateRaw);

const LIMIT = 10_000;
const VALUES = Array.from({ length: 400 }, (_, index) => index);

type Raw = {
  readonly status: number | undefined;
  readonly coding: string | undefined;
  readonly vary: string | undefined;
  readonly body: Buffer;
};

/** Answers as they come over the wire; fetch would unpack them. */
function ask(server: ModelServer, accepted: string | undefined): Promise<Raw> {
  return new Promise((resolve, reject) => {
    const headers = accepted === undefined ? {} : { 'accept-encoding': accepted };
    const url = `${server.url}/invocations`;
    const call = request(url, { method: 'POST', headers }, async (response) => {
      const { statusCode: status, headers: said } = response;
      const body = Buffer.concat(await response.toArray());
      resolve({ status, coding: said['content-encoding'], vary: said.vary, body });
    });
    call.on('error', reject);
    call.end(JSON.stringify({ inputs: VALUES }));
  });
}

/** gzip and deflate, of requests and of answers. */
export function describeCoding(runtime: Runtime): void {
  let server: ModelServer;
  beforeAll(async () => {
    const limit = { MAX_BODY_BYTES: String(LIMIT) };
    server = await sharedModel(runtime, ['addConstant', { constant: 1 }], limit);
  });

  const post = (body: Uint8Array<ArrayBuffer>, coding: string) =>
    server.post('/invocations', new Blob([body]), { 'content-encoding': coding });

  it.each([
    { coding: 'gzip', pack: gzip },
    { coding: 'X-GZIP', pack: gzip },
    { coding: 'deflate', pack: deflate },
    { coding: 'deflate', pack: deflateRaw },
    { coding: 'identity', pack: async (text: string) => Buffer.from(text) },
  ])('takes a body in $coding', async ({ coding, pack }) => {
    const { status, json } = await post(Buffer.from(await pack('{"inputs":[1]}')), coding);

    expect({ status, json }).toEqual({ status: 200, json: { predictions: [2] } });
  });

  it('takes one in several parts of gzip', async () => {
    const parts = [await gzip('{"inputs"'), await gzip(':[1]}')];

    const { json } = await post(Buffer.concat(parts), 'gzip');

    expect(json).toEqual({ predictions: [2] });
  });

  it('takes one of the other protocol', async () => {
    const inputs = [{ name: 'x', datatype: 'FP32', shape: [1], data: [1] }];
    const body = Buffer.from(await gzip(JSON.stringify({ inputs })));

    const { json } = await server.post('/v2/models/m/infer', new Blob([body]), {
      'content-encoding': 'gzip',
    });

    expect(json.outputs[0].data).toEqual([2]);
  });

  it.each(['br', 'gzip, gzip', 'nonsense'])('refuses %s with 415', async (coding) => {
    const { status, json, headers } = await post(Buffer.from('{"inputs":[1]}'), coding);

    expect({ status, json }).toEqual({
      status: 415,
      json: { error: `the body is encoded as "${coding}"; it takes gzip, deflate or none` },
    });
    expect(headers.get('accept-encoding')).toBe('gzip, deflate');
  });

  it.each([
    { says: 'no gzip', coding: 'gzip', body: async () => Buffer.from('{"inputs":[1]}') },
    { says: 'no deflate', coding: 'deflate', body: async () => Buffer.from('{"inputs":[1]}') },
    {
      says: 'gzip that is cut short',
      coding: 'gzip',
      body: async () => (await gzip('{"inputs":[1]}')).subarray(0, 20),
    },
    { says: 'nothing', coding: 'gzip', body: async () => Buffer.alloc(0) },
  ])('refuses $says with 400', async ({ coding, body }) => {
    const { status, json } = await post(Buffer.from(await body()), coding);

    expect({ status, json }).toEqual({
      status: 400,
      json: { error: `the body is not ${coding} that can be read` },
    });
  });

  it.each([
    { coding: 'gzip', pack: gzip },
    { coding: 'deflate', pack: deflate },
  ])('refuses a bomb in $coding with 413, and serves on', async ({ coding, pack }) => {
    const bomb = await pack(Buffer.alloc(8_000_000));
    expect(bomb.length).toBeLessThan(LIMIT);

    const { status, json } = await post(Buffer.from(bomb), coding);

    expect({ status, json }).toEqual({
      status: 413,
      json: {
        error: `the body is more than ${LIMIT} bytes when it is decompressed; the limit is ${LIMIT}`,
      },
    });
    expect((await server.get('/ping')).status).toBe(200);
  });

  it.each([
    { accepted: 'gzip, deflate, br', coding: 'gzip' },
    { accepted: 'deflate', coding: 'deflate' },
    { accepted: 'gzip;q=0.5, deflate;q=1.0', coding: 'deflate' },
    { accepted: '*', coding: 'gzip' },
    { accepted: 'gzip;q=0', coding: undefined },
    { accepted: 'br', coding: undefined },
  ])('answers in $coding where $accepted is accepted', async ({ accepted, coding }) => {
    const answer = await ask(server, accepted);

    const unpack = { gzip: zlib.gunzipSync, deflate: zlib.inflateSync };
    const text = coding ? unpack[coding as keyof typeof unpack](answer.body) : answer.body;
    expect(JSON.parse(text.toString())).toEqual({ predictions: VALUES.map((value) => value + 1) });
    expect(answer).toMatchObject({ status: 200, vary: 'accept-encoding' });
    expect(answer.coding).toBe(coding);
  });

  it('answers plainly where nothing is said of codings, or the answer is short', async () => {
    const long = await ask(server, undefined);
    const short = await server.get('/ping');

    expect(long).toMatchObject({ coding: undefined, vary: undefined });
    expect(short.headers.get('content-encoding')).toBeNull();
  });
}
