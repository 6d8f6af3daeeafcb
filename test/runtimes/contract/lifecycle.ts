import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { eventually } from '../../support/clock/eventually.ts';
import { caughtUp, serverEnv, startModel } from '../model-server.ts';
import type { Runtime } from '../runtime.ts';

// A request that outlives every test.
const AN_HOUR = {
  method: 'POST',
  body: '{"inputs":[3600]}',
  headers: { 'content-type': 'application/json' },
} as const;

/** How a server ends: by signal, and with its parent. */
export function describeLifecycle(runtime: Runtime): void {
  const { models } = runtime;

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

  /** A server whose parent is a separate process. */
  async function startUnderParent() {
    const script = fileURLToPath(new URL('../parent.ts', import.meta.url));
    const parent = spawn(process.execPath, [script, ...runtime.command], {
      env: serverEnv(runtime, await models.asLongAsAsked()),
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
    const server = await startModel(runtime, models.asLongAsAsked());
    const exit = once(server.child, 'exit');
    const running = server.post('/invocations', { inputs: [0.5] });
    await caughtUp(server);

    server.child.kill('SIGTERM');
    await eventually(() => isRefused(server.url));
    const answer = await running;
    const [code] = await exit;

    expect(answer.status).toBe(200);
    expect(code).toBe(0);
  });

  describe('when its parent is killed with -9 the server ends at once', () => {
    it('idle', async () => {
      const { parent, url } = await startUnderParent();

      parent.kill('SIGKILL');

      await eventually(() => isRefused(url));
    });

    it('busy inside a long run', async () => {
      const { parent, url } = await startUnderParent();
      const run = fetch(`${url}/invocations`, AN_HOUR).then(
        () => 'answered',
        () => 'broken off',
      );
      await caughtUp({ url });

      parent.kill('SIGKILL');

      await eventually(() => isRefused(url));
      expect(await run).toBe('broken off');
    });
  });

  it('on SIGTERM is ended after its time to drain with a run that nobody waits for', async () => {
    const server = await startModel(runtime, models.asLongAsAsked(), { DRAIN_SECONDS: '1' });
    const exit = once(server.child, 'exit');
    const client = new AbortController();
    const abandoned = server.get('/invocations', { ...AN_HOUR, signal: client.signal });
    await caughtUp(server);
    client.abort();
    await abandoned.catch(() => undefined);

    server.child.kill('SIGTERM');
    const [, signal] = await exit;

    expect(signal).toBe(runtime.drainSignal);
  });
}

/** Whether nothing listens there any more; a server that hangs does. */
async function isRefused(url: string): Promise<boolean> {
  return fetch(`${url}/ping`, { signal: AbortSignal.timeout(500) }).then(
    () => false,
    (error) => error.cause?.code === 'ECONNREFUSED',
  );
}
