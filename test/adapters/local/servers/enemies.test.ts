import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { removeFolder } from '#adapters/local/files/remove-folder.ts';
import { again, SEED } from '../../../support/fuzz/seeded.ts';
import { needing } from '../../../support/needs.ts';
import { temporaryFolder } from '../../../support/slipway/running.ts';
import { missingWalls } from '../../../support/walls/canaries.ts';
import type { Aftermath, Fight } from '../../../support/walls/enemy-host.ts';

const HOST = fileURLToPath(new URL('../../../support/walls/enemy-host.ts', import.meta.url));
/** How long models are enemies at least: `SLIPWAY_ENEMY_SECONDS=600 npm test -- servers/enemies`. */
const SECONDS = Number(process.env['SLIPWAY_ENEMY_SECONDS'] ?? 0);
const REACHING_OUT = [
  ...['signals', 'signals_by_a_handle', 'slows_down', 'schedules', 'limits'],
  ...['connects', 'opens', 'leases'],
];

async function fought(over: Partial<Fight>): Promise<Aftermath> {
  await using folder = await temporaryFolder();
  const fight: Fight = {
    ...{ root: folder.path, seed: SEED, enemies: 8, atOnce: 2, attempts: 400, seconds: SECONDS },
    ...over,
  };
  try {
    const args = [HOST, JSON.stringify(fight)];
    const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 2 ** 24 });
    return JSON.parse(stdout);
  } finally {
    // The enemies have closed their folders, so a plain removal would fail.
    await removeFolder(folder.path);
  }
}

needing(missingWalls(), () => {
  describe('model servers that do at random whatever a process can do with all that it has', () => {
    it(`end nobody else and stall nobody else: ${again('servers/enemies')}`, async () => {
      const { wrong, changed, leastAsked, enemies, done } = await fought({});

      expect({ wrong, changed }).toEqual({ wrong: [], changed: [] });
      expect(enemies).toBeGreaterThanOrEqual(8);
      // While each of them fought, the others went on answering.
      expect(leastAsked).toBeGreaterThan(0);
      // They tried indeed.
      expect(Object.keys(done)).toEqual(expect.arrayContaining(['writes', 'lays_traps']));
      // Attempts to reach into other processes never succeeded.
      expect(Object.keys(done).filter((name) => REACHING_OUT.includes(name))).toEqual([]);
    });
  });
});
