import { linkSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkedFiles } from '#adapters/local/integrity/checked-files.ts';
import { sha256 } from '../../../support/local/bucket-folder.ts';

/** Whole seconds: those of now have nanoseconds, which no program here can give a file again. */
const setBack = (path: string) => utimesSync(path, 1, 1);

describe('a file that was checked', () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'slipway-checked-'));
    path = join(folder, 'file');
    writeFileSync(path, 'weights');
    setBack(path);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('is found changed when its bytes change and its times are set back', async () => {
    const files = checkedFiles();
    expect(await files.problem(path, sha256('weights'))).toBeUndefined();

    writeFileSync(path, 'weighty');
    setBack(path);

    expect(await files.problem(path, sha256('weights'))).toBe(
      'has other bytes than it was stored with',
    );
  });

  it('is found changed when that happens while it gets another name', async () => {
    const files = checkedFiles();
    await files.problem(path, sha256('weights'));
    {
      using _ = files.renaming([path]);
      linkSync(path, join(folder, 'other'));
      writeFileSync(path, 'rotten');
    }

    expect(await files.problem(path, sha256('weights'))).toBe(
      'has other bytes than it was stored with',
    );
  });

  it('is known under its other name too, and gone once it is removed', async () => {
    const files = checkedFiles();
    await files.trust(path, sha256('weights'));
    {
      using _ = files.renaming([path]);
      linkSync(path, join(folder, 'other'));
    }

    expect(await files.problem(join(folder, 'other'), sha256('weights'))).toBeUndefined();
    rmSync(path);
    expect(await files.problem(path, sha256('weights'))).toBe('is gone');
  });
});
