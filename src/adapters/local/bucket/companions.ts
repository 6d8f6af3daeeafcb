import { readdir } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FileState } from '#adapters/local/gateway/settling.ts';
import { fileAt } from '#adapters/local/registry/file-state.ts';
import {
  externalDataKeys,
  folderOf,
  modelKeyOf,
  readKey,
  sidecarKey,
} from '#domain/artifact/object-key.ts';
import { isUnfinishedName } from './key.ts';

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
export async function companionsTaken(key: string, options: Options): Promise<void> {
  const endMs = performance.now() + LONGEST_MS;
  while (performance.now() < endMs && !options.signal.aborted) {
    if (await areDone(await companions(key, options.folder), options)) return;
    await sleep(LOOK_MS);
  }
}

async function companions(key: string, folder: string): Promise<readonly string[]> {
  const modelKey = modelKeyOf(key);
  if (modelKey) return [modelKey];
  switch (readKey(key).kind) {
    case 'artifact':
      return [sidecarKey(key), ...externalDataKeys(key)];
    case 'folder':
      return filesUnder(dirname(key), folder);
    case 'loose':
      return [`${folderOf(key) ?? `${dirname(key)}/`}model.yaml`];
    default:
      return [];
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

async function areDone(keys: readonly string[], { folder, isDone }: Options): Promise<boolean> {
  for (const key of keys) {
    const file = await fileAt(join(folder, key));
    if (file && !isDone(key, file)) return false;
  }
  return true;
}
