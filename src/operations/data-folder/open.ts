import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { systemClock } from '#adapters/clocks.ts';
import { objectStore } from '#adapters/local/bucket/object-store.ts';
import { objectVersions } from '#adapters/local/bucket/object-versions.ts';
import { soundObjects } from '#adapters/local/bucket/sound-objects.ts';
import { processImages } from '#adapters/local/images/process-images.ts';
import { lockFolder } from '#adapters/local/registry/lock-folder.ts';
import { openRegistry, REGISTRY } from '#adapters/local/registry/open-registry.ts';
import { sqliteRegistry } from '#adapters/local/registry/sqlite-registry.ts';
import { Failure } from '#domain/failure.ts';
import type { DataFolder } from './data-folder.ts';

/** A data folder without a running Slipway, until it is disposed of. Fails with `InputInvalid` when there is no such folder, or a Slipway runs on it. */
export function openDataFolder(folder: string): DataFolder & Disposable {
  const dataDir = resolve(folder);
  if (!existsSync(join(dataDir, REGISTRY))) {
    throw new Failure(
      'InputInvalid',
      `${dataDir} is not a data folder of Slipway: it has no ${REGISTRY}`,
      {
        fix: 'Name its folder with --data.',
      },
    );
  }
  const unlock = lockFolder(dataDir);
  let database: DatabaseSync | undefined;
  try {
    const clock = systemClock;
    database = openRegistry(dataDir, { beginsAnew: false, nowMs: clock.now() });
    const opened = database;
    const versions = objectVersions(opened, clock);
    const objects = objectStore(join(dataDir, 'objects'));
    return {
      dataDir,
      database: opened,
      registry: sqliteRegistry({ database: opened, clock, onEvents: () => undefined }),
      versions,
      objects,
      soundObject: soundObjects(join(dataDir, 'bucket'), objects, versions),
      imageProblem: processImages(join(dataDir, 'images')).problem,
      [Symbol.dispose]() {
        opened.close();
        unlock();
      },
    };
  } catch (error) {
    database?.close();
    unlock();
    throw error;
  }
}
