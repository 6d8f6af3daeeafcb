import { readdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FileState } from '#adapters/local/bucket/settling.ts';
import { fileAt } from '#adapters/local/files/file-state.ts';
import {
  examplesKey,
  externalDataKeys,
  foldersOf,
  manifestKey,
  modelKeyOf,
  readKey,
  sidecarKey,
} from '#domain/artifact/object-key.ts';
import { isUnfinishedName } from './key.ts';
import { shared } from './shared.ts';

type Options = {
  readonly folder: string;
  /** Whether to stop waiting for this state of a key: it is a version already, or cannot become one. */
  readonly isDone: (key: string, file: FileState) => boolean;
  readonly signal: AbortSignal;
};

const LOOK_MS = 20;
const LONGEST_MS = 600_000;

/**
 * Waits until the other files of a key's artifact are versions too: its manifest, its external data, a folder's `model.yaml`, or for that file all files of the folder.
 * A cloud bucket leaves that order to the uploader; files copied into a folder arrive in any order and settle one by one. Gives up after ten minutes.
 */
export function companionsTaken(options: Options): (key: string) => Promise<void> {
  const together = shared();
  return (key) => {
    const modelKey = modelKeyOf(key);
    if (modelKey) return allTaken(() => [modelKey], options);
    const folders = foldersOf(key);
    const manifests = folders.map(manifestKey);
    switch (readKey(key).kind) {
      case 'artifact':
        return allTaken(
          () => [sidecarKey(key), examplesKey(key), ...externalDataKeys(key), ...manifests],
          options,
        );
      case 'folder':
        return allTaken(() => filesUnder(folders[0], options.folder), options);
      case 'loose':
        // The thousands of a folder wait for the same ones.
        return together(folders[0], () => allTaken(() => manifests, options));
      default:
        return Promise.resolve();
    }
  };
}

type Keys = readonly string[];

async function allTaken(keys: () => Keys | Promise<Keys>, options: Options): Promise<void> {
  const endMs = performance.now() + LONGEST_MS;
  const isOver = () => performance.now() > endMs || options.signal.aborted;
  for (;;) {
    let left = await untaken(await keys(), options);
    if (left.length === 0) return;
    // Each is looked at until it is taken, and once more when all are.
    while (left.length > 0) {
      await sleep(LOOK_MS);
      if (isOver()) return;
      left = await untaken(left, options);
    }
  }
}

/** The keys of all files in a folder of the bucket, except temporary files that will be renamed. */
export async function filesUnder(prefix: string, folder: string): Promise<readonly string[]> {
  const keys = await allFilesUnder(prefix, folder);
  return keys.filter((key) => !key.split('/').some(isUnfinishedName));
}

export async function allFilesUnder(prefix: string, folder: string): Promise<readonly string[]> {
  const entries = await readdir(join(folder, prefix), {
    recursive: true,
    withFileTypes: true,
  }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'));
}

/** From the first on that is not done. */
async function untaken(keys: Keys, { folder, isDone }: Options): Promise<Keys> {
  for (const [index, key] of keys.entries()) {
    const file = await fileAt(join(folder, key));
    if (file && !isDone(key, file)) return keys.slice(index);
  }
  return [];
}
