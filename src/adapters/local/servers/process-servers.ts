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
  /** Holds what builds have made. */
  readonly images: string;
  /** Where the immutable bytes of an object's version are. */
  readonly objectPath: ObjectPath;
  /** The script of the ONNX server. */
  readonly serverEntry: string;
  /** What stands around each server; null for a script that is not to be confined. */
  readonly walls: ServerWalls | null;
  /** Slipway's own environment. */
  readonly environment: Environment;
  /** By which a start takes too long. */
  readonly timers?: Timers;
};

export type ServerWalls = {
  readonly machine: Walls;
  /** What the ONNX server is made of. */
  readonly serverFiles: readonly string[];
  /** runtimes/python/slipway_server/walls.py */
  readonly launcher: string;
  /** Holds what Node has compiled of those files. */
  readonly compiled: string;
};

/**
 * Model servers as child processes, each with the artifact in a folder of its revision, or with what a build made of it.
 * What it can do is what the walls of this machine leave it: its files read, its scratch folder written, its own socket. Its CPU share is not limited.
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
      // Of a revision that an earlier Slipway with another engine has left.
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

/** Programs by what stands for them in a command: Node is the one that Slipway runs on. */
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
      // A module that is not compiled, which is imported while the model is loaded, would make a folder as no model may.
      PYTHONDONTWRITEBYTECODE: '1',
      ...(walls && wallsVariable(walls.machine, within)),
    },
  };
}

/** Node cannot call the kernel, so that a Python sets them and becomes it; without one there are Node's own permissions. */
function behindWalls(command: Command, within: Within, walls: ServerWalls | null): Confined {
  if (!walls) return { command, variables: {} };
  const { machine, launcher, serverFiles, compiled } = walls;
  const [node, ...given] = command;
  const around = { ...within, read: [...within.read, ...serverFiles, compiled], execute: [node] };
  // Node reads compiled modules only where it may write them; the kernel's walls hold it to reading.
  const permitted = { ...around, write: [...within.write, compiled] };
  const server = [node, ...nodePermissions(permitted), ...given] as const;
  if (machine.python === null) return { command: server, variables: {} };
  return {
    command: [machine.python, '-I', '-S', launcher, ...server],
    variables: wallsVariable(machine, around),
  };
}
