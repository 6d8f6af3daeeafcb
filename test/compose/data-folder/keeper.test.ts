import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openRegistry } from '#adapters/local/registry/open-registry.ts';
import type { DataFolder } from '#compose/data-folder/data-folder.ts';
import { folderKeeper } from '#compose/data-folder/keeper.ts';
import { openDataFolder } from '#compose/data-folder/open.ts';

const BYTES_PER_SECOND = 4;

let dataDir: string;
let folder: DataFolder & Disposable;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'slipway-keeper-'));
  openRegistry(dataDir, { beginsAnew: false, nowMs: 1 }).close();
  folder = openDataFolder(dataDir);
});
afterEach(async () => {
  folder[Symbol.dispose]();
  await rm(dataDir, { recursive: true });
});

async function* bytesOf(text: string) {
  yield Buffer.from(text);
}

async function storeRotten(): Promise<string> {
  using object = await folder.objects.write(bytesOf('weights'), 7);
  const path = folder.objects.path(object.sha256);
  await chmod(path, 0o644);
  await writeFile(path, 'WEIGHTS');
  return object.sha256;
}

/** A keeper whose waits end at once, but for the one between the scrub number `scrubs` and the next. */
function keeping(scrubs: number, database: DataFolder = folder) {
  const told: unknown[] = [];
  const waits: number[] = [];
  const { promise: rests, resolve: rest } = Promise.withResolvers<void>();
  let left = scrubs;
  const keeper = folderKeeper({
    folder: database,
    bytesPerSecond: BYTES_PER_SECOND,
    onProblem: (problem) => told.push(problem),
    wait(ms, signal) {
      waits.push(ms);
      const isBetween = ms >= 60_000;
      if (isBetween) left -= 1;
      if (!isBetween || left >= 0) return Promise.resolve();
      rest();
      return new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason));
      });
    },
  });
  return { keeper, told, waits, rests };
}

it('what has rotted is found in the background, slowly, a minute after the start and then each day', async () => {
  const sha256 = await storeRotten();

  const { keeper, told, waits, rests } = keeping(2);
  await rests;
  await keeper.stop();

  const bad = expect.stringMatching(`^objects/${sha256} has other bytes .* → `);
  expect(told).toEqual([bad, bad]);
  const reading = (1000 * 7) / BYTES_PER_SECOND;
  expect(waits).toEqual([60_000, reading, 86_400_000, reading, 86_400_000]);
});

it('a scrub in the background that fails is told, and followed by the next', async () => {
  await storeRotten();
  const failure = new Error('the registry is locked');
  let looks = 0;
  const registry: DataFolder['registry'] = {
    ...folder.registry,
    async models() {
      looks += 1;
      if (looks === 1) throw failure;
      return [];
    },
  };

  const { keeper, told, rests } = keeping(2, { ...folder, registry });
  await rests;
  await keeper.stop();

  expect(told).toEqual([failure, expect.stringContaining('has other bytes')]);
});
