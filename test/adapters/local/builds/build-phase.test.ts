import { mkdtempSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { runPhase } from '#adapters/local/builds/build-phase.ts';

const LOW = Math.min(19, getPriority() + 3);

it('a phase of a build runs below what serves', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-phase-'));
  await using log = await open(join(folder, 'log'), 'w');
  const nothing = () => () => undefined;

  const { exitCode, environment } = await runPhase({
    // Its first program may be quicker than the process that lowers its priority.
    commands: [`for i in {1..200}; do [ "$(nice)" = ${LOW} ] && break; done; export NICE=$(nice)`],
    directory: folder,
    environment: { PATH: process.env['PATH'] ?? '' },
    scratch: folder,
    output: log.fd,
    signal: new AbortController().signal,
    guard: { watch: nothing, close: async () => undefined },
    watch: nothing,
  });
  rmSync(folder, { recursive: true });

  expect([exitCode, environment['NICE']]).toEqual([0, String(LOW)]);
});
