import { join } from 'node:path';
import { realTimers, type Timers } from '#adapters/local/concurrency/timers.ts';
import type { RevisionLog } from '#adapters/local/files/revision-log.ts';
import { processImages } from '#adapters/local/images/process-images.ts';
import {
  type ObjectPath,
  revisionFiles,
  type SoundObjects,
} from '#adapters/local/integrity/revision-files.ts';
import { orphanGuard } from '#adapters/local/processes/orphan-guard.ts';
import { processShortage } from '#adapters/local/processes/process-limit.ts';
import type { BuildOrder } from '#domain/build/order.ts';
import { RUNTIMES, type Runtime } from '#domain/build/runtime.ts';
import type { Damage } from '#domain/deployment.ts';
import { Failure, type FailureName } from '#domain/failure.ts';
import { withoutWalls } from '#domain/walls.ts';
import type { RevisionSpec } from '#ports/platform.ts';
import { confined, type ServerWalls } from './confined-command.ts';
import { type Environment, modelEnvironment } from './model-environment.ts';
import { type ModelProcessPlan, servedBy, startModelProcess } from './model-process.ts';
import { type ModelServer, type ModelServers, serverAfter, stillborn } from './model-server.ts';
import { processSpares, type ServerFiles } from './process-spares.ts';

export type ProcessServersOptions = {
  /** Holds a folder per revision. */
  readonly directory: string;
  /** Holds the output of builds. */
  readonly images: string;
  /** Returns the path of an object version's immutable bytes. */
  readonly objectPath: ObjectPath;
  /** Tells whether a model's bytes are still those it was deployed with; undefined where nobody looks. */
  readonly soundness?: Soundness | undefined;
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
  /** The memory that model servers may still take; there is a spare one only while that is enough. */
  readonly availableMiB?: (() => number) | undefined;
};

export type Soundness = {
  readonly objects: SoundObjects;
  /** Makes an image again that does not have its model; returns whether it has it now. */
  readonly rebuilt: (spec: RevisionSpec) => Promise<boolean>;
  /** Is told at each start of a revision whose bytes are damaged. */
  readonly noted: (spec: RevisionSpec, damage: Damage) => void;
};

export type ProcessServers = ModelServers & {
  /** Begins to keep a spare server, with which the next ONNX model is ready at once. */
  keepSpare(): void;
  /** A model is being built, until this is disposed of: where it will be served from the environment that proves it, a server starts there meanwhile. */
  expects(order: BuildOrder): Disposable | undefined;
};

// Other failures, such as a full disk, say nothing about the bytes.
const DAMAGE: readonly FailureName[] = ['RevisionFailed', 'ArtifactRejected'];

/**
 * Model servers as child processes, each with the artifact in its revision's folder, or with a build's output.
 * This machine's walls confine each to its own files (read), its scratch folder (write), and its own socket. Its CPU share is not limited.
 */
export function processServers(options: ProcessServersOptions): ProcessServers {
  const files = revisionFiles(options.directory, options.objectPath, options.soundness?.objects);
  const images = processImages(options.images);
  const guard = orphanGuard();
  const { timers = realTimers, environment: own } = options;
  const { spares: directory } = options;
  const spares =
    directory === undefined ? undefined : processSpares({ ...options, directory }, guard);

  function placesOf(spec: RevisionSpec): ServerFiles {
    const folder = files.folder(spec);
    if (!spec.image) return { ...folder, read: folder.artifact, factsPath: undefined, python: '' };
    const image = images.paths(spec.image, spec.modelFile);
    return {
      ...folder,
      artifact: join(image.folder, 'model'),
      modelPath: image.modelPath,
      read: image.folder,
      factsPath: image.factsPath,
      python: image.python,
    };
  }

  function begun(
    process: NonNullable<Runtime['process']>,
    spec: RevisionSpec,
    place: ServerFiles,
    plan: ModelProcessPlan,
  ): ModelServer {
    const { command, variables } = confined(
      process,
      { server: options.serverEntry, python: place.python },
      { read: place.read, write: place.scratch, memoryMiB: spec.memoryMiB },
      options.walls,
    );
    const environment = { ...modelEnvironment(spec, place, own), ...variables };
    const { path: directory, scratch } = place;
    return startModelProcess({ command, directory, scratch, environment }, plan);
  }

  function launch(
    process: NonNullable<Runtime['process']>,
    spec: RevisionSpec,
    log: RevisionLog,
  ): ModelServer {
    const { startupTimeoutSeconds, memoryMiB } = spec;
    const shortage = processShortage;
    const plan = { memoryMiB, startupTimeoutSeconds, timers, log, guard, shortage };
    const place = placesOf(spec);
    const spare = spares?.take(spec, place);
    const server = spare
      ? servedBy(spare, { ...plan, fromSpare: true })
      : begun(process, spec, place, plan);
    // Importing packages for the next server would take time from what this one loads.
    void server.started.then(({ kind }) => {
      if (kind === 'ready') spares?.serves(spec, place);
    });
    return server;
  }

  /** Fails with `RevisionFailed` and the like when the revision's bytes are not those it was deployed with. */
  async function keepSound(spec: RevisionSpec): Promise<void> {
    await files.keepSound(spec);
    if (!spec.image || !options.soundness) return;
    const problem = await images.problem(spec.image);
    if (problem === undefined || (await options.soundness.rebuilt(spec))) return;
    throw damagedImage(spec, problem);
  }

  async function whySilent(spec: RevisionSpec): Promise<string | undefined> {
    try {
      await keepSound(spec);
      return undefined;
    } catch (error) {
      noteDamage(spec, error);
      return `was not started: ${error instanceof Failure ? error.message : error}`;
    }
  }

  function noteDamage(spec: RevisionSpec, error: unknown): void {
    if (!(error instanceof Failure) || !DAMAGE.includes(error.name)) return;
    options.soundness?.noted(spec, { reason: error.message, fix: error.fix });
  }

  return {
    async prepare(spec) {
      try {
        await files.lay(spec);
      } catch (error) {
        noteDamage(spec, error);
        throw error;
      }
      if (spec.image) await images.require(spec.image);
    },
    start(spec, log) {
      const { process } = RUNTIMES[spec.runtime];
      // A revision left by an earlier Slipway that ran models as containers.
      if (!process) return stillborn('is an image, but this Slipway runs models as processes');
      // It was deployed when there were walls, or by a Slipway that was told to do without.
      const refuses = process.confinesItself ? options.walls?.refuses : null;
      if (refuses) return stillborn(`was not started: ${withoutWalls(refuses)}`);
      if (!options.soundness) return launch(process, spec, log);
      return serverAfter(
        whySilent(spec).then((reason) => reason ?? (() => launch(process, spec, log))),
      );
    },
    keepSpare: () => spares?.keep(),
    expects: (order) => spares?.expects(order, images.environment(order.environmentHash)),
    async discard(revision, specs) {
      await files.remove(revision);
      await images.discard(revision, specs);
      spares?.tidy();
    },
    async close() {
      await spares?.close();
      await guard.close();
    },
  };
}

function damagedImage({ revision, image, artifact }: RevisionSpec, problem: string): Failure {
  return new Failure(
    'RevisionFailed',
    `${revision} is not served: images/images/${image?.tag}, which a build made of ${artifact.key}, ${problem}`,
    {
      fix: 'Start Slipway again, which builds it again; or restore a backup with `slipway restore`.',
    },
  );
}
