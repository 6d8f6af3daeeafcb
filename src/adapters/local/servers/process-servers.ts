import { realpathSync } from 'node:fs';
import { processImages } from '#adapters/local/builds/process-images.ts';
import { type ObjectPath, revisionFiles } from '#adapters/local/revisions/revision-files.ts';
import { realTimers, type Timers } from '#adapters/local/timers.ts';
import { RUNTIMES, type Runtime } from '#domain/build/runtime.ts';
import { type Environment, modelEnvironment } from './model-environment.ts';
import { startModelProcess } from './model-process.ts';
import { type ModelServers, stillborn } from './model-server.ts';
import { orphanGuard } from './orphan-guard.ts';
import { nodePermissions, servingLimits, type Walls, type Within, wallsVariable } from './walls.ts';

export type ProcessServersOptions = {
  /** Holds a folder per revision. */
  readonly directory: string;
  /** Holds the output of builds. */
  readonly images: string;
  /** Returns the path of an object version's immutable bytes. */
  readonly objectPath: ObjectPath;
  /** The ONNX server's script. */
  readonly serverEntry: string;
  /** The walls around each server; null for a script that runs unconfined. */
  readonly walls: ServerWalls | null;
  /** Slipway's own environment. */
  readonly environment: Environment;
  /** The timers of the start limit. */
  readonly timers?: Timers;
};

export type ServerWalls = {
  readonly machine: Walls;
  /** The files of the ONNX server. */
  readonly serverFiles: readonly string[];
  /** runtimes/python/slipway_server/walls.py */
  readonly launcher: string;
  /** Node's compile cache of those files. */
  readonly compiled: string;
};

/**
 * Model servers as child processes, each with the artifact in its revision's folder, or with a build's output.
 * This machine's walls confine each to its own files (read), its scratch folder (write), and its own socket. Its CPU share is not limited.
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
      const { process } = RUNTIMES[spec.runtime];
      // A revision left by an earlier Slipway that ran models as containers.
      if (!process) return stillborn('is an image, but this Slipway runs models as processes');
      const folder = files.folder(spec);
      const image = spec.image && images.paths(spec.image, spec.modelFile);
      const modelPath = image?.modelPath ?? folder.modelPath;
      const told = modelEnvironment(spec, { ...folder, modelPath }, options.environment);
      const environment = image ? { ...told, MODEL_FACTS: image.factsPath } : told;
      const read = image ? [image.folder] : [folder.artifact];
      const within = {
        read,
        write: [folder.scratch],
        listens: true,
        limits: servingLimits(spec.memoryMiB),
      };
      const programs = { server: options.serverEntry, python: image?.python ?? '' };
      const confined = (process.confinesItself ? confiningItself : behindWalls)(
        commandOf(process, programs),
        within,
        options.walls,
      );
      return startModelProcess({
        command: confined.command,
        directory: folder.path,
        environment: { ...environment, ...confined.variables },
        memoryMiB: spec.memoryMiB,
        startupTimeoutSeconds: spec.startupTimeoutSeconds,
        timers,
        log,
        guard,
      });
    },
    async discard(revision, specs) {
      await files.remove(revision);
      await images.discard(revision, specs);
    },
    close: guard.close,
  };
}

type Command = readonly [string, ...string[]];

type Confined = {
  readonly command: Command;
  readonly variables: Readonly<Record<string, string>>;
};

/** Programs by their placeholder in a command: `server` is the Node that Slipway runs on. */
type Programs = { readonly server: string; readonly python: string };

function commandOf(
  { command }: NonNullable<Runtime['process']>,
  { server, python }: Programs,
): Command {
  const programs = new Map([
    ['{node}', realpathSync(process.execPath)],
    ['{server}', server],
    ['{python}', python],
  ]);
  const [program = '', ...given] = command.map((part) => programs.get(part) ?? part);
  return [program, ...given];
}

function confiningItself(command: Command, within: Within, walls: ServerWalls | null): Confined {
  return {
    command,
    variables: {
      // Importing an uncompiled module while the model loads would create a cache folder, which no model may do.
      PYTHONDONTWRITEBYTECODE: '1',
      ...(walls && wallsVariable(walls.machine, within)),
    },
  };
}

/** Node cannot call the kernel, so a Python process sets the walls and then becomes Node; without Python, only Node's own permissions apply. */
function behindWalls(command: Command, within: Within, walls: ServerWalls | null): Confined {
  if (!walls) return { command, variables: {} };
  const { machine, launcher, serverFiles, compiled } = walls;
  const [node, ...given] = command;
  const around = { ...within, read: [...within.read, ...serverFiles, compiled], execute: [node] };
  // Node only reads compiled modules from a folder that it may write; the kernel's walls restrict it to reading.
  const permitted = { ...around, write: [...within.write, compiled] };
  const server = [node, ...nodePermissions(permitted), ...given] as const;
  if (machine.python === null) return { command: server, variables: {} };
  return {
    command: [machine.python, '-I', '-S', launcher, ...server],
    variables: wallsVariable(machine, around),
  };
}
