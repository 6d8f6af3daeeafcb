import type { ChildProcess } from 'node:child_process';
import { linkSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { realTimers, type Timers } from '#adapters/local/concurrency/timers.ts';
import { removeFolderSync } from '#adapters/local/files/remove-folder.ts';
import type { OrphanGuard } from '#adapters/local/processes/orphan-guard.ts';
import type { Launched } from './launch.ts';

/** Where a spare server lives: its model will be in `artifact`, and it writes to `scratch`. */
export type SpareFolder = {
  readonly path: string;
  readonly artifact: string;
  readonly scratch: string;
};

export type SpareServers = {
  /** Begins to keep one. */
  keep(): void;
  /** The same, without waiting for what else begins. */
  keepNow(): void;
  /** The spare one, with the files of `artifact` in its folder and told the rest of its environment; undefined where there is none. Another one follows once it is ready. */
  take(
    artifact: string,
    environment: (folder: SpareFolder) => Readonly<Record<string, string>>,
  ): Launched | undefined;
  /** Resolves once there is none. */
  close(): Promise<void>;
};

type Options = {
  /** Holds a folder for each. Folders that a killed Slipway left there are removed. */
  readonly directory: string;
  /** Starts a server that awaits its model. */
  readonly launch: (folder: SpareFolder) => Promise<Launched>;
  readonly guard: OrphanGuard;
  readonly timers?: Timers;
  /** The memory that model servers may still take; by default what the machine, or Slipway's container, has left. */
  readonly availableMiB?: (() => number) | undefined;
  /** How much has to be left for one to be made, and how much for it to be kept. */
  readonly madeFromMiB?: number;
  readonly keptFromMiB?: number;
};

type Spare = {
  readonly folder: SpareFolder;
  /** Undefined until its process runs. */
  running?: Launched;
  /** It is not wanted any more. */
  isGivenUp: boolean;
  readonly ended: Promise<void>;
};

// After a start, of Slipway or of a model, whose own work comes first.
const QUIET_MS = 500;
const LOOK_MS = 5_000;
// One that ended by itself would do so again.
const PAUSE_MS = 60_000;
// One of ONNX models holds about 50 MiB. Between the two it is kept, but not made.
const MADE_FROM_MIB = 1_024;
const KEPT_FROM_MIB = 512;
const MEBIBYTE = 1024 * 1024;

/**
 * Keeps one server that has all but its model loaded, behind the same walls as any other: its folder is the only one of which it can read a model, and that is empty until it is taken.
 * It is given up while memory is short.
 */
export function spareServers({
  directory,
  launch,
  guard,
  timers = realTimers,
  availableMiB = () => process.availableMemory() / MEBIBYTE,
  madeFromMiB = MADE_FROM_MIB,
  keptFromMiB = KEPT_FROM_MIB,
}: Options): SpareServers {
  let spare: Spare | undefined;
  let made = 0;
  let isClosed = false;
  let callOff = () => {};
  removeFolderSync(directory);

  function lookIn(ms: number): void {
    callOff();
    if (!isClosed) callOff = timers.after(ms, look);
  }

  function look(): void {
    const available = availableMiB();
    if (spare && available < keptFromMiB) giveUp();
    if (!spare && available >= madeFromMiB) make();
    else lookIn(LOOK_MS);
  }

  function make(): void {
    made += 1;
    const folder = folderIn(join(directory, String(made)));
    const { promise: ended, resolve } = Promise.withResolvers<void>();
    const mine: Spare = { folder, isGivenUp: false, ended };
    // Its folder goes with it, also when it serves a model by then.
    const end = () => {
      removed(folder);
      resolve();
      if (spare !== mine) return;
      spare = undefined;
      lookIn(PAUSE_MS);
    };
    spare = mine;
    lookIn(LOOK_MS);
    // The disk is full, or the system has no process left: models start without.
    start(mine, end).catch(end);
  }

  async function start(mine: Spare, end: () => void): Promise<void> {
    const { folder } = mine;
    for (const path of [folder.artifact, folder.scratch]) mkdirSync(path, { recursive: true });
    const running = await launch(folder);
    mine.running = running;
    const { child, channel } = running;
    const forget = child.pid === undefined ? () => {} : guard.watch(child.pid);
    const endWatched = () => {
      forget();
      end();
    };
    child.once('exit', endWatched);
    // It has no number where it could not be started.
    child.on('error', () => child.pid ?? endWatched());
    channel.onBreach(() => endGroup(child));
    if (mine.isGivenUp) endGroup(child);
  }

  function giveUp(): void {
    if (!spare) return;
    spare.isGivenUp = true;
    if (spare.running) endGroup(spare.running.child);
    spare = undefined;
  }

  return {
    keep: () => lookIn(QUIET_MS),
    keepNow() {
      if (!spare && !isClosed) look();
    },
    take(artifact, environment) {
      const running = spare?.running;
      if (!spare || !running || hasEnded(running.child)) return undefined;
      const { folder } = spare;
      try {
        linkAll(artifact, folder.artifact);
      } catch {
        // Another disk, or a file system without links; what it has of this model no other may find.
        giveUp();
        return undefined;
      }
      spare = undefined;
      callOff();
      onceReady(running, () => lookIn(QUIET_MS));
      running.channel.tell(environment(folder));
      return running;
    },
    async close() {
      isClosed = true;
      callOff();
      const last = spare;
      giveUp();
      await last?.ended;
    },
  };
}

/** When a server has loaded its model, or has ended: the next spare would take time from it. */
function onceReady({ child, channel }: Launched, then: () => void): void {
  let isOver = false;
  const end = () => {
    if (!isOver) then();
    isOver = true;
  };
  channel.onMessage((told) => 'ready' in told && end());
  child.once('exit', end);
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

function folderIn(path: string): SpareFolder {
  return { path, artifact: join(path, 'artifact'), scratch: join(path, 'scratch') };
}

/** Hard links cost no bytes; the files are immutable. The packages that an image links to are there already. */
function linkAll(from: string, to: string): void {
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isFile()) linkSync(source, target);
    if (!entry.isDirectory()) continue;
    mkdirSync(target);
    linkAll(source, target);
  }
}

function removed({ path }: SpareFolder): void {
  try {
    removeFolderSync(path);
  } catch {
    // The next start removes it.
  }
}

function endGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {}
}
