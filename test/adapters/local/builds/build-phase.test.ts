import { mkdtempSync, rmSync } from 'node:fs';
import { getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { runPhase } from '#adapters/local/builds/build-phase.ts';

// A machine may have no command `nice`.
const NICE = `"${process.execPath}" -p 'os.getPriority()'`;
const LOW = Math.min(19, getPriority() + 3);

it('a phase of a build runs below what serves', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-phase-'));
  const nothing = () => () => undefined;

  const { exitCode, environment } = await runPhase({
    // Its first program may be quicker than whoever lowers it.
    commands: [
      `low() { ${NICE}; }; for i in {1..50}; do [ "$(low)" = ${LOW} ] && break; done; export NICE=$(low)`,
    ],
    directory: folder,
    environment: { PATH: process.env['PATH'] ?? '' },
    scratch: folder,
    log: { append: async () => undefined },
    signal: new AbortController().signal,
    guard: { watch: nothing, close: async () => undefined },
    watch: nothing,
  });
  rmSync(folder, { recursive: true });

  expect([exitCode, environment['NICE']]).toEqual([0, String(LOW)]);
});
