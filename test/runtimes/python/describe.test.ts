import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { measurement } from '#domain/build/measurement.ts';
import { timesOf } from '#domain/placement/measured.ts';
import { stopServers } from '../model-server.ts';
import { onPython, pythonFolder } from '../python-runtime.ts';
import type { Env, Runtime } from '../runtime.ts';

const run = promisify(execFile);

await onPython(describeDescribe);

const X_TO_Y = {
  inputs: [{ name: 'x', datatype: 'FP32', shape: ['n', 2] }],
  outputs: [{ name: 'y', datatype: 'FP32', shape: ['n'] }],
} as const;

const SUMS = 'print("a library prints")\ndef predict(x): return x.sum(axis=1)';

function describeDescribe(runtime: Runtime): void {
  afterAll(stopServers);

  /** The command's output. */
  async function describeModel(model: Env) {
    const [python] = runtime.command;
    const command = ['-m', 'slipway_server.describe'];
    const { stdout, stderr } = await run(python, command, { env: { ...runtime.env, ...model } });
    const said: ReturnType<typeof JSON.parse> = JSON.parse(stdout);
    return { said, stderr };
  }

  it('says what a model takes and gives, and what loading it costs, whatever else is printed', async () => {
    const { said } = await describeModel(await pythonFolder(SUMS, X_TO_Y));

    expect(said).toMatchObject({
      signature: {
        inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 2] }],
        outputs: [{ name: 'y', datatype: 'FP32', shape: [-1] }],
      },
      takesColumns: false,
      rows: 1,
      nativeMicros: null,
    });
    expect(said.importMs).toBeGreaterThan(0);
    expect(said.loadMs).toBeGreaterThan(0);
    expect(said.peakBytes).toBeGreaterThan(10_000_000);
    expect(said.packages).toContain('falcon==4.4.0');
  });

  it('says how long an answer takes, and on how much of the machine', async () => {
    const slow = `import time
def predict(x):
    until = time.process_time() + 0.02
    while time.process_time() < until: pass
    return x.sum(axis=1)`;

    const { said } = await describeModel(await pythonFolder(slow, X_TO_Y));

    const found = measurement.parse(said.measured);
    expect(found.runs[0]).toMatchObject({ rows: 1 });
    expect(found.runs[0]?.requests).toBeGreaterThanOrEqual(3);
    const { requestMs, parallelPart } = timesOf({ ...found, serverMs: 0 });
    expect(requestMs).toBeGreaterThanOrEqual(20);
    expect(parallelPart).toBeLessThan(0.5);
  });

  it('ends without waiting for what the code has started, and whatever that has done to its output', async () => {
    const code = `import sys, threading, time
threading.Thread(target=time.sleep, args=(3600,)).start()
sys.stdout = None
sys.stderr.close()
def predict(x): return x.sum(axis=1)`;

    const { said } = await describeModel(await pythonFolder(code, X_TO_Y));

    expect(said.rows).toBe(1);
  });

  it('ends by what went wrong without waiting for what the code has started', async () => {
    const code = `import threading, time
threading.Thread(target=time.sleep, args=(3600,)).start()
raise ValueError("no")`;

    const ended = describeModel(await pythonFolder(code, X_TO_Y));

    await expect(ended).rejects.toMatchObject({
      code: 1,
      stderr: 'ValueError: no (predict.py:3)\n',
    });
  });

  it('gives an example with the answer of the model itself', async () => {
    const { said } = await describeModel(await pythonFolder(SUMS, X_TO_Y));

    const inputs = [{ name: 'x', datatype: 'FP32', shape: [1, 2], data: [0, 0] }];
    const outputs = [{ name: 'y', datatype: 'FP32', shape: [1], data: [0] }];
    expect(said.example).toEqual({
      request: { protocol: 'infer', body: { inputs } },
      expect: { outputs },
      rtol: 1e-4,
    });
  });

  it.each([
    { protocol: 'infer', body: { inputs: [tensorOf([1, 2])] } },
    { protocol: 'invocations', body: { instances: [[1, 2]] } },
  ])('takes the example of the artifact, by $protocol', async (example) => {
    const { said } = await describeModel(await pythonFolder(SUMS, X_TO_Y, example));

    expect(said.example.request.body).toEqual({ inputs: [tensorOf([1, 2])] });
    expect(said.example.expect.outputs[0].data).toEqual([3]);
  });

  it('asks a model without a signature with its own example', async () => {
    const example = { protocol: 'invocations', body: { words: ['b', 'a'] } };
    const code = 'def predict(words): return sorted(words)';

    const { said } = await describeModel(await pythonFolder(code, undefined, example));

    expect(said).toMatchObject({
      signature: null,
      example: { request: example, expect: { predictions: ['a', 'b'] } },
    });
  });

  it('takes what a stream says for the list of its values', async () => {
    const example = { protocol: 'invocations', body: { words: ['b', 'a'] } };
    const code = 'def predict(words): yield from words';

    const { said } = await describeModel(await pythonFolder(code, undefined, example));

    expect(said.example.expect).toEqual(['b', 'a']);
  });

  it.each([
    ['import sys\nsys.exit(2)', /^SystemExit: 2 \(predict\.py:2\)\n$/],
    ['def', /^SyntaxError: invalid syntax \(predict\.py:1\)\n$/],
    ['import json\njson.loads("{")', /^JSONDecodeError: .* \(predict\.py:2\)\n$/],
    ['from lib.own import it', /^ValueError: no \(lib\/own\.py:2\)\n$/],
    ['import mytrans', /^ModuleNotFoundError: No module named 'mytrans' \(predict\.py:1\)\n$/],
  ])('ends %j with the line of the code itself', async (code, says) => {
    const model = await pythonFolder(code, X_TO_Y);
    const lib = join(model['MODEL_PATH'] ?? '', 'lib');
    await mkdir(lib);
    await writeFile(join(lib, 'own.py'), '\nraise ValueError("no")');

    const ended = describeModel(model);

    await expect(ended).rejects.toMatchObject({ stderr: expect.stringMatching(says) });
  });

  it('tells as a stage of the build how many golden rows it answers', async () => {
    const model = await pythonFolder('def predict(x): return x', X_TO_Y, {
      protocol: 'invocations',
      body: { inputs: [[1, 2]] },
    });

    expect((await describeModel(model)).stderr).toContain('progress: answering 1 golden rows\n');
  });

  it('ends with one line that says where the code failed, and shows no value', async () => {
    const model = await pythonFolder('secret = "hush"\nraise RuntimeError("no weights")', X_TO_Y);

    const ended = describeModel(model);

    await expect(ended).rejects.toMatchObject({
      code: 1,
      stderr: 'RuntimeError: no weights (predict.py:2)\n',
    });
  });
}

function tensorOf(data: readonly number[]) {
  return { name: 'x', datatype: 'FP32', shape: [1, 2], data };
}
