import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { eventually } from '../../support/eventually.ts';
import { isAlive } from '../../support/processes.ts';

const PARENT = fileURLToPath(new URL('../../support/platform-parent.ts', import.meta.url));

it('leaves no model server behind when Slipway is killed, not even one that never yields', async () => {
  const root = mkdtempSync(join(tmpdir(), 'slipway-killed-'));
  const parent = spawn(process.execPath, [PARENT, root], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(createInterface(parent.stdout), 'line');
  const pids: number[] = JSON.parse(line);
  expect(pids.map(isAlive)).toEqual([true, true, true]);

  parent.kill('SIGKILL');

  await eventually(() => !pids.some(isAlive));
  rmSync(root, { recursive: true });
});
