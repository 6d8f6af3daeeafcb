import { execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { needing } from '../support/needs.ts';
import { temporaryFolder } from '../support/slipway/running.ts';

const MAIN = fileURLToPath(new URL('../../slipway.js', import.meta.url));

/** What a shell says of a command whose output it leads elsewhere. */
async function shell(redirected: string) {
  const command = `"${process.execPath}" "${MAIN}" completion bash ${redirected}`;
  const script = `set -o pipefail; ${command}; echo "exit $?" >&2`;
  // Of a locale that is not installed bash says so.
  const env = { ...process.env, LC_ALL: 'C' };
  return (await promisify(execFile)('bash', ['-c', script], { env })).stderr;
}

it('a command whose reader has left ends, and says nothing', async () => {
  expect(await shell('| head -c 1')).toBe('exit 0\n');
});

it('a pipe gets the whole of an answer that is larger than it holds', async () => {
  // Each letter is shown by six.
  const word = '\u202e'.repeat(40_000);
  const script = `"${process.execPath}" "${MAIN}" "$0" --json | cat`;

  // Node's own pipes are sockets, which hold more.
  const { stdout } = await promisify(execFile)('bash', ['-c', script, word], { maxBuffer: 1e6 });

  expect(stdout.length).toBeGreaterThan(240_000);
  expect(JSON.parse(stdout).error.message).toContain(word);
});

needing(existsSync('/dev/full') ? undefined : 'there is no /dev/full', () => {
  it('a command whose output cannot be written says so, and has failed', async () => {
    expect(await shell('> /dev/full')).toBe(
      'slipway: the output could not be written: ENOSPC: no space left on device, write\nexit 1\n',
    );
  });
});

it('a Slipway whose starter is gone, as one on another Node that was killed, stops as by SIGTERM', async () => {
  await using folder = await temporaryFolder();
  const child = fork(MAIN, ['start', '--data', folder.path], {
    silent: true,
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'] },
  });
  await once(child, 'spawn');
  for await (const text of child.stdout ?? []) if (`${text}`.includes('serving until')) break;

  child.disconnect();

  expect(await once(child, 'exit')).toEqual([0, null]);
});
