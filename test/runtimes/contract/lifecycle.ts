import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { caughtUp, serverEnv, startModel, stopServers, until } from '../model-server.ts';
import type { Runtime } from '../runtime.ts';

const INVOCATION = {
  method: 'POST',
  body: '{"inputs":[1]}',
  headers: { 'content-type': 'application/json' },
} as const;

/** How a server ends: by signal, and with its parent. */
export function describeLifecycle(runtime: Runtime): void {
  const { models } = runtime;
  afterAll(stopServers);

  const orphans: number[] = [];
  afterAll(() => {
    for (const pid of orphans) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended by itself, as it does when all is well.
      }
    }
  });

  /** A server whose parent is a process of its own, with a model that runs for a minute. */
  async function startUnderParent() {
    const script = fileURLToPath(new URL('../parent.ts', import.meta.url));
    const parent = spawn(process.execPath, [script, ...runtime.command], {
      env: serverEnv(runtime, await models.slow({ seconds: 60 })),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const lines = createInterface({ input: parent.stdout })[Symbol.asyncIterator]();
    const next = async () => JSON.parse((await lines.next()).value ?? '{}');
    const { pid } = await next();
    orphans.push(pid);
    const { listening } = await next();
    expect(await next()).toEqual({ ready: true });
    return { parent, url: `http://127.0.0.1:${listening}` };
  }

  it('on SIGTERM answers what it was asked, takes no more and exits with 0', async () => {
    const server = await startModel(runtime, models.slow({ seconds: 1 }));
    const exit = once(server.child, 'exit');
    const running = server.post('/invocations', { inputs: [1] });
    await caughtUp(server);

    server.child.kill('SIGTERM');
    await until(() => isRefused(server.url));
    const answer = await running;
    const [code] = await exit;

    expect(answer.status).toBe(200);
    expect(code).toBe(0);
  });

  describe('when its parent is killed with -9 the server ends at once', () => {
    it('idle', async () => {
      const { parent, url } = await startUnderParent();

      parent.kill('SIGKILL');

      await until(() => isRefused(url));
    });

    it('busy inside a long run', async () => {
      const { parent, url } = await startUnderParent();
      const run = fetch(`${url}/invocations`, INVOCATION).then(
        () => 'answered',
        () => 'broken off',
      );
      await caughtUp({ url });

      parent.kill('SIGKILL');

      await until(() => isRefused(url));
      expect(await run).toBe('broken off');
    });
  });

  it('on SIGTERM is ended after 10 s with a run that nobody waits for', async () => {
    const server = await startModel(runtime, models.slow({ seconds: 60 }));
    const exit = once(server.child, 'exit');
    const client = new AbortController();
    const abandoned = server.get('/invocations', { ...INVOCATION, signal: client.signal });
    await caughtUp(server);
    client.abort();
    await abandoned.catch(() => undefined);

    const start = performance.now();
    server.child.kill('SIGTERM');
    const [, signal] = await exit;
    const tookSeconds = (performance.now() - start) / 1000;

    expect(signal).toBe(runtime.drainSignal);
    expect(tookSeconds).toBeGreaterThan(9);
    expect(tookSeconds).toBeLessThan(12);
  });
}

/** Whether nothing listens there any more; a server that hangs does. */
async function isRefused(url: string): Promise<boolean> {
  return fetch(`${url}/ping`, { signal: AbortSignal.timeout(500) }).then(
    () => false,
    (error) => error.cause?.code === 'ECONNREFUSED',
  );
}
