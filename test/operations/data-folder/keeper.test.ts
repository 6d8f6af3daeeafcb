import type { DataFolder } from '#operations/data-folder/data-folder.ts';
import { folderKeeper } from '#operations/data-folder/keeper.ts';
import { type KeptFolder, keptFolder, resultOf } from '../../support/local/data-folder.ts';

const BYTES_PER_SECOND = 4;

let kept: KeptFolder;
beforeEach(() => {
  kept = keptFolder();
});
afterEach(() => kept.close());

async function storeRotten(): Promise<string> {
  const object = await kept.store('weights');
  kept.rot(object);
  return object.sha256;
}

/** A keeper whose waits end at once, but for the one between the scrub number `scrubs` and the next. */
function keeping(scrubs: number, folder: DataFolder = kept.folder) {
  const told: unknown[] = [];
  const waits: number[] = [];
  const { promise: rests, resolve: rest } = Promise.withResolvers<void>();
  let left = scrubs;
  const keeper = folderKeeper({
    folder,
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
  const reading = (1000 * 'rotten'.length) / BYTES_PER_SECOND;
  expect(waits).toEqual([60_000, reading, 86_400_000, reading, 86_400_000]);
});

it('a scrub in the background that fails is told, and followed by the next', async () => {
  await storeRotten();
  const failure = new Error('the registry is locked');
  let looks = 0;
  const registry: DataFolder['registry'] = {
    ...kept.folder.registry,
    async models() {
      looks += 1;
      if (looks === 1) throw failure;
      return [];
    },
  };

  const { keeper, told, rests } = keeping(2, { ...kept.folder, registry });
  await rests;
  await keeper.stop();

  expect(told).toEqual([failure, expect.stringContaining('has other bytes')]);
});

it('what is said to be stored is counted anew after a prune', async () => {
  await kept.store('first', 'models/digits/digits.onnx');
  await kept.store('second', 'models/digits/digits.onnx');
  const { keeper } = keeping(0);
  const before = await keeper.storage();

  await resultOf(keeper.prune(false));
  const after = await keeper.storage();
  await keeper.stop();

  expect([before.prunableBytes, after.prunableBytes, after.objects]).toEqual([5, 0, 1]);
});
