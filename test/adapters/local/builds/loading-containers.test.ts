import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadingCpuSeconds } from '#adapters/local/builds/loading-containers.ts';
import { temporaryFolder } from '../../../support/slipway/running.ts';

describe('the CPU time of a build whose model is loaded in a container', () => {
  const used: Readonly<Record<string, number | null>> = { a1: 2, b2: 0.5, c3: null };
  const find = (id: string) => (id in used ? { cpuSeconds: () => used[id] ?? null } : undefined);

  it.each([
    { says: 'that of its containers together', ids: ['a1\n', 'b2'], seconds: 2.5 },
    { says: 'not known while the engine builds', ids: [], seconds: null },
    { says: 'not known before the container has its id', ids: [''], seconds: null },
    { says: 'not known where no process of it is here', ids: ['a1', 'gone'], seconds: null },
    { says: 'not known where the system does not tell', ids: ['a1', 'c3'], seconds: null },
  ])('is $says', async ({ ids, seconds }) => {
    await using folder = await temporaryFolder();
    for (const [index, id] of ids.entries()) writeFileSync(join(folder.path, `${index}.cid`), id);
    writeFileSync(join(folder.path, 'artifact'), 'a1');

    expect(loadingCpuSeconds(folder.path, find)).toBe(seconds);
  });

  it('is not known where the build removes the file of an ended container meanwhile', async () => {
    await using folder = await temporaryFolder();
    // A link to nothing is listed, and cannot be read.
    symlinkSync(join(folder.path, 'gone'), join(folder.path, '0.cid'));

    expect(loadingCpuSeconds(folder.path, find)).toBeNull();
  });

  it('is not known once the folder is gone', () => {
    expect(loadingCpuSeconds('/nowhere', find)).toBeNull();
  });
});
