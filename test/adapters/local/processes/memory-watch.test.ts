import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { watchMemory } from '#adapters/local/processes/memory-watch.ts';
import { processSessions } from '#adapters/local/processes/process-sessions.ts';
import { needing } from '../../../support/needs.ts';

const LIMIT_MIB = 250;
const PYTHON = '/usr/bin/python3';

/** The reports of one look at a server that runs this code in its own session; the server writes a line once it holds all its memory. */
async function said(code: string): Promise<readonly number[]> {
  const server = spawn(PYTHON, ['-c', code], {
    detached: true,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const pid = Number(server.pid);
  try {
    await once(server.stdout, 'data');
    const over: number[] = [];
    const watch = watchMemory(pid, LIMIT_MIB, (mib) => over.push(mib), processSessions());
    watch.look();
    watch.stop();
    return over;
  } finally {
    process.kill(-pid, 'SIGKILL');
  }
}

// A server and five processes that it has started: together they hold, or share, so many MiB.
const together = (held: number, shared: number) => `
import os, sys
shared = bytearray(b'x' * (${shared} << 20))
told, tells = os.pipe()
for _ in range(5):
    if os.fork() == 0:
        held = bytearray(b'x' * (${held} << 20))
        os.write(tells, b'x')
        sys.stdin.read()
        os._exit(0)
for _ in range(5):
    os.read(told, 1)
print('holds it', flush=True)
sys.stdin.read()
`;

const isLinux = process.platform === 'linux';

needing(isLinux ? undefined : 'only Linux tells what a process holds', () => {
  describe('the memory of a model server', () => {
    it('is over its limit by the server alone', async () => {
      const [usedMiB] = await said(
        "import sys; held = bytearray(b'x' * (300 << 20)); print('holds it', flush=True); sys.stdin.read()",
      );

      expect(usedMiB).toBeGreaterThan(300);
    });

    it('is over its limit by all processes that it has started, of which each is below it', async () => {
      const [usedMiB] = await said(together(60, 0));

      expect(usedMiB).toBeGreaterThan(300);
      expect(usedMiB).toBeLessThan(450);
    });

    it('counts once what they share', async () => {
      expect(await said(together(0, 150))).toEqual([]);
    });
  });
});
