import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const MAIN = fileURLToPath(new URL('../../slipway.js', import.meta.url));

/** What a shell says of a command whose output it leads elsewhere. */
async function shell(redirected: string) {
  const command = `"${process.execPath}" "${MAIN}" completion bash ${redirected}`;
  const script = `set -o pipefail; ${command}; echo "exit $?" >&2`;
  return (await promisify(execFile)('bash', ['-c', script])).stderr;
}

const itOnLinux = existsSync('/dev/full') ? it : it.skip;

it('a command whose reader has left ends, and says nothing', async () => {
  expect(await shell('| head -c 1')).toBe('exit 0\n');
});

itOnLinux('a command whose output cannot be written says so, and has failed', async () => {
  expect(await shell('> /dev/full')).toBe(
    'slipway: the output could not be written: ENOSPC: no space left on device, write\nexit 1\n',
  );
});
