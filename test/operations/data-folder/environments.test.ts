import { createHash } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { environmentProblem } from '#operations/data-folder/environments.ts';
import { temporaryFolder } from '../../support/slipway/running.ts';

const CODE = 'answer = 42\n';
const INFO = 'thing-1.0.dist-info';

describe('the packages of an environment', () => {
  async function environment() {
    const folder = await temporaryFolder();
    const packages = join(folder.path, 'lib/python3.12/site-packages');
    mkdirSync(join(packages, INFO), { recursive: true });
    writeFileSync(join(packages, 'thing.py'), CODE);
    const hash = createHash('sha256').update(CODE).digest('base64url');
    const record = join(packages, INFO, 'RECORD');
    writeFileSync(record, `thing.py,sha256=${hash},${CODE.length}\n${INFO}/RECORD,,\n`);
    return { ...folder, packages, record };
  }

  it('are sound while each file has the hash that its package lists', async () => {
    await using made = await environment();
    expect(await environmentProblem(made.path)).toBeUndefined();

    writeFileSync(join(made.packages, 'thing.py'), 'answer = 43\n');

    expect(await environmentProblem(made.path)).toBe(
      `has other bytes in thing.py than ${INFO} lists`,
    );
  });

  it('are not called sound where nothing lists them', async () => {
    await using made = await environment();
    rmSync(made.record);

    expect(await environmentProblem(made.path)).toBe(
      `cannot be checked: the RECORD of ${INFO} cannot be read`,
    );
  });

  it('are not called sound where they are gone', async () => {
    await using made = await environment();
    rmSync(made.packages, { recursive: true });

    expect(await environmentProblem(made.path)).toBe('has no folder of packages');
  });
});
