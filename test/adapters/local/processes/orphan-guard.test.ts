import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { eventually } from '../../../support/clock/eventually.ts';
import { isAlive } from '../../../support/local/processes.ts';

const PARENT = fileURLToPath(new URL('../../../support/local/platform-parent.ts', import.meta.url));

describe('a Slipway whose model servers of all targets are idle, starting, and busy without end', () => {
  let root: string;
  let slipway: ChildProcessByStdio<null, Readable, null>;
  let output: Interface;
  let pids: readonly number[];
  beforeEach(async () => {
    root = mkdtempSync(join(tmpdir(), 'slipway-ended-'));
    slipway = spawn(process.execPath, [PARENT, root], { stdio: ['ignore', 'pipe', 'inherit'] });
    output = createInterface(slipway.stdout);
    const [line] = await once(output, 'line');
    pids = JSON.parse(line);
  });
  afterEach(() => {
    slipway.kill('SIGKILL');
    rmSync(root, { recursive: true });
  });

  it('leaves no model server behind when it is killed', async () => {
    expect(pids).toHaveLength(9);
    expect(pids.every(isAlive)).toBe(true);

    slipway.kill('SIGKILL');

    await eventually(() => !pids.some(isAlive));
  });

  it('leaves none when it is stopped, and ends', async () => {
    slipway.kill('SIGTERM');

    const [[line], [code]] = await Promise.all([once(output, 'line'), once(slipway, 'exit')]);
    expect([line, code]).toEqual(['closed', 0]);
    expect(pids.filter(isAlive)).toEqual([]);
  });
});
