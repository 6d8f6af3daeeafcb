import { once } from 'node:events';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { ReadableStream } from 'node:stream/web';
import { eventually } from '../../support/clock/eventually.ts';
import { type ModelServer, modelFolder, startModel, stopServers } from '../model-server.ts';
import { onPython, pythonFolder } from '../python-runtime.ts';
import type { Env, Runtime } from '../runtime.ts';

await onPython(describeCode);

const X_TO_Y = {
  inputs: [{ name: 'x', datatype: 'FP32', shape: ['n'] }],
  outputs: [{ name: 'y', datatype: 'FP32', shape: ['n'] }],
} as const;

const HANDLERS = `
import json
def model_fn(folder): return 10
def input_fn(body, content_type):
    if content_type != "application/x-words": raise ValueError("only words")
    return body.decode().split()
def predict_fn(words, model): return [len(word) + model for word in words]
def output_fn(lengths, accept): return (";".join(map(str, lengths)), "text/plain")
`;

function describeCode(runtime: Runtime): void {
  afterAll(stopServers);

  it('a class is made and prepared once, and keeps to one thread', async () => {
    const code = `
import threading
class Predictor:
    def __init__(self): self.calls = []
    def setup(self): self.thread = threading.get_ident()
    def predict(self, x):
        self.calls.append(threading.get_ident() == self.thread)
        return x * 0 + sum(self.calls)
`;
    const server = await startModel(runtime, pythonFolder(code, X_TO_Y));

    await server.post('/invocations', { inputs: [1] });
    const { json } = await server.post('/invocations', { inputs: [1] });

    expect(json).toEqual({ predictions: [2] });
  });

  it('code that has closed stderr is answered for all the same, and its failure is told there', async () => {
    const code = `
import sys
sys.stderr.close()
def predict(x): raise KeyError("gone")
`;
    const server = await startModel(runtime, pythonFolder(code, X_TO_Y));

    const { status, json } = await server.post('/invocations', { inputs: [1] });

    expect({ status, json }).toEqual({
      status: 500,
      json: { error: "the model's code failed: KeyError: 'gone'" },
    });
    await eventually(() => server.stderr().includes("KeyError: 'gone' (predict.py:4)"));
  });

  it('code that is asynchronous is waited for, always in the loop in which it was prepared', async () => {
    const code = `
import asyncio
class Predictor:
    async def setup(self): self.loop = asyncio.get_running_loop()
    async def predict(self, x):
        await asyncio.sleep(0)
        return {"x": x, "same": asyncio.get_running_loop() is self.loop}
`;
    const server = await startModel(runtime, pythonFolder(code));

    const { json } = await server.post('/invocations', { inputs: 1 });

    expect(json).toEqual({ predictions: { x: 1, same: true } });
  });

  it.each([
    ['socket.gaierror(-3, "no name")', 'runtime: { network: open }'],
    ['urllib.error.URLError(socket.gaierror(-3, "no name"))', 'runtime: { network: open }'],
    ['OSError(errno.EROFS, "read-only", "a.txt")', 'tempfile'],
  ])('the log says what its owner can do about %s', async (error, says) => {
    const code = `import errno, socket, urllib.error\ndef predict(x): raise ${error}`;
    const server = await startModel(runtime, pythonFolder(code));

    const { json } = await server.post('/invocations', { inputs: 1 });

    await eventually(() => server.stderr().includes(says));
    expect(json['error']).not.toContain(says);
  });

  it('the log says that threads do what processes cannot', async () => {
    const code = `import errno, multiprocessing.synchronize as of
def refused(*_): raise OSError(errno.EROFS, "read-only")
of._multiprocessing.SemLock = refused
def predict(x): return of.Lock(ctx=__import__("multiprocessing").get_context("fork"))`;
    const server = await startModel(runtime, pythonFolder(code));

    await server.post('/invocations', { inputs: 1 });

    await eventually(() => server.stderr().includes('ThreadPoolExecutor'));
  });

  it('what code prints is in the log at once', async () => {
    const code = 'def predict(x):\n  print("asked about", x)\n  return x';
    const server = await startModel(runtime, pythonFolder(code));
    let printed = '';
    server.child.stdout?.on('data', (chunk) => {
      printed += String(chunk);
    });

    await server.post('/invocations', { inputs: 7 });

    // The line that the server is ready may still be on its way when the code prints.
    await eventually(() => printed.endsWith('asked about 7\n'));
  });

  it('what code has registered for its end runs when its server is drained, and is in the log', async () => {
    const code = `
import atexit, ctypes, os, sys
journal = os.fdopen(os.dup(1), "w")
def last():
    sys.stdout.write("saved")
    journal.write(" and noted")
    ctypes.CDLL(None).printf(b" and counted")
atexit.register(last)
def predict(x): return x
`;
    const server = await startModel(runtime, pythonFolder(code), { PYTHONUNBUFFERED: '' });
    const log = text(server.child.stdout ?? Readable.from([]));

    server.child.kill('SIGTERM');

    const [status] = await once(server.child, 'exit');
    const end = 'saved and noted and counted';
    expect({ status, end: (await log).slice(-end.length) }).toEqual({ status: 0, end });
  });

  it.each(['', '1'])(
    'a line that code prints is written in one piece (PYTHONUNBUFFERED=%s)',
    async (unbuffered) => {
      const code = `def writes():
  return int(open("/proc/self/io").read().split("syscw: ")[1].split()[0])
def predict(x):
  before = writes()
  print("asked about", x, "by", None)
  return writes() - before`;
      const environment = { PYTHONUNBUFFERED: unbuffered };
      const server = await startModel(runtime, pythonFolder(code), environment);

      const { json } = await server.post('/invocations', { inputs: 7 });

      expect(json).toEqual({ predictions: 1 });
    },
  );

  it('code that exits fails its request, and the next is answered', async () => {
    const code = 'import sys\ndef predict(x): return sys.exit(3) if x == 1 else x';
    const server = await startModel(runtime, pythonFolder(code));

    const exited = await server.post('/invocations', { inputs: 1 });
    const next = await server.post('/invocations', { inputs: 2 });

    expect(exited).toMatchObject({
      status: 500,
      json: { error: "the model's code failed: SystemExit: 3" },
    });
    expect(next.json).toEqual({ predictions: 2 });
  });

  it('no key of a caller is in the process when the code runs, however it looks', async () => {
    const code = `
import gc
def predict(x):
    lists = [each for each in gc.get_objects() if isinstance(each, list)]
    names = {name for each in lists for item in each if isinstance(item, tuple) and len(item) == 2 for name in item if isinstance(name, bytes)}
    return {"key": b"slw_1" in names, "other": b"kept-1" in names}
`;
    const server = await startModel(runtime, pythonFolder(code));

    const response = await fetch(`${server.url}/invocations`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-api-key': 'slw_1', 'x-other': 'kept-1' },
      body: '{"inputs": 1}',
    });

    expect(await response.json()).toEqual({ predictions: { key: false, other: true } });
  });

  it.each([
    ['0.5', 'FP64', [0.5]],
    ['float("nan")', 'FP64', [null]],
    ['2.0', 'INT64', [2]],
    ['True', 'INT64', [1]],
  ])(
    'an answer of %s is not cut to the whole number that its signature says',
    async (answer, datatype, data) => {
      const whole = { ...X_TO_Y, outputs: [{ name: 'y', datatype: 'INT64', shape: ['n'] }] };
      const server = await startModel(
        runtime,
        pythonFolder(`def predict(x): return [${answer}]`, whole),
      );
      const inputs = [{ name: 'x', datatype: 'FP32', shape: [1], data: [1] }];

      const nested = await server.post('/invocations', { inputs: [1] });
      const { json } = await server.post('/v2/models/m/infer', { inputs });

      expect(nested.json).toEqual({ predictions: data });
      expect(json.outputs).toEqual([{ name: 'y', datatype, shape: [1], data }]);
    },
  );

  it('of many inputs the one that is missing is named', async () => {
    const inputs = [...'abcdefghi'].map((name) => ({ ...X_TO_Y.inputs[0], name }));
    const signature = { ...X_TO_Y, inputs };
    const server = await startModel(
      runtime,
      pythonFolder('def predict(**all): return 1', signature),
    );

    const { json } = await server.post('/invocations', {
      a: 1,
      b: 1,
      c: 1,
      d: 1,
      e: 1,
      f: 1,
      g: 1,
      h: 1,
    });

    expect(json['error']).toMatch(/^the body lacks "i"; it takes "a", "b",/);
  });

  it('a file outside the model is not run, whatever the facts say', async () => {
    const canary =
      'import pathlib; pathlib.Path(__file__ + ".ran").touch()\ndef predict(x): return x';
    const folder = await modelFolder({
      'evil.py': canary,
      'facts.json': JSON.stringify({
        format: 'python',
        brings: 'code',
        entrypoint: '../evil.py:predict',
      }),
    });
    await mkdir(`${folder}/model`);
    const env = { MODEL_PATH: `${folder}/model`, MODEL_FACTS: `${folder}/facts.json` };

    await expect(startModel(runtime, Promise.resolve(env))).rejects.toThrow('no ../evil.py');
    expect(await readdir(folder)).not.toContain('evil.py.ran');
  });

  describe('code that yields', () => {
    const GATED = `
import os, time
def predict(words):
    for word in words:
        yield {"word": word}
        while not os.path.exists(word): time.sleep(0.01)
`;

    it('streams each value as a line of JSON once it is there', async () => {
      const model = await pythonFolder(GATED);
      const server = await startModel(runtime, Promise.resolve(model));
      const answer = await asked(server, { words: ['a', 'b'] });
      const lines = createInterface({ input: Readable.fromWeb(bodyOf(answer)) });
      const read = lines[Symbol.asyncIterator]();

      const first = await read.next();
      await writeFile(`${model['MODEL_PATH']}/a`, '');
      const second = await read.next();
      await writeFile(`${model['MODEL_PATH']}/b`, '');
      const end = await read.next();

      expect(answer.headers.get('content-type')).toBe('application/x-ndjson');
      expect([first.value, second.value]).toEqual(['{"word":"a"}', '{"word":"b"}']);
      expect(end.done).toBe(true);
    });

    it.each(['text/event-stream', 'application/json;q=0.5, text/event-stream'])(
      'sends events to a client that accepts %s',
      async (accept) => {
        const server = await startModel(
          runtime,
          pythonFolder('def predict(_): yield "a\\nb"; yield 2'),
        );

        const answer = await asked(server, { inputs: 1 }, accept);

        expect(answer.headers.get('content-type')).toBe('text/event-stream');
        expect(await answer.text()).toBe('data: "a\\nb"\n\ndata: 2\n\n');
      },
    );

    it.each([
      { accept: '*/*', says: '1\n{"error":"the model\'s code failed: ValueError: no two"}\n' },
      {
        accept: 'text/event-stream',
        says: 'data: 1\n\nevent: error\ndata: {"error":"the model\'s code failed: ValueError: no two"}\n\n',
      },
    ])(
      'and fails on its way says so at the end, and breaks off ($accept)',
      async ({ accept, says }) => {
        const code = 'def predict(_):\n  yield 1\n  raise ValueError("no two")';
        const server = await startModel(runtime, pythonFolder(code));
        const answer = await asked(server, { inputs: 1 }, accept);

        const told: string[] = [];
        const reading = (async () => {
          for await (const text of bodyOf(answer).pipeThrough(new TextDecoderStream())) {
            told.push(text);
          }
        })();

        await expect(reading).rejects.toThrow();
        expect(told.join('')).toBe(says);
        await eventually(() => server.stderr().includes('(predict.py:3)'));
      },
    );

    it('and fails on its way ends whole where the web adapter waits for it, and is counted', async () => {
      const code = 'def predict(_):\n  yield 1\n  raise ValueError("no two")';
      const server = await startModel(runtime, pythonFolder(code), {
        AWS_LWA_INVOKE_MODE: 'buffered',
        AWS_LAMBDA_FUNCTION_NAME: 'slipway-m-digits',
        AWS_LAMBDA_FUNCTION_VERSION: '3',
      });
      let log = '';
      server.child.stdout?.on('data', (bytes) => {
        log += bytes;
      });

      const answer = await fetch(`${server.url}/invocations`, {
        method: 'POST',
        body: '{"inputs":1}',
        headers: { 'content-type': 'application/json', 'x-amzn-lambda-context': '{}' },
      });

      expect(await answer.text()).toBe(
        '1\n{"error":"the model\'s code failed: ValueError: no two"}\n',
      );
      await eventually(() => log.includes('"ServerErrors":1'));
    });

    it('and fails before its first value is answered 500', async () => {
      const code = 'def predict(_):\n  raise ValueError("no one")\n  yield 1';
      const server = await startModel(runtime, pythonFolder(code));

      const { status, json } = await server.post('/invocations', { inputs: 1 });

      expect({ status, json }).toEqual({
        status: 500,
        json: { error: "the model's code failed: ValueError: no one" },
      });
    });

    it('is closed when its client leaves, and the next request is answered', async () => {
      const code = `
import itertools
seen = []
def numbers():
    try: yield from itertools.count()
    finally: seen.append("closed")
def predict(what): return numbers() if what == "numbers" else seen
`;
      const server = await startModel(runtime, pythonFolder(code));

      await leftEarly(server, { inputs: 'numbers' });
      const { json } = await server.post('/invocations', { inputs: 'seen' });

      expect(json).toEqual({ predictions: ['closed'] });
    });

    it('sends what is made at once together', async () => {
      const code = 'def predict(n):\n  for each in range(n): yield each';
      const server = await startModel(runtime, pythonFolder(code));

      const chunks = await chunksOf(server, '{"inputs":2000}');

      const lines = Array.from({ length: 2_000 }, (_, at) => `${at}\n`);
      expect(chunks.join('')).toBe(lines.join(''));
      expect(chunks.length).toBeLessThan(1_000);
    });

    it('is not asked for much more than its client has read', async () => {
      const code = `
made = []
def numbers():
    for each in range(10_000):
        made.append(each)
        yield "x" * 10_000
def predict(what): return numbers() if what == "numbers" else len(made)
`;
      const server = await startModel(runtime, pythonFolder(code));

      await leftEarly(server, { inputs: 'numbers' });
      const { json } = await server.post('/invocations', { inputs: 'made' });

      expect(json.predictions).toBeLessThan(5_000);
    });

    it('may do so asynchronously', async () => {
      const code = 'async def predict(n):\n  for each in range(n): yield each';
      const server = await startModel(runtime, pythonFolder(code));

      const answer = await asked(server, { inputs: 3 });

      expect(await answer.text()).toBe('0\n1\n2\n');
    });

    it('is refused where a tensor is asked for', async () => {
      const server = await startModel(runtime, pythonFolder('def predict(x): yield x', X_TO_Y));

      const { status, json } = await server.post('/invocations', { inputs: [1] });

      expect(status).toBe(500);
      expect(json['error']).toContain('yields its answer');
    });
  });

  describe('without a signature', () => {
    let server: ModelServer;
    beforeAll(async () => {
      server = await startModel(runtime, pythonFolder('def predict(value): return [value]'));
    });

    it.each([
      { says: 'rows', body: { instances: [[1, 2]] }, given: [[1, 2]] },
      { says: 'inputs', body: { inputs: 'text' }, given: 'text' },
      { says: 'any other JSON', body: [{ a: 1 }], given: [{ a: 1 }] },
      {
        says: 'a table, as records without pandas',
        body: { dataframe_split: { columns: ['a'], data: [[1]] } },
        given: [{ a: 1 }],
      },
    ])('code is given $says', async ({ body, given }) => {
      const { json } = await server.post('/invocations', body);

      expect(json).toEqual({ predictions: [given] });
    });

    it('code is given a CSV as records, with its numbers', async () => {
      const answer = await fetch(`${server.url}/invocations`, {
        method: 'POST',
        body: 'a,b,c\n1,0.5,x\n-2,,007y\n',
        headers: { 'content-type': 'text/csv' },
      });

      expect(await answer.json()).toEqual({
        predictions: [
          [
            { a: 1, b: 0.5, c: 'x' },
            { a: -2, b: null, c: '007y' },
          ],
        ],
      });
    });

    it('a CSV that cannot be read is the client’s error, not the code’s', async () => {
      const answer = await fetch(`${server.url}/invocations`, {
        method: 'POST',
        body: `a,b\n1,"${'x'.repeat(140_000)}\n`,
        headers: { 'content-type': 'text/csv' },
      });

      expect(answer.status).toBe(400);
      expect(await answer.json()).toEqual({
        error: 'the CSV cannot be read: field larger than field limit (131072)',
      });
    });

    it.each([
      ['JSON', '[{"a": 1}]', [[{ a: 1 }]]],
      ['another text', '[INST] hello', [null]],
    ])(
      'code is given %s that is called a text, as fetch calls it',
      async (_, body, predictions) => {
        const code = 'def predict(value): return [None if isinstance(value, bytes) else value]';
        const server = await startModel(runtime, pythonFolder(code));

        const answer = await fetch(`${server.url}/invocations`, { method: 'POST', body });

        expect(await answer.json()).toEqual({ predictions });
      },
    );

    it('an object goes in by the names of the parameters', async () => {
      const code = 'def predict(city, days=3): return {"city": city, "days": days}';
      const server = await startModel(runtime, pythonFolder(code));

      const { json } = await server.post('/invocations', { city: 'Arles' });

      expect(json).toEqual({ predictions: { city: 'Arles', days: 3 } });
    });

    it.each([
      { says: 'an unknown one', body: { width: 2, hight: 3 } },
      { says: 'one too many', body: { width: 2, height: 3, depth: 4 } },
      { says: 'one too few', body: { height: 3 } },
      { says: 'a list', body: [2, 3] },
      { says: 'one value', body: 2 },
    ])('and is refused with $says, where the code takes several', async ({ body }) => {
      const code = 'def predict(width, height): return width * height';
      const server = await startModel(runtime, pythonFolder(code));

      const { status, json } = await server.post('/invocations', JSON.stringify(body));

      expect(status).toBe(400);
      expect(json.error).toMatch(
        /^the body is .*; the model's code takes an object with "width", "height"$/,
      );
    });

    it('and is refused where it names one that no optional parameter is', async () => {
      const code = 'def predict(width, height=1): return width * height';
      const server = await startModel(runtime, pythonFolder(code));

      const { status, json } = await server.post('/invocations', { width: 2, hight: 3 });

      expect(status).toBe(400);
      expect(json.error).toContain('the body is an object with "width", "hight"');
    });

    it('and goes in whole where the code takes one', async () => {
      const code = 'def predict(body, verbose=False): return list(body)';
      const server = await startModel(runtime, pythonFolder(code));

      const { json } = await server.post('/invocations', { width: 2, verbose: 3 });

      expect(json).toEqual({ predictions: ['width', 'verbose'] });
    });

    it('arrays, bytes of numpy and NaN come out as JSON', async () => {
      const code =
        'import numpy\ndef predict(_): return {"a": numpy.arange(2), "b": numpy.float32(0.5), "c": float("nan")}';
      const server = await startModel(runtime, pythonFolder(code));

      const { json } = await server.post('/invocations', { inputs: 1 });

      expect(json).toEqual({ predictions: { a: [0, 1], b: 0.5, c: null } });
    });

    it.each([
      { what: '1j', type: 'complex' },
      { what: '[b"bytes"]', type: 'bytes' },
      { what: '{"a": [Own()]}', type: 'predict.Own' },
      { what: '(each for each in [Own()])', type: 'predict.Own' },
    ])(
      '$what, for which JSON has no form, is an error that names its type',
      async ({ what, type }) => {
        const code = `class Own: pass\ndef predict(_): return ${what}`;
        const server = await startModel(runtime, pythonFolder(code));

        const { status, json } = await server.post('/invocations', { inputs: 1 });

        expect(status).toBe(500);
        expect(json['error']).toContain(`a value of the type ${type}, for which JSON has no form`);
      },
    );

    it('times come out as ISO 8601 has them', async () => {
      const code =
        'import datetime, numpy\ndef predict(_): return [datetime.date(2026, 1, 2), numpy.array(["2026-01-02T03:04"], "datetime64[s]")]';
      const server = await startModel(runtime, pythonFolder(code));

      const { json } = await server.post('/invocations', { inputs: 1 });

      expect(json).toEqual({ predictions: ['2026-01-02', ['2026-01-02T03:04:00']] });
    });

    it('any tensors go in by the protocol', async () => {
      const server = await startModel(runtime, pythonFolder('def predict(a): return a + 1'));
      const inputs = [{ name: 'a', datatype: 'INT64', shape: [1, 2], data: [1, 2] }];

      const { json } = await server.post('/v2/models/m/infer', { inputs });

      expect(json.outputs).toEqual([
        { name: 'prediction', datatype: 'INT64', shape: [1, 2], data: [2, 3] },
      ]);
    });
  });

  it('an error beneath the code is told by the way through the code alone', async () => {
    const code = [
      'import json',
      'def parsed(text):',
      '  return json.loads(text)',
      'def predict(x):',
      '  return parsed("{")',
    ].join('\n');
    const server = await startModel(runtime, pythonFolder(code, X_TO_Y));

    await server.post('/invocations', { inputs: [1] });
    await eventually(() => server.stderr().includes("the model's code failed"));

    expect(server.stderr()).toMatch(
      new RegExp(
        [
          'Traceback \\(most recent call last\\):',
          '  File ".*predict.py", line 5, in predict',
          '    return parsed\\("{"\\)',
          '(?:.*\\^+\n)?  File ".*predict.py", line 3, in parsed',
          '    return json.loads\\(text\\)',
          "(?:.*\\^+\n)?the model's code failed: JSONDecodeError: .* \\(predict.py:3\\)",
        ].join('\n'),
      ),
    );
    expect(server.stderr()).not.toMatch(/decoder\.py|slipway_server/);
  });

  it('an answer that Lambda would refuse says so, unless it is small enough once encoded', async () => {
    const code = 'def predict(_): return bytes(4_800_000)';
    const server = await startModel(runtime, pythonFolder(code), {
      AWS_LWA_INVOKE_MODE: 'buffered',
    });
    const ask = (headers: Record<string, string>) =>
      fetch(`${server.url}/invocations`, {
        method: 'POST',
        body: '{"inputs":1}',
        headers: { 'content-type': 'application/json', 'accept-encoding': 'identity', ...headers },
      });
    const invoked = { 'x-amzn-lambda-context': '{}' };

    const [elsewhere, whole, encoded] = [
      await ask({}),
      await ask(invoked),
      await ask({ ...invoked, 'accept-encoding': 'gzip' }),
    ];

    expect([elsewhere.status, whole.status, encoded.status]).toEqual([200, 502, 200]);
    expect(await whole.json()).toEqual({
      error: expect.stringContaining('over what Lambda takes, 4.5 MB'),
    });
    expect((await encoded.arrayBuffer()).byteLength).toBe(4_800_000);
  });

  it.each([
    {
      from: 'a function',
      env: { AWS_LAMBDA_FUNCTION_NAME: 'f' },
      header: {
        'x-amzn-request-context': '{"requestId":"api-1"}',
        'x-slipway-request-id': 'of-the-client',
      },
    },
    { from: 'a container', env: {}, header: { 'x-slipway-request-id': 'api-1' } },
  ])('an error of the code has the id of the API’s request in the log of $from', async (api) => {
    const code = 'def predict(x): raise KeyError("no such city")';
    const server = await startModel(runtime, pythonFolder(code, X_TO_Y), api.env);

    await server.post('/invocations', { inputs: [1] }, api.header);

    await eventually(() => server.stderr().includes('request api-1: the model'));
  });

  it("an error of the code is the server's, with its message and nothing of what it saw", async () => {
    const code = 'def predict(x):\n  token = "hush"\n  raise KeyError("no such city")';
    const server = await startModel(runtime, pythonFolder(code, X_TO_Y), { TOKEN: 'hush' });

    const { status, json } = await server.post(
      '/invocations',
      { inputs: [1] },
      { 'x-request-id': 'order-7' },
    );

    expect({ status, json }).toEqual({
      status: 500,
      json: { error: "the model's code failed: KeyError: 'no such city'" },
    });
    await eventually(() => server.stderr().includes('(predict.py:3)'));
    expect(server.stderr()).toContain(
      "request order-7: the model's code failed: KeyError: 'no such city'",
    );
    expect(server.stderr()).not.toContain('hush');
  });

  it("SageMaker's handlers are given the body and its type, and write the answer", async () => {
    const server = await startModel(runtime, sagemakerFolder(HANDLERS));

    const answer = await fetch(`${server.url}/invocations`, {
      method: 'POST',
      body: 'one three',
      headers: { 'content-type': 'application/x-words; charset=utf-8' },
    });
    const refused = await server.post('/invocations', { inputs: [1] });

    expect(await answer.text()).toBe('13;15');
    expect(answer.headers.get('content-type')).toBe('text/plain');
    expect(refused.json).toEqual({ error: "the model's code failed: ValueError: only words" });
  });

  describe('code whose handlers write the type of an answer', () => {
    const answered = async (code: string, body: string) => {
      const server = await startModel(runtime, sagemakerFolder(code));
      return server.post('/invocations', body, { 'content-type': 'text/plain' });
    };
    const TYPE_OF_CALLER = `
def model_fn(folder): return 0
def input_fn(body, content_type): return body
def predict_fn(text, model): return text
def output_fn(text, accept): return "{}", eval(text)`;

    it.each([
      { type: '"text/plain\\r\\nset-cookie: a=b"', is: 'two lines' },
      { type: '"text/plain\\nset-cookie: a=b"', is: 'two lines, of an old kind' },
      { type: '"text/plain; a=\\u00e4"', is: 'letters that no header has' },
      { type: '"plain"', is: 'no type' },
      { type: '7', is: 'a number' },
    ])('is refused where it is $is, and adds no header', async ({ type }) => {
      const { status, headers, json } = await answered(TYPE_OF_CALLER, type);

      expect({ status, json }).toEqual({
        status: 500,
        json: {
          error: expect.stringMatching(
            /^the model's code answered with the content type .*; a content type is written like text\/csv or text\/plain; charset=utf-8$/,
          ),
        },
      });
      expect(headers.get('set-cookie')).toBeNull();
    });

    it('adds no header by which it would act on other models of its origin', async () => {
      const headersOf = await answered(
        `${TYPE_OF_CALLER}
import falcon.asgi
plain = falcon.asgi.App.__call__
async def call(self, scope, receive, send):
    async def more(message):
        if message["type"] == "http.response.start":
            names = (b"Set-Cookie", b"service-worker-allowed", b"clear-site-data", b"access-control-allow-origin")
            message["headers"] = [*message["headers"], *((name, b"*") for name in names)]
        await send(message)
    await plain(self, scope, receive, more)
falcon.asgi.App.__call__ = call`,
        '"text/csv; charset=utf-8"',
      );

      expect([...headersOf.headers.keys()].sort()).toEqual([
        ...['content-length', 'content-type', 'date', 'x-content-type-options'],
      ]);
      expect(headersOf.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    });
  });

  it("SageMaker's transform_fn takes the place of the three that read, predict and write", async () => {
    const server = await startModel(
      runtime,
      sagemakerFolder(`${HANDLERS}
def transform_fn(model, body, content_type, accept): return f"{body} {model} {content_type} {accept}"`),
    );

    const answer = await fetch(`${server.url}/invocations`, {
      method: 'POST',
      body: '1,2',
      headers: { 'content-type': 'text/csv', accept: 'text/plain' },
    });

    expect(await answer.text()).toBe('1,2 10 text/csv text/plain');
    expect(answer.headers.get('content-type')).toBe('text/plain');
  });

  it("SageMaker's own handlers take and write JSON and CSV", async () => {
    const server = await startModel(
      runtime,
      sagemakerFolder(
        'class Sum:\n  def predict(self, rows): return rows.sum(axis=1)\ndef model_fn(folder): return Sum()',
      ),
    );

    const json = await server.post('/invocations', [[1, 2]]);
    const csv = await fetch(`${server.url}/invocations`, {
      method: 'POST',
      body: '1,2\n3,4\n',
      headers: { 'content-type': 'text/csv', accept: 'text/csv' },
    });

    expect(json.text).toBe('[3]');
    expect(await csv.text()).toBe('3.0\n7.0\n');
  });

  it('a file without what is called is told of', async () => {
    const starting = startModel(runtime, pythonFolder('def forecast(x): return x', X_TO_Y));

    await expect(starting).rejects.toThrow(
      'predict.py has no predict, or a class Predictor with it',
    );
  });

  describe('code that is asked for CSV', () => {
    let server: ModelServer;
    beforeAll(async () => {
      server = await startModel(runtime, pythonFolder('def predict(inputs): return inputs'));
    });

    it.each([
      ['records', [{ a: 1, b: 'x' }, { a: 2.5 }], 'a,b\n1.0,x\n2.5,\n'],
      ['columns', { a: [1, 2], b: [true, false] }, 'a,b\n1,true\n2,false\n'],
      [
        'one record',
        { label: 'a, b', scores: [0.5, 1] },
        'label,scores_0,scores_1\n"a, b",0.5,1.0\n',
      ],
      ['values', ['a', null], 'prediction\na\n\n'],
      ['a value', 5, 'prediction\n5\n'],
      ['no rows', [], 'prediction\n'],
    ])('answers %s as a table', async (_, inputs, csv) => {
      const answer = await asked(server, { inputs }, 'text/csv');

      expect(answer.headers.get('content-type')).toBe('text/csv; charset=utf-8; header=present');
      expect(await answer.text()).toBe(csv);
    });

    it('leaves out the names where the client says so, and answers 406 to what is no table', async () => {
      const bare = await asked(server, { inputs: [{ a: 1 }] }, 'text/csv; header=absent');
      const nested = await asked(server, { inputs: [{ a: { b: 1 } }] }, 'text/csv');

      expect(await bare.text()).toBe('1\n');
      expect(nested.status).toBe(406);
      expect(await nested.json()).toEqual({
        error:
          '"a" has lists or objects, which do not fit in the cells of a table; ask for application/json',
      });
    });
  });
}

