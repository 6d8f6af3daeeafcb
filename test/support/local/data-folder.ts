import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ObjectVersion } from '#adapters/local/bucket/object-versions.ts';
import { openRegistry } from '#adapters/local/registry/open-registry.ts';
import { makeOwnFolder } from '#adapters/local/registry/own-folder.ts';
import type { DataFolder, Job } from '#operations/data-folder/data-folder.ts';
import { openDataFolder } from '#operations/data-folder/open.ts';

/** A separate data folder on which no Slipway runs. */
export type KeptFolder = {
  readonly root: string;
  readonly folder: DataFolder;
  /** Stores bytes as the newest version of a key; handled, as those are that a deployment has taken. */
  store(text: string, key?: string): Promise<ObjectVersion>;
  /** Writes other bytes over an object. */
  rot(object: Pick<ObjectVersion, 'sha256'>): void;
  close(): void;
};

export function keptFolder(): KeptFolder {
  const root = mkdtempSync(join(tmpdir(), 'slipway-folder-'));
  const dataDir = join(root, 'data');
  makeOwnFolder(dataDir);
  openRegistry(dataDir, { beginsAnew: false, nowMs: 1 }).close();
  const folder = openDataFolder(dataDir);
  return {
    root,
    folder,
    async store(text, key = `models/${text}/${text}.onnx`) {
      using object = await folder.objects.write(bytesOf(text), text.length);
      const version = folder.versions.add(key, object, { content: text, changedNs: '1' });
      folder.versions.settle(key, version.versionId);
      return version;
    },
    rot({ sha256 }) {
      const path = folder.objects.path(sha256);
      chmodSync(path, 0o644);
      writeFileSync(path, 'rotten');
    },
    close() {
      folder[Symbol.dispose]();
      rmSync(root, { recursive: true });
    },
  };
}

/** The result of a job. */
export async function resultOf<Result>(job: Job<Result>): Promise<Result> {
  for await (const line of job) if ('result' in line) return line.result;
  throw new Error('there is no result');
}

async function* bytesOf(text: string) {
  yield Buffer.from(text);
}
