import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { modelFolder, startListening } from '../model-server.ts';
import type { Env, Runtime } from '../runtime.ts';

/** Runs the server to its end. */
export async function runToEnd({ command: [command, ...args], env: own }: Runtime, env: Env) {
  const child = spawn(command, args, {
    env: { PATH: process.env['PATH'], PORT: '0', ...own, ...env },
  });
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const [code] = await once(child, 'close');
  return { code, stderr };
}

/** How a server starts, and its message when it cannot. */
export function describeMain(runtime: Runtime): void {
  const { models } = runtime;

  describe('bad configuration ends with code 2 and one line', () => {
    let good: Env;
    beforeAll(async () => {
      good = { ...(await models.addConstant({ constant: 1 })), MODEL_NAME: 'm' };
    });

    it('that names the variable, its value and what it takes', async () => {
      expect(await runToEnd(runtime, { ...good, MODEL_NAME: 'a/b' })).toEqual({
        code: 2,
        stderr: 'MODEL_NAME is "a/b"; it takes letters, digits, ".", "_" and "-"\n',
      });
    });

    it('a port that is taken', async () => {
      const other = createServer().listen(0, '127.0.0.1');
      await once(other, 'listening');
      const address = other.address();
      const port = address && typeof address === 'object' ? address.port : 0;

      const end = await runToEnd(runtime, { ...good, PORT: String(port) });
      other.close();

      expect(end.code).toBe(2);
      expect(end.stderr).toMatch(new RegExp(`^listen EADDRINUSE.*:${port}\n$`));
    });
  });

  it('is alive but not ready while it loads', async () => {
    const server = await startListening(runtime, models.neverLoaded());

    const live = await server.get('/v2/health/live');
    const ping = await server.get('/ping');
    const invocation = await server.post('/invocations', { inputs: [1] });

    expect(live.status).toBe(200);
    expect(ping.status).toBe(503);
    expect(invocation.status).toBe(503);
    expect(invocation.json).toEqual({ error: 'the model m is loading' });
    server.child.kill('SIGKILL');
  });

  it('tells its parent once it is ready, and answers', async () => {
    const server = await startListening(runtime, models.addConstant({ constant: 1 }));

    const message = await server.ready;
    const { status, json } = await server.post('/invocations', { inputs: [1] });

    expect(message).toEqual({ ready: true });
    expect({ status, json }).toEqual({ status: 200, json: { predictions: [2] } });
  });

  it('writes nothing under HOME or TMPDIR', async () => {
    const { CI: _, ...env } = process.env;
    const folder = await modelFolder({});
    const folders = { HOME: join(folder, 'home'), TMPDIR: join(folder, 'tmp') };
    await mkdir(folders.HOME);
    await mkdir(folders.TMPDIR);
    const [command, ...args] = runtime.command;
    const model = await models.addConstant({ constant: 1 });
    const child = spawn(command, args, {
      env: { ...env, ...runtime.env, ...folders, ...model, MODEL_NAME: 'm', PORT: '0' },
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
}
