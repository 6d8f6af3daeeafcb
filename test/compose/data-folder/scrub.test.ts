import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openRegistry } from '#adapters/local/registry/open-registry.ts';
import type { DataFolder } from '#compose/data-folder/data-folder.ts';
import { openDataFolder } from '#compose/data-folder/open.ts';
import { scrub } from '#compose/data-folder/scrub.ts';
import type { Scrubbed } from '#control/data-folder.ts';

let dataDir: string;
let folder: DataFolder & Disposable;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'slipway-scrub-'));
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

async function stored(text: string) {
  using object = await folder.objects.write(bytesOf(text), text.length);
  const seen = { content: text, changedNs: '1' };
  return folder.versions.add(`models/${text}.onnx`, object, seen);
}

async function scrubbed(pace: () => Promise<void>): Promise<Scrubbed> {
  for await (const line of scrub(folder, { pace })) if ('result' in line) return line.result;
  throw new Error('there is no result');
}

it('an object that is pruned while others are read is not bad', async () => {
  await stored('first');
  const pruned = await stored('second');

  const { checked, bad } = await scrubbed(async () => {
    folder.versions.forget([pruned]);
    await folder.objects.remove(pruned.sha256, () => false);
  });

  expect({ checked, bad }).toEqual({ checked: 2, bad: [] });
});

it('an object of which a version is still recorded is bad when it is gone', async () => {
  await stored('first');
  const lost = await stored('second');

  const { bad } = await scrubbed(() => rm(folder.objects.path(lost.sha256), { force: true }));

  expect(bad).toMatchObject([{ name: `objects/${lost.sha256}`, models: [] }]);
});
