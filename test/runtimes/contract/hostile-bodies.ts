import { request } from 'node:http';
import { connect } from 'node:net';
import fc from 'fast-check';
import { fuzzRuns } from '../../support/fuzz/runs.ts';
import { type ModelServer, sharedModel } from '../model-server.ts';
import type { Runtime } from '../runtime.ts';

const PATHS = ['/invocations', '/v2/models/m/infer'];

/** Sends bytes unchanged; fetch would add headers. */
function send(server: ModelServer, path: string, body: Uint8Array) {
  return new Promise<{ status: number; text: string }>((resolve, reject) => {
    const call = request(server.url + path, { method: 'POST' }, async (response) => {
      const chunks = await response.toArray();
      resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() });
    });
    call.on('error', reject);
    call.end(body);
  });
}

const BRACKETS = 100_000;

/** No request from outside crashes or hangs the server. */
export function describeHostileBodies(runtime: Runtime): void {
  let floats: ModelServer;
  let integers: ModelServer;
  beforeAll(async () => {
    floats = await sharedModel(runtime, ['twoInputs']);
    integers = await sharedModel(runtime, ['identity', { datatype: 'INT64' }]);
  });

  /** The server refuses the body on the path with an error in JSON, or answers it. */
  async function expectAnswer(server: ModelServer, path: string, body: Uint8Array) {
    const { status, text } = await send(server, path, body);
    const json = JSON.parse(text);
    if (status !== 200) expect(json).toEqual({ error: expect.any(String) });
    // Its own failure is all that a model may be blamed for.
    const isFailure = /^the model('s code failed| refused the inputs)/.test(json.error);
    expect([200, isFailure ? runtime.failure : 400]).toContain(status);
  }

  /** Every server does so on every path; and lives. */
  async function expectSafe(body: string | Uint8Array): Promise<void> {
    for (const server of [floats, integers]) {
      for (const path of PATHS) await expectAnswer(server, path, Buffer.from(body));
      expect((await server.get('/ping')).status).toBe(200);
    }
  }

  it.each([
    { says: 'nothing', body: '' },
    { says: 'truncated JSON', body: '{"inputs":[1,' },
    { says: 'invalid UTF-8', body: new Uint8Array([0x7b, 0xff, 0xfe, 0x7d]) },
    { says: 'a byte order mark', body: '\ufeff{"inputs":[1]}' },
    { says: 'many open brackets', body: '['.repeat(BRACKETS) },
    { says: 'deep lists', body: '['.repeat(BRACKETS) + ']'.repeat(BRACKETS) },
    {
      says: 'deep lists as data',
      body: `{"inputs":${'['.repeat(BRACKETS)}1${']'.repeat(BRACKETS)}}`,
    },
    {
      says: 'deep lists around a long integer',
      body: `{"inputs":${'['.repeat(BRACKETS)}12345678901234567890${']'.repeat(BRACKETS)}}`,
    },
    { says: 'deep objects', body: '{"inputs":'.repeat(BRACKETS) + '}'.repeat(BRACKETS) },
    { says: 'a huge number', body: `{"inputs":[1e999999,-1e999999]}` },
    { says: 'a number of a million digits', body: `{"inputs":[${'9'.repeat(1_000_000)}]}` },
    { says: 'a text of escapes without an end', body: `{"inputs":[NaN,"${'\\"'.repeat(BRACKETS)}` },
    { says: '__proto__ as a key', body: '{"__proto__":{"inputs":[1]}}' },
    { says: '__proto__ as an input', body: '{"inputs":{"__proto__":[[1,2]],"constructor":1}}' },
    {
      says: '__proto__ as a tensor',
      body: '{"inputs":[{"__proto__":{"name":"x"},"datatype":"INT64","shape":[1],"data":[1]}]}',
    },
    {
      says: 'a shape beyond all memory',
      body: '{"inputs":[{"name":"x","datatype":"INT64","shape":[9007199254740991,0],"data":[]}]}',
    },
    {
      says: 'a shape of a million dimensions',
      body: `{"inputs":[{"name":"x","datatype":"INT64","shape":[${'1,'.repeat(1e6)}1],"data":[1]}]}`,
    },
  ])('$says neither crashes nor hangs the server', async ({ body }) => {
    await expectSafe(body);
  });

  it('a body shorter than its Content-Length is given up when the client goes', async () => {
    const socket = connect(Number(new URL(floats.url).port), '127.0.0.1');
    socket.end('POST /invocations HTTP/1.1\r\nhost: m\r\ncontent-length: 100\r\n\r\n{}');
    await socket.toArray();

    expect((await floats.get('/ping')).status).toBe(200);
  });

  it('what follows the Content-Length is refused as the next request', async () => {
    const socket = connect(Number(new URL(floats.url).port), '127.0.0.1');
    socket.end('POST /invocations HTTP/1.1\r\nhost: m\r\ncontent-length: 2\r\n\r\n{} and more');
    const answer = Buffer.concat(await socket.toArray()).toString();

    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect((await floats.get('/ping')).status).toBe(200);
  });

  describe('of any', () => {
    const runs = fuzzRuns(25, 300);

    it('bytes', async () => {
      await fc.assert(fc.asyncProperty(fc.uint8Array(), expectSafe), runs);
    });

    it('JSON', async () => {
      await fc.assert(fc.asyncProperty(fc.json(), expectSafe), runs);
    });

    it('JSON as inputs or instances', async () => {
      const body = fc.tuple(fc.constantFrom('inputs', 'instances'), fc.jsonValue());
      await fc.assert(
        fc.asyncProperty(body, ([key, value]) => expectSafe(JSON.stringify({ [key]: value }))),
        runs,
      );
    });

    it('almost right request', async () => {
      const tensor = fc.record(
        {
          name: fc.constantFrom<unknown>('a', 'b', 'x', 'y', null),
          datatype: fc.constantFrom<unknown>('FP32', 'INT64', 'fp32', 1),
          shape: fc.oneof(fc.array(fc.nat(3)), fc.array(fc.integer()), fc.jsonValue()),
          data: fc.oneof(fc.array(fc.integer()), fc.array(fc.array(fc.double())), fc.jsonValue()),
          parameters: fc.jsonValue(),
        },
        { requiredKeys: [] },
      );
      const body = fc.record(
        { id: fc.jsonValue(), inputs: fc.array(tensor), outputs: fc.array(tensor) },
        { requiredKeys: ['inputs'] },
      );
      await fc.assert(
        fc.asyncProperty(body, (value) => expectSafe(JSON.stringify(value))),
        runs,
      );
    });
  });
}
