import type { BigIntStats } from 'node:fs';
import { readFile } from 'node:fs/promises';

/** The owner of a file, as `ann (uid 1001)`; as `uid 1001` where the machine has no name for the user. Undefined on Windows, where files have no uid. */
export async function ownerOf(
  { uid }: Pick<BigIntStats, 'uid'>,
  accounts = '/etc/passwd',
): Promise<string | undefined> {
  if (process.getuid === undefined) return undefined;
  const text = await readFile(accounts, 'utf8').catch(() => '');
  // https://man7.org/linux/man-pages/man5/passwd.5.html: name:password:uid:…
  const line = text.split('\n').find((each) => each.split(':')[2] === String(uid));
  const name = line?.split(':')[0];
  return name ? `${name} (uid ${uid})` : `uid ${uid}`;
}
