import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import {
  addConstantModel,
  EXTERNAL_DATA,
  externalDataModel,
  identityModel,
  slowLoadingModel,
  wrongDomainModel,
} from '../../support/onnx-models.ts';
import { MAIN, modelFile, startListening, startModel, stopServers } from './model-server.ts';

afterAll(stopServers);

/** Runs the server to its end. */
async function runToEnd(env: Readonly<Record<string, string>>) {
  const child = spawn(process.execPath, [MAIN], {
    env: { PATH: process.env['PATH'], PORT: '0', ...env },
  });
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const [code] = await once(child, 'close');
  return { code, stderr };
}

describe('bad configuration ends with code 2 and one line', () => {
  const good = { MODEL_PATH: 'm.onnx', MODEL_NAME: 'm' };

  it.each([
    { env: { MODEL_NAME: 'm' }, says: 'MODEL_PATH is not set' },
    { env: { MODEL_PATH: 'm.onnx' }, says: 'MODEL_NAME is not set' },
    {
      env: { ...good, MODEL_NAME: 'a/b' },
      says: 'MODEL_NAME is "a/b"; it takes letters, digits, ".", "_" and "-"',
    },
    {
      env: { ...good, PORT: '70000' },
      says: 'PORT is "70000"; it takes a whole number from 0 to 65535',
    },
    {
      env: { ...good, MAX_BODY_BYTES: '6MB' },
      says: 'MAX_BODY_BYTES is "6MB"; it takes a whole number from 1 to 536870912',
    },
    {
      env: { ...good, SLIPWAY_REVISION: 'a\nb' },
      says: 'SLIPWAY_REVISION holds characters that an HTTP header cannot',
    },
  ])('$says', async ({ env, says }) => {
    expect(await runToEnd(env)).toEqual({ code: 2, stderr: `${says}\n` });
  });

  it('a port that is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const address = other.address();
    const port = address && typeof address === 'object' ? address.port : 0;

    const end = await runToEnd({ ...good, PORT: String(port) });
    other.close();

    expect(end.code).toBe(2);
    expect(end.stderr).toMatch(new RegExp(`^listen EADDRINUSE.*:${port}\n$`));
  });
});

describe('a model that does not load ends the server with code 1 and the reason in one line', () => {
  it.each([
    { says: 'com.example:Mystery', bytes: wrongDomainModel() },
    { says: 'Protobuf parsing failed', bytes: addConstantModel({ constant: 1 }).slice(0, 40) },
    { says: 'Protobuf parsing failed', bytes: Buffer.from('just some text') },
    { says: 'Unsupported data type: 16', bytes: identityModel({ datatype: 'BF16', shape: ['n'] }) },
    { says: 'weights.bin', bytes: externalDataModel('weights.bin') },
  ])('$says', async ({ says, bytes }) => {
    const end = await runToEnd({ MODEL_NAME: 'm', MODEL_PATH: await modelFile(bytes) });

    expect(end.code).toBe(1);
    expect(end.stderr).toContain(says);
    expect(end.stderr.trimEnd().split('\n')).toHaveLength(1);
  });

  it('a missing file', async () => {
    const end = await runToEnd({ MODEL_NAME: 'm', MODEL_PATH: '/nowhere/m.onnx' });

    expect(end.code).toBe(1);
    expect(end.stderr).toMatch(/^.*\/nowhere\/m\.onnx.*\n$/);
  });
});

it('loads weights that lie beside the model', async () => {
  const file = await modelFile(externalDataModel('weights.bin'));
  await writeFile(join(dirname(file), 'weights.bin'), EXTERNAL_DATA);
  const server = await startModel(file);

  const { json } = await server.post('/invocations', { inputs: [0, 0, 0, 0] });

  expect(json).toEqual({ predictions: [1, 2, 3, 4] });
});

it('is alive but not ready while it loads, then tells its parent and answers', async () => {
  const server = await startListening(await modelFile(slowLoadingModel({ seconds: 1 })));

  const loading = {
    live: await server.get('/v2/health/live'),
    ping: await server.get('/ping'),
    invocation: await server.post('/invocations', { inputs: [1] }),
  };
  const message = await server.ready;
  const ping = await server.get('/ping');

  expect(loading.live.status).toBe(200);
  expect(loading.ping.status).toBe(503);
  expect(loading.invocation.status).toBe(503);
  expect(loading.invocation.json).toEqual({ error: 'the model m is loading' });
  expect(message).toEqual({ ready: true });
  expect(ping.status).toBe(200);
});

it('writes nothing under HOME or TMPDIR: onnxruntime sends no usage events', async () => {
  const { CI: _, ...env } = process.env;
  const file = await modelFile(addConstantModel({ constant: 1 }));
  const folders = { HOME: join(dirname(file), 'home'), TMPDIR: join(dirname(file), 'tmp') };
  await mkdir(folders.HOME);
  await mkdir(folders.TMPDIR);
  const child = spawn(process.execPath, [MAIN], {
    env: { ...env, ...folders, MODEL_PATH: file, MODEL_NAME: 'm', PORT: '0' },
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const url = String((await lines.next()).value).replace(/.* /, '');
  await lines.next();
  await fetch(`${url}/invocations`, {
    method: 'POST',
    body: '{"inputs":[1]}',
    headers: { 'content-type': 'application/json' },
  });
  child.kill('SIGTERM');
  await once(child, 'exit');

  expect(await readdir(folders.HOME)).toEqual([]);
  expect(await readdir(folders.TMPDIR)).toEqual([]);
});
