import type { ChildProcess } from 'node:child_process';
import { readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import type { Timers } from '#adapters/local/timers.ts';
import { RUNTIMES } from '#domain/build/runtime.ts';
import limits from '#domain/data/lambda-limits.json' with { type: 'json' };
import type { RevisionSpec } from '#ports/platform.ts';
import { confined, type ServerWalls } from './confined-command.ts';
import { environmentSpares } from './environment-spares.ts';
import { type Environment, modelEnvironment, serverEnvironment } from './model-environment.ts';
import { launched } from './model-process.ts';
import type { OrphanGuard } from './orphan-guard.ts';
import { type SpareFolder, spareServers } from './spare-server.ts';

/** What a revision's server reads and where its model is; `python` and `factsPath` are those of a build's output. */
export type ServerFiles = {
  readonly path: string;
  /** The folder of the model's files. */
  readonly artifact: string;
  readonly modelPath: string;
  readonly scratch: string;
  /** All that it may read. */
  readonly read: string;
  readonly python: string;
  readonly factsPath: string | undefined;
};

/** Servers that wait for their model: one of ONNX models, and one of each environment of Python that serves. */
export type ProcessSpares = {
  /** Begins to keep the one of ONNX models. */
  keep(): void;
  /** One that waited for such a model, which has it now; undefined where there is none. */
  take(spec: RevisionSpec, files: ServerFiles): ChildProcess | undefined;
  /** A server of this revision is ready: from now on another one waits in the environment of a model of Python. */
  serves(spec: RevisionSpec, files: ServerFiles): void;
  /** Gives up those whose environment is gone. */
  tidy(): void;
  close(): Promise<void>;
};

type Options = {
  /** Holds their folders. */
  readonly directory: string;
  /** The ONNX server's script. */
  readonly serverEntry: string;
  readonly walls: ServerWalls | null;
  /** Slipway's own environment. */
  readonly environment: Environment;
  readonly timers?: Timers;
};

// What a model has that asks for no other, and so the limits around a spare server: one of another size starts by itself.
const SPARE_MIB = limits.memoryPerVcpuMiB;

const facts = z.object({ format: z.string(), language: z.optional(z.unknown()) });

export function processSpares(options: Options, guard: OrphanGuard): ProcessSpares {
  const { directory, serverEntry, walls, environment: own, timers } = options;
  const common = { guard, ...(timers && { timers }) };

  /** Starts a server of a runtime that is told its model later. */
  function launch(
    runtime: 'onnx' | 'python',
    { path, artifact, scratch }: SpareFolder,
    { awaited, python, memoryMiB }: Awaited,
  ): ChildProcess {
    const { process } = RUNTIMES[runtime];
    if (!process) throw new Error(`${runtime} does not run as a process`);
    const around = { read: artifact, write: scratch, memoryMiB };
    const { command, variables } = confined(
      process,
      { server: serverEntry, python },
      around,
      walls,
    );
    const told = { ...serverEnvironment({ scratch }, own), AWAIT_MODEL: awaited, ...variables };
    return launched({ command, directory: path, environment: told });
  }

  const ofOnnx = spareServers({
    ...common,
    directory: join(directory, 'onnx'),
    launch: (folder) =>
      launch('onnx', folder, { awaited: 'true', python: '', memoryMiB: SPARE_MIB }),
  });
  const ofPython = environmentSpares({
    ...common,
    directory: join(directory, 'python'),
    launch: ({ folder: environment, format, memoryMiB }, folder) =>
      launch('python', folder, {
        awaited: format,
        python: join(environment, 'bin', 'python'),
        memoryMiB,
      }),
  });

  return {
    keep: ofOnnx.keep,
    take(spec, files) {
      if (spec.runtime === 'onnx') {
        if (spec.memoryMiB !== SPARE_MIB) return undefined;
        return ofOnnx.take(files.artifact, ({ artifact, scratch }) =>
          modelEnvironment(spec, { modelPath: join(artifact, spec.modelFile), scratch }, own),
        );
      }
      const shared = environmentOf(spec, files);
      return shared && ofPython.take(shared, files.read, inFolder(spec, own));
    },
    serves(spec, files) {
      const shared = environmentOf(spec, files);
      if (shared) ofPython.serves(shared);
    },
    tidy: ofPython.tidy,
    async close() {
      await Promise.all([ofOnnx.close(), ofPython.close()]);
    },
  };
}

type Awaited = {
  /** What it waits for: a format of Python's. */
  readonly awaited: string;
  readonly python: string;
  readonly memoryMiB: number;
};

/** What another server has to be alike in to serve this model; undefined where its walls, or its threads, depend on the model. */
function environmentOf({ runtime, memoryMiB }: RevisionSpec, { python, factsPath }: ServerFiles) {
  const { waitsFor = [] } = RUNTIMES[runtime].process ?? {};
  if (waitsFor.length === 0 || factsPath === undefined) return undefined;
  try {
    const { format, language } = facts.parse(JSON.parse(readFileSync(factsPath, 'utf8')));
    if (!waitsFor.includes(format) || language) return undefined;
    return { folder: realpathSync(join(python, '../..')), format, memoryMiB };
  } catch {
    // The image is gone; the server that is started for it says so.
    return undefined;
  }
}

/** The environment of a revision whose image is in a waiting server's folder. */
function inFolder(spec: RevisionSpec, own: Environment) {
  return ({ artifact, scratch }: SpareFolder) => {
    const files = {
      modelPath: join(artifact, 'model', spec.modelFile),
      factsPath: join(artifact, 'facts.json'),
      scratch,
    };
    return modelEnvironment(spec, files, own);
  };
}
