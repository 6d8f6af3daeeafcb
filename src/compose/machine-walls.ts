import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeOwnFolder } from '#adapters/local/registry/own-folder.ts';
import { lookAtWalls, type Walls } from '#adapters/local/servers/walls.ts';

// In the repository this file is TypeScript two folders deep; in the package it is a part of dist/cli.
export const ROOT: string = fileURLToPath(new URL('../../', import.meta.url));
/** Sets the walls around what loads a model. */
export const LAUNCHER: string = join(ROOT, 'runtimes/python/slipway_server/walls.py');

/** What the machine has to keep models to themselves. `dataDir` is what they are read from, if it is there. */
export function machineWalls(dataDir: string): Promise<Walls> {
  return lookAtWalls(LAUNCHER, [ROOT, ...(existsSync(dataDir) ? [dataDir] : [])]);
}

/** The same for a Slipway that is about to start: a Python looks for 0.1 to 0.3 s, while this process loads what it is made of. */
export function wallsForStart(dataDir: string): Promise<Walls> {
  try {
    makeOwnFolder(resolve(dataDir));
  } catch {
    // What is wrong with the folder, the start says.
  }
  return machineWalls(resolve(dataDir));
}
