import { createPrivateKey, type KeyObject, randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errorCode } from '#adapters/local/files/file-state.ts';

/** The private key in a file; `make` creates it where there is none yet, readable only by its owner. Two processes that create it at once get the same key. */
export async function ownKey(path: string, make: () => KeyObject): Promise<KeyObject> {
  const kept = await keptIn(path);
  if (kept) return kept;
  const made = make();
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  // A link appears with the whole file behind it, and never replaces another.
  const whole = `${path}.${randomUUID()}`;
  await writeFile(whole, made.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  try {
    await link(whole, path);
    return made;
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
    return (await keptIn(path)) ?? made;
  } finally {
    await rm(whole, { force: true });
  }
}

async function keptIn(path: string): Promise<KeyObject | undefined> {
  try {
    return createPrivateKey(await readFile(path, 'utf8'));
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
