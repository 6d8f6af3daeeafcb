import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { processImages } from '#adapters/local/builds/process-images.ts';
import { type ObjectPath, revisionFiles } from '#adapters/local/revisions/revision-files.ts';
import { realTimers, type Timers } from '#adapters/local/timers.ts';
import { RUNTIMES, type Runtime } from '#domain/build/runtime.ts';
import limits from '#domain/data/lambda-limits.json' with { type: 'json' };
import type { RevisionSpec } from '#ports/platform.ts';
import { type Environment, modelEnvironment, serverEnvironment } from './model-environment.ts';
import { launched, servedBy, startModelProcess } from './model-process.ts';
import { type ModelServers, stillborn } from './model-server.ts';
import { type OrphanGuard, orphanGuard } from './orphan-guard.ts';
import { type SpareFolder, type SpareServers, spareServers } from './spare-server.ts';
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
  /** Holds the folders of spare servers; undefined where the script cannot await its model. */
  readonly spares?: string;
};

export type ProcessServers = ModelServers & {
  /** Begins to keep a spare server, with which the next ONNX model is ready at once. */
  keepSpare(): void;
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

// What a model has that asks for no other, and so the limits around a spare server: one of another size starts by itself.
const SPARE_MIB = limits.memoryPerVcpuMiB;

/**
 * Model servers as child processes, each with the artifact in its revision's folder, or with a build's output.
 * This machine's walls confine each to its own files (read), its scratch folder (write), and its own socket. Its CPU share is not limited.
 */
export function processServers(options: ProcessServersOptions): ProcessServers {
  const files = revisionFiles(options.directory, options.objectPath);
  const images = processImages(options.images);
  const guard = orphanGuard();
  const { timers = realTimers, environment: own } = options;
  const spares = sparesOf(options, guard);

  /** What a revision's server reads, and where its model is. */
  function placesOf(spec: RevisionSpec) {
    const folder = files.folder(spec);
    if (!spec.image) return { ...folder, read: folder.artifact, told: {}, python: '' };
    const image = images.paths(spec.image, spec.modelFile);
    return {
      ...folder,
      artifact: join(image.folder, 'model'),
      modelPath: image.modelPath,
      read: image.folder,
      told: { MODEL_FACTS: image.factsPath },
      python: image.python,
    };
  }

  return {
    async prepare(spec) {
      await files.lay(spec);
      if (spec.image) await images.require(spec.image);
    },
    start(spec, log) {
      const { process } = RUNTIMES[spec.runtime];
      // A revision left by an earlier Slipway that ran models as containers.
      if (!process) return stillborn('is an image, but this Slipway runs models as processes');
      const { startupTimeoutSeconds, memoryMiB } = spec;
      const plan = { memoryMiB, startupTimeoutSeconds, timers, log, guard };
      const place = placesOf(spec);
      const isSame = process === RUNTIMES.onnx.process && memoryMiB === SPARE_MIB;
      const spare = isSame ? spares?.take(place.artifact, inSpare(spec, own)) : undefined;
      if (spare) return servedBy(spare, plan);
      const confined = (process.confinesItself ? confiningItself : behindWalls)(
        commandOf(process, { server: options.serverEntry, python: place.python }),
        within(place.read, place.scratch, memoryMiB),
        options.walls,
      );
      const environment = { ...modelEnvironment(spec, place, own), ...place.told };
      return startModelProcess(
        {
          command: confined.command,
          directory: place.path,
          environment: { ...environment, ...confined.variables },
        },
        plan,
      );
    },
    keepSpare: () => spares?.keep(),
    async discard(revision, specs) {
      await files.remove(revision);
      await images.discard(revision, specs);
    },
    async close() {
      await spares?.close();
      await guard.close();
    },
  };
}

/** Those of the runtime that serves ONNX models. */
function sparesOf(
  { spares: directory, serverEntry, walls, environment: own, timers }: ProcessServersOptions,
  guard: OrphanGuard,
): SpareServers | undefined {
  const { process } = RUNTIMES.onnx;
  if (directory === undefined || !process) return undefined;
  const launch = ({ path, artifact, scratch }: SpareFolder) => {
    const command = commandOf(process, { server: serverEntry, python: '' });
    const confined = behindWalls(command, within(artifact, scratch, SPARE_MIB), walls);
    const told = { ...serverEnvironment({ scratch }, own), AWAIT_MODEL: 'true' };
    const environment = { ...told, ...confined.variables };
    return launched({ command: confined.command, directory: path, environment });
  };
  return spareServers({ directory, launch, guard, ...(timers && { timers }) });
}

/** The environment of a revision whose files are in a spare server's folder. */
function inSpare(spec: RevisionSpec, own: Environment) {
  return ({ artifact, scratch }: SpareFolder) =>
    modelEnvironment(spec, { modelPath: join(artifact, spec.modelFile), scratch }, own);
}

function within(read: string, write: string, memoryMiB: number): Within {
  return { read: [read], write: [write], listens: true, limits: servingLimits(memoryMiB) };
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
