import { createPrivateKey, type KeyObject, randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/** The private key in a file; one that `make` makes where there is none yet, for its owner's eyes alone. Two processes that make it at once get the same. */
export async function ownKey(path: string, make: () => KeyObject): Promise<KeyObject> {
  const kept = await keptIn(path);
  if (kept) return kept;
  const made = make();
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  // A link appears with the whole file behind it, and never in the place of another.
  const whole = `${path}.${randomUUID()}`;
  await writeFile(whole, made.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  try {
    await link(whole, path);
    return made;
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
    return (await keptIn(path)) ?? made;
  } finally {
    await rm(whole, { force: true });
  }
}

async function keptIn(path: string): Promise<KeyObject | undefined> {
  try {
    return createPrivateKey(await readFile(path, 'utf8'));
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