/** A model that SageMaker's handlers serve. */
async function sagemakerFolder(code: string): Promise<Env> {
  const folder = await modelFolder({
    'inference.py': code,
    'facts.json': JSON.stringify({
      format: 'sagemaker',
      brings: 'code',
      entrypoint: 'inference.py',
    }),
  });
  return { MODEL_PATH: folder, MODEL_FACTS: `${folder}/facts.json` };
}

function asked({ url }: ModelServer, body: object, accept = '*/*'): Promise<Response> {
  return fetch(`${url}/invocations`, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json', accept },
  });
}

/** Asks for a stream, and leaves after its first piece. */
async function leftEarly(server: ModelServer, body: object): Promise<void> {
  const reader = bodyOf(await asked(server, body)).getReader();
  await reader.read();
  await reader.cancel();
}

function bodyOf({ body }: Response): ReadableStream<Uint8Array> {
  if (!body) throw new Error('the answer has no body');
  return body as ReadableStream<Uint8Array>;
}

/** The chunks of an answer as they come over the wire, in ASCII. */
async function chunksOf({ url }: ModelServer, body: string): Promise<readonly string[]> {
  const { hostname, port, host } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.write(
    `POST /invocations HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  );
  const sent = await text(socket);
  const chunks: string[] = [];
  for (let at = sent.indexOf('\r\n\r\n') + 4; ; ) {
    const from = sent.indexOf('\r\n', at) + 2;
    const length = Number.parseInt(sent.slice(at, from), 16);
    if (!length) return chunks;
    chunks.push(sent.slice(from, from + length));
    at = from + length + 2;
  }
}
