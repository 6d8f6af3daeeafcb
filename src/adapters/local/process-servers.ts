import { type Environment, modelEnvironment } from './model-environment.ts';
import { startModelProcess } from './model-process.ts';
import type { ModelServers } from './model-server.ts';
import { orphanGuard } from './orphan-guard.ts';
import { type ObjectPath, revisionFiles } from './revision-files.ts';

export type ProcessServersOptions = {
  /** Holds a folder per revision. */
  readonly directory: string;
  /** Where the immutable bytes of an object's version are. */
  readonly objectPath: ObjectPath;
  /** The script of the model server. */
  readonly serverEntry: string;
  /** Slipway's own environment. */
  readonly environment: Environment;
};

/**
 * Model servers as child processes, each with the artifact in a folder of its revision.
 * What a process cannot enforce: its CPU share, network and file system are those of the user who runs Slipway.
 */
export function processServers(options: ProcessServersOptions): ModelServers {
  const files = revisionFiles(options.directory, options.objectPath);
  const guard = orphanGuard();
  return {
    prepare: files.lay,
    start(spec, log) {
      const folder = files.folder(spec);
      return startModelProcess({
        entry: options.serverEntry,
        directory: folder.path,
        environment: modelEnvironment(spec, folder, options.environment),
        memoryMiB: spec.memoryMiB,
        startupTimeoutSeconds: spec.startupTimeoutSeconds,
        ...{ log, guard },
      });
    },
    discard: files.remove,
    close: guard.close,
  };
}
