import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Timers } from '#adapters/local/concurrency/timers.ts';
import { removeFolderSync } from '#adapters/local/files/remove-folder.ts';
import type { OrphanGuard } from '#adapters/local/processes/orphan-guard.ts';
import type { Launched } from './launch.ts';
import { type SpareFolder, type SpareServers, spareServers } from './spare-server.ts';

/** A server can take another one's model only if these are alike: the place of its packages, its imports, its walls, and its memory. */
export type Environment = {
  readonly folder: string;
  readonly format: string;
  /** Whether a model of code may use the network: `open`. */
  readonly network: string;
  /** Whether it is code, which has other walls: `code` or `data`. */
  readonly brings: string;
  readonly memoryMiB: number;
};

type Kept = {
  readonly folder: string;
  readonly identity: string | undefined;
  readonly spares: SpareServers;
};

export type EnvironmentSpares = {
  /** A server is ready in this environment: from now on another one waits there. */
  serves(environment: Environment): void;
  /** A model is being built there: one waits for it at once. */
  expects(environment: Environment): void;
  /** One that waits, as `SpareServers.take` gives it. */
  take(environment: Environment, ...model: Parameters<SpareServers['take']>): Launched | undefined;
  /** Gives up those whose environment is gone, also where another one lies in its place. */
  tidy(): void;
  /** Resolves once none waits. */
  close(): Promise<void>;
};

type Options = {
  /** Holds their folders. Folders that a killed Slipway left there are removed. */
  readonly directory: string;
  /** Starts a server that awaits its model. */
  readonly launch: (environment: Environment, folder: SpareFolder) => Promise<Launched>;
  readonly guard: OrphanGuard;
  readonly timers?: Timers;
  readonly availableMiB?: (() => number) | undefined;
};

// Each holds what its framework takes: scikit-learn with pandas 90 MiB.
const MOST = 2;
const ROOM = { madeFromMiB: 2_048, keptFromMiB: 1_024 };

/**
 * Servers that have their framework imported before there is a model for them: one for each environment in which a server was started, the latest of them.
 * The next instance, a restart, a rollback and the next version of such a model begin with it.
 */
export function environmentSpares({ directory, launch, ...options }: Options): EnvironmentSpares {
  // One for each environment, the longest unused first.
  const kept = new Map<string, Kept>();
  const closing = new Set<Promise<void>>();
  let made = 0;
  let isClosed = false;
  removeFolderSync(directory);

  function keep(environment: Environment): Kept {
    made += 1;
    const spares = spareServers({
      ...options,
      ...ROOM,
      directory: join(directory, String(made)),
      launch: (folder) => launch(environment, folder),
    });
    const { folder } = environment;
    return { folder, identity: identityOf(folder), spares };
  }

  function giveUp(name: string): void {
    const given = kept.get(name);
    if (!given) return;
    kept.delete(name);
    const closed = given.spares.close().finally(() => closing.delete(closed));
    closing.add(closed);
  }

  /** The servers that may read what lies in their environment's place now: walls hold to the folder itself, not to its path. */
  function sound(name: string): Kept | undefined {
    const mine = kept.get(name);
    const identity = mine && identityOf(mine.folder);
    if (mine && (identity === undefined || identity !== mine.identity)) giveUp(name);
    return kept.get(name);
  }

  /** As the latest of them. */
  function keptIn(environment: Environment): SpareServers {
    const name = nameOf(environment);
    const mine = sound(name) ?? keep(environment);
    kept.delete(name);
    kept.set(name, mine);
    const [longestUnused] = kept.keys();
    if (kept.size > MOST && longestUnused !== undefined) giveUp(longestUnused);
    return mine.spares;
  }

  return {
    serves(environment) {
      if (!isClosed) keptIn(environment).keep();
    },
    expects(environment) {
      if (!isClosed) keptIn(environment).keepNow();
    },
    take: (environment, ...model) => sound(nameOf(environment))?.spares.take(...model),
    tidy() {
      for (const name of [...kept.keys()]) sound(name);
    },
    async close() {
      isClosed = true;
      for (const name of [...kept.keys()]) giveUp(name);
      await Promise.all(closing);
    },
  };
}

/** Undefined where there is none. A number of a file is given again, but not with the same time of birth. */
function identityOf(folder: string): string | undefined {
  const stats = statSync(folder, { bigint: true, throwIfNoEntry: false });
  return stats && [stats.dev, stats.ino, stats.birthtimeNs].join('-');
}

function nameOf({ folder, format, network, brings, memoryMiB }: Environment): string {
  return JSON.stringify([folder, format, network, brings, memoryMiB]);
}
