import { existsSync, realpathSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { makeOwnFolder } from '#adapters/local/registry/own-folder.ts';
import { lookAtWalls } from '#adapters/local/servers/look-at-walls.ts';
import { leftOpen, unwalled, type Walls, wallsLine } from '#adapters/local/servers/walls.ts';
import type { WallsReport } from '#domain/walls.ts';
import { ROOT } from '#operations/root.ts';

/** The program that sets the walls around a process that loads a model. */
export const LAUNCHER: string = join(ROOT, 'runtimes/python/slipway_server/walls.py');

/** The same without Python. */
const NODE_LAUNCHER = join(ROOT, 'runtimes/python/slipway_server/walls.mjs');

/**
 * The walls that the machine has around models. `dataDir` is the folder from which models are read, if it exists; `limitsMs` is the time limit of each attempt.
 * Fails as `lookAtWalls` does.
 */
export function machineWalls(dataDir: string, limitsMs?: readonly number[]): Promise<Walls> {
  // The files of a server, and those that it serves.
  const wanted = [join(ROOT, 'node_modules'), LAUNCHER, process.execPath, dataDir];
  const paths = wanted.filter(existsSync).map((path) => realpathSync(path));
  return lookAtWalls(LAUNCHER, [ROOT, ...paths], {
    node: NODE_LAUNCHER,
    ...(limitsMs && { limitsMs }),
  });
}

/** The same for a Slipway that is about to start: a Python process checks for 0.1 to 0.3 s, while this process loads its modules. */
export function wallsForStart(dataDir: string): Promise<Walls> {
  try {
    makeOwnFolder(resolve(dataDir));
  } catch {
    // The start itself reports the fault of the folder.
  }
  const walls = machineWalls(resolve(dataDir));
  // The caller that awaits it gets the failure; the start may fail before that for another reason.
  walls.catch(() => undefined);
  return walls;
}

/** The report of a Slipway that runs as this user on these walls; `isAllowed`: models that Python loads are served without walls. */
export function wallsReport(walls: Walls, isAllowed: boolean): WallsReport {
  return {
    says: wallsLine(walls),
    open: leftOpen(walls, process.getuid?.() === 0),
    refuses: isAllowed ? null : unwalled(walls),
  };
}
