import { readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as z from 'zod/mini';
import { realTimers, type Timers } from '#adapters/local/concurrency/timers.ts';
import type { OrphanGuard } from '#adapters/local/processes/orphan-guard.ts';
import { FORMATS, pageOf } from '#domain/artifact/format.ts';
import type { BuildOrder } from '#domain/build/order.ts';
import { RUNTIMES, type RuntimeName } from '#domain/build/runtime.ts';
import limits from '#domain/data/lambda-limits.json' with { type: 'json' };
import type { RevisionSpec } from '#ports/platform.ts';
import { confined, type ServerWalls } from './confined-command.ts';
import { environmentSpares } from './environment-spares.ts';
import { type Launched, launched } from './launch.ts';
import { type Environment, modelEnvironment, serverEnvironment } from './model-environment.ts';
import { type SpareFolder, spareServers } from './spare-server.ts';

/** The variables of a revision's server and the place of its model; `python` and `factsPath` are those of a build's output. */
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
  take(spec: RevisionSpec, files: ServerFiles): Launched | undefined;
  /** A server of this revision is ready: from now on another one waits in the environment of a model of Python. */
  serves(spec: RevisionSpec, files: ServerFiles): void;
  /** A model is being built that this environment will serve: once a model can be loaded there, a server starts beside. Until the build ends. */
  expects(order: BuildOrder, environment: string): Disposable;
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
  /** As `spareServers` takes it. */
  readonly availableMiB?: (() => number) | undefined;
};

// The default memory of a model, and so the limit around a spare server: a model of another size starts by itself.
const SPARE_MIB = limits.memoryPerVcpuMiB;
// buildspecs/commands/make-environments.mjs
const READY = 'ready';
const LOOK_MS = 50;

const servedFacts = z.object({
  format: z.string(),
  brings: z.optional(z.string()),
  network: z.optional(z.string()),
  language: z.optional(z.unknown()),
});

export function processSpares(options: Options, guard: OrphanGuard): ProcessSpares {
  const { directory, serverEntry, walls, environment: own, timers = realTimers } = options;
  const common = { guard, timers, availableMiB: options.availableMiB };

  /** Starts a server of a runtime that is told its model later. */
  function launch(
    runtime: RuntimeName,
    { path, artifact, scratch }: SpareFolder,
    { awaited, python, memoryMiB, factsPath }: Awaited,
  ): Promise<Launched> {
    const { process } = RUNTIMES[runtime];
    if (!process) throw new Error(`${runtime} does not run as a process`);
    const around = { read: artifact, write: scratch, memoryMiB };
    const { command, variables } = confined(
      process,
      { server: serverEntry, python },
      around,
      walls,
    );
    const told = {
      ...serverEnvironment({ scratch }, own),
      AWAIT_MODEL: awaited,
      ...(factsPath && { MODEL_FACTS: factsPath }),
      ...variables,
    };
    return launched({ command, directory: path, scratch, environment: told });
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
    launch({ folder: environment, format, network, brings, memoryMiB }, folder) {
      // Its walls go by these. Behind them it can read nothing there.
      const factsPath = join(folder.path, 'facts.json');
      const awaited = JSON.stringify({ format, network, brings });
      writeFileSync(factsPath, awaited);
      return launch('python', folder, {
        awaited,
        python: join(environment, 'bin', 'python'),
        memoryMiB,
        factsPath,
      });
    },
  });

  return {
    keep: ofOnnx.keep,
    take(spec, files) {
      if (RUNTIMES[spec.runtime].process?.awaits === 'any') {
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
    expects({ runtime, facts, keptBecause }, environment) {
      const { format, network, brings, language } = facts;
      // One that is converted is served by another runtime.
      const isKept = keptBecause !== null;
      if (!isKept || !isAwaited({ runtime, format, language })) return { [Symbol.dispose]() {} };
      return onceUsable(environment, timers, (folder) =>
        ofPython.expects({ folder, format, network, brings, memoryMiB: SPARE_MIB }),
      );
    },
    tidy: ofPython.tidy,
    async close() {
      await Promise.all([ofOnnx.close(), ofPython.close()]);
    },
  };
}

/** When a model can be loaded in an environment, as its build says there; `then` is told its real folder. */
function onceUsable(
  environment: string,
  timers: Timers,
  then: (folder: string) => void,
): Disposable {
  let callOff = () => {};
  const look = () => {
    const ready = realpathIf(join(environment, READY));
    if (ready) then(dirname(ready));
    else callOff = timers.after(LOOK_MS, look);
  };
  look();
  return { [Symbol.dispose]: () => callOff() };
}

function realpathIf(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

type Awaited = {
  /** The facts of a model of Python that it waits for, as JSON; `true` where it waits for any. */
  readonly awaited: string;
  readonly python: string;
  readonly memoryMiB: number;
  readonly factsPath?: string;
};

type Kind = Pick<BuildOrder, 'runtime'> & {
  readonly format: string;
  readonly language?: unknown;
};

/** Whether a server can be started before there is such a model: its walls, or its threads, do not depend on the model itself. */
function isAwaited({ runtime, format, language }: Kind): boolean {
  const known = FORMATS.find((each) => each === format);
  const isPossible = RUNTIMES[runtime].process?.awaits === 'environment' && known !== undefined;
  return isPossible && pageOf(known).isAwaited && !language;
}

/** The properties that a spare server needs to serve this model; undefined where none can wait for it. */
function environmentOf({ runtime, memoryMiB }: RevisionSpec, { python, factsPath }: ServerFiles) {
  if (factsPath === undefined) return undefined;
  try {
    const known = servedFacts.parse(JSON.parse(readFileSync(factsPath, 'utf8')));
    const { format, network = 'none', language } = known;
    if (!isAwaited({ runtime, format, language })) return undefined;
    // A build from before 0.1.0 did not say it.
    const page = FORMATS.find((each) => each === format);
    const brings = known.brings ?? (page ? pageOf(page).brings : 'data');
    return { folder: realpathSync(join(python, '../..')), format, network, brings, memoryMiB };
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
