import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod/mini';
import {
  type KeyRing,
  keyRing,
  newRing,
  privateKeys,
  publicKeys,
  withoutDays,
} from '#adapters/capture/key-rings.ts';
import { turns } from '#adapters/local/concurrency/turns.ts';
import { errorCode } from '#adapters/local/files/file-state.ts';
import { storageFailure } from '#adapters/local/registry/storage-failure.ts';
import type { CaptureKeys } from '#ports/capture-keys.ts';

const rings = z.record(z.string(), keyRing);

/** The keys of kept requests in files that only their owner may read: `keys.json` in each model's folder below `directory`. */
export function folderCaptureKeys(directory: string): CaptureKeys {
  const inTurn = turns(1);
  const fileOf = (model: string) => join(directory, model, 'keys.json');

  async function read(model: string): Promise<Readonly<Record<string, KeyRing>>> {
    try {
      return rings.parse(JSON.parse(await readFile(fileOf(model), 'utf8')));
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return {};
      throw error;
    }
  }

  /** Either the old file is there or the whole new one, also after a power cut. */
  async function write(model: string, kept: Readonly<Record<string, KeyRing>>): Promise<void> {
    const path = fileOf(model);
    await mkdir(join(directory, model), { recursive: true, mode: 0o700 });
    await writeFile(`${path}.new`, JSON.stringify(kept), { mode: 0o600, flush: true });
    await rename(`${path}.new`, path);
  }

  const changed = <Result>(model: string, change: () => Promise<Result>) =>
    inTurn(model, () =>
      change().catch((error: unknown) => {
        throw storageFailure(error, fileOf(model));
      }),
    );

  return {
    publish: (model, revision) =>
      changed(model, async () => {
        const all = await read(model);
        const ring = all[revision] ?? newRing();
        await write(model, { ...all, [revision]: ring });
        return publicKeys(ring);
      }),
    open: async (model) => privateKeys(await read(model)),
    drop: (model, days) =>
      changed(model, async () => {
        const all = Object.entries(await read(model));
        if (all.length === 0) return;
        await write(
          model,
          Object.fromEntries(all.map(([revision, ring]) => [revision, withoutDays(ring, days)])),
        );
      }),
    keepOnly: (model, revisions) =>
      changed(model, async () => {
        const all = Object.entries(await read(model));
        const kept = all.filter(([revision]) => revisions.includes(revision));
        if (kept.length < all.length) await write(model, Object.fromEntries(kept));
      }),
  };
}
