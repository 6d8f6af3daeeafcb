import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ownerOf } from '#adapters/local/bucket/owner.ts';
import { temporaryFolder } from '../../../support/slipway/running.ts';

const ACCOUNTS = 'root:x:0:0:root:/root:/bin/sh\nann:x:1001:1001::/home/ann:/bin/sh\n';

it.each([
  [1001n, 'ann (uid 1001)'],
  [0n, 'root (uid 0)'],
  [100n, 'uid 100'],
])('the owner of a file of uid %s is %s', async (uid, owner) => {
  await using folder = await temporaryFolder();
  const accounts = join(folder.path, 'passwd');
  await writeFile(accounts, ACCOUNTS);

  expect(await ownerOf({ uid }, accounts)).toBe(owner);
});

it('is a number where the machine has no list of accounts', async () => {
  await using folder = await temporaryFolder();

  expect(await ownerOf({ uid: 7n }, join(folder.path, 'passwd'))).toBe('uid 7');
});
