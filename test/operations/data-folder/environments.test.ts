import { rmSync, writeFileSync } from 'node:fs';
import { environmentProblem } from '#operations/data-folder/environments.ts';
import { writeEnvironment } from '../../support/local/package-folder.ts';
import { temporaryFolder } from '../../support/slipway/running.ts';

describe('the packages of an environment', () => {
  async function environment() {
    const folder = await temporaryFolder();
    return { ...folder, ...writeEnvironment(folder.path) };
  }

  it('are sound while each file has the hash that its package lists', async () => {
    await using made = await environment();
    expect(await environmentProblem(made.path)).toBeUndefined();

    writeFileSync(made.code, 'answer = 43\n');

    expect(await environmentProblem(made.path)).toBe(
      `has other bytes in thing.py than ${made.info} lists`,
    );
  });

  it('are not called sound where nothing lists them', async () => {
    await using made = await environment();
    rmSync(made.record);

    expect(await environmentProblem(made.path)).toBe(
      `cannot be checked: the RECORD of ${made.info} cannot be read`,
    );
  });

  it('are not called sound where they are gone', async () => {
    await using made = await environment();
    rmSync(made.packages, { recursive: true });

    expect(await environmentProblem(made.path)).toBe('has no folder of packages');
  });
});
