import { type Environment, modelEnvironment } from './model-environment.ts';
import { startModelProcess } from './model-process.ts';
import type { ModelServers } from './model-server.ts';
import { orphanGuard } from './orphan-guard.ts';
import { processImages } from './process-images.ts';
import { type ObjectPath, revisionFiles } from './revision-files.ts';
import { realTimers, type Timers } from './timers.ts';

export type ProcessServersOptions = {
  /** Holds a folder per revision. */
  readonly directory: string;
  /** Holds what builds have made. */
  readonly images: string;
  /** Where the immutable bytes of an object's version are. */
  readonly objectPath: ObjectPath;
  /** The script of the ONNX server. */
  readonly serverEntry: string;
  /** Slipway's own environment. */
  readonly environment: Environment;
  /** By which a start takes too long. */
  readonly timers?: Timers;
};

/**
 * Model servers as child processes, each with the artifact in a folder of its revision, or with what a build made of it.
 * What a process cannot enforce: its CPU share, network and file system are those of the user who runs Slipway.
 */
export function processServers(options: ProcessServersOptions): ModelServers {
  const files = revisionFiles(options.directory, options.objectPath);
  const images = processImages(options.images);
  const guard = orphanGuard();
  const { timers = realTimers } = options;
  return {
    async prepare(spec) {
      await files.lay(spec);
      if (spec.image) await images.require(spec.image);
    },
    start(spec, log) {
      const folder = files.folder(spec);
      const image = spec.image && images.paths(spec.image, spec.modelFile);
      const modelPath = image?.modelPath ?? folder.modelPath;
      const environment = modelEnvironment(spec, { ...folder, modelPath }, options.environment);
      return startModelProcess({
        command:
          spec.runtime === 'python' && image
            ? [image.python, '-m', 'slipway_server']
            : [process.execPath, options.serverEntry],
        directory: folder.path,
        environment: image ? { ...environment, MODEL_FACTS: image.factsPath } : environment,
        memoryMiB: spec.memoryMiB,
        startupTimeoutSeconds: spec.startupTimeoutSeconds,
        ...{ timers, log, guard },
      });
    },
    async discard(revision, specs) {
      await files.remove(revision);
      await images.discard(revision, specs);
    },
    close: guard.close,
  };
}
