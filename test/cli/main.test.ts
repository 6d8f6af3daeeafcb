import { execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { needing } from '../support/needs.ts';
import { temporaryFolder } from '../support/slipway/running.ts';
import { runCli } from './run-cli.ts';

const MAIN = fileURLToPath(new URL('../../slipway.js', import.meta.url));

/** A shell's report about a command with redirected output. */
async function shell(redirected: string) {
  const command = `"${process.execPath}" "${MAIN}" completion bash ${redirected}`;
  const script = `set -o pipefail; ${command}; echo "exit $?" >&2`;
  // bash warns of a locale that is not installed.
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

// Node reads these from 24 on.
it.each([{}, { NO_PROXY: 'example.org' }, { no_proxy: 'example.org' }])(
  'a command asks the Slipway of this machine and no proxy, where %j is not asked by one',
  async (spared) => {
    await using folder = await temporaryFolder();
    await using server = createServer(({ url }, response) => {
      if (url === '/healthz') response.end(JSON.stringify({ pid: process.pid }));
      else response.writeHead(404).end(JSON.stringify({ error: 'it was asked', fix: '' }));
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const control = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const instance = { pid: process.pid, control, gateway: control };
    writeFileSync(join(folder.path, 'instance.json'), JSON.stringify(instance));

    const { stderr } = await runCli(['status', '--data', folder.path], {
      PATH: process.env['PATH'],
      NODE_USE_ENV_PROXY: '1',
      HTTP_PROXY: 'http://127.0.0.1:1',
      ...spared,
    }).result;
    server.closeAllConnections();

    expect(stderr).toContain('it was asked');
  },
);

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
