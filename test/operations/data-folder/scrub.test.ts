import { mkdirSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { objectStore } from '#adapters/local/bucket/object-store.ts';
import { checkedFiles } from '#adapters/local/integrity/checked-files.ts';
import { scrub } from '#operations/data-folder/scrub.ts';
import { type KeptFolder, keptFolder, resultOf } from '../../support/local/data-folder.ts';
import { withVersion } from '../../support/local/kept-version.ts';
import { writeEnvironment } from '../../support/local/package-folder.ts';

let kept: KeptFolder;
beforeEach(() => {
  kept = keptFolder();
});
afterEach(() => kept.close());

it('an object that is pruned while others are read is not bad', async () => {
  const { folder } = kept;
  await kept.store('first');
  const pruned = await kept.store('second');
  const pace = async () => {
    folder.versions.forget([pruned]);
    await folder.objects.remove(pruned.sha256, () => false);
  };

  const { checked, bad } = await resultOf(scrub(folder, { pace }));

  expect({ checked, bad }).toEqual({ checked: 2, bad: [] });
});

it('an object of which a version is still recorded is bad when it is gone', async () => {
  const { folder } = kept;
  await kept.store('first');
  const lost = await kept.store('second');
  const pace = () => rm(folder.objects.path(lost.sha256), { force: true });

  const { bad } = await resultOf(scrub(folder, { pace }));

  expect(bad).toMatchObject([{ name: `objects/${lost.sha256}`, models: [] }]);
});

it('an object that has rotted below the file system, which notes no change, is found', async () => {
  const { folder } = kept;
  const object = await kept.store('weights');
  kept.rot(object);
  // The record of a file that was read before it rotted.
  const known = { ...checkedFiles(), problem: async () => undefined };
  const objects = objectStore(join(folder.dataDir, 'objects'), known);

  const { bad } = await resultOf(scrub({ ...folder, objects }));

  expect(bad).toMatchObject([{ name: `objects/${object.sha256}` }]);
});

it('a folder that a build made is read from the disk, and bad where it has other bytes', async () => {
  const asked: unknown[] = [];
  const { folder, noted } = withVersion(kept.folder, { tag: 'digits-1' });
  const imageProblem = async (...given: readonly unknown[]) => {
    asked.push(given);
    return 'has other bytes than it was stored with';
  };

  const { bad } = await resultOf(scrub({ ...folder, imageProblem }));

  expect(asked).toEqual([
    [expect.objectContaining({ tag: 'digits-1' }), { pace: expect.any(Function) }],
  ]);
  const name = 'images/images/digits-1';
  expect(bad).toMatchObject([{ name, models: ['digits-v1'] }]);
  expect(noted).toEqual([
    {
      reason: expect.stringContaining(`cannot be started: ${name} has other bytes`),
      fix: bad[0]?.fix,
    },
  ]);
});

it('an environment is bad where a package has other bytes than it brought', async () => {
  const { folder } = kept;
  const environment = join(folder.dataDir, 'images/environments/e1');
  const packages = join(environment, 'lib/python3.12/site-packages');
  mkdirSync(join(packages, 'numpy-2.0.dist-info'), { recursive: true });
  writeFileSync(join(environment, 'lock.txt'), '');
  writeFileSync(join(packages, 'numpy.py'), 'rotten');
  const listed = `numpy.py,sha256=${'A'.repeat(43)},6\n`;
  writeFileSync(join(packages, 'numpy-2.0.dist-info/RECORD'), listed);

  const { bad } = await resultOf(scrub(folder));

  expect(bad).toMatchObject([
    {
      name: 'images/environments/e1',
      reason: expect.stringContaining('has other bytes in numpy.py'),
    },
  ]);
});

it('a scrub that is stopped while it reads an environment finds nothing wrong with it', async () => {
  const { folder, noted } = withVersion(kept.folder, { tag: 'digits-1' });
  writeEnvironment(join(folder.dataDir, 'images/environments/e1'));
  const stopping = new AbortController();
  const pace = async () => {
    stopping.abort();
    stopping.signal.throwIfAborted();
  };

  const scrubbed = resultOf(
    scrub({ ...folder, imageProblem: async () => undefined }, { pace, signal: stopping.signal }),
  );

  await expect(scrubbed).rejects.toThrow('aborted');
  expect(noted).toEqual([]);
});
