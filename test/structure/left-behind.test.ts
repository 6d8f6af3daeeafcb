import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { needing, notLinux } from '../support/needs.ts';

const { ownFolder, processesIn, tidy } = await import(
  String(new URL('../left-behind.js', import.meta.url))
);

const WAITS = ['-e', 'process.stdin.resume(); console.log("waits")'];

/** A process that does not end, whose environment, folder or arguments are as given. */
async function endless(args: readonly string[], options: object) {
  const child = spawn(process.execPath, [...WAITS, ...args], {
    ...options,
    env: {},
    stdio: 'pipe',
  });
  await once(child.stdout, 'data');
  return child;
}

needing(notLinux, () => {
  it.each([
    ['works in its folder', (folder: string) => endless([], { cwd: folder })],
    ['names its folder', (folder: string) => endless([`${folder}/data`], {})],
  ])('a run of the tests has left a process behind that %s', async (_, start) => {
    const folder = ownFolder();

    const child = await start(folder);
    const found = processesIn(folder);
    child.kill('SIGKILL');
    await once(child, 'exit');

    expect(found.map(({ pid }: { pid: number }) => pid)).toEqual([child.pid]);
    expect(await tidy(folder)).toEqual([]);
    expect(existsSync(folder)).toBe(false);
  });
});
