import { realpathSync } from 'node:fs';
import type { Runtime } from '#domain/build/runtime.ts';
import { nodePermissions, servingLimits, type Walls, type Within, wallsVariable } from './walls.ts';

export type ServerWalls = {
  readonly machine: Walls;
  /** Why no model is started that Python loads, as a clause; null where it is. */
  readonly refuses: string | null;
  /** The files of the ONNX server. */
  readonly serverFiles: readonly string[];
  /** runtimes/python/slipway_server/walls.py */
  readonly launcher: string;
  /** Node's compile cache of those files. */
  readonly compiled: string;
};

type Command = readonly [string, ...string[]];

type Process = NonNullable<Runtime['process']>;

/** How a model server is started, and what its walls take from its environment. */
export type Confined = {
  readonly command: Command;
  readonly variables: Readonly<Record<string, string>>;
};

/** Programs by their placeholder in a command: `server` is the Node that Slipway runs on. */
type Programs = { readonly server: string; readonly python: string };

/** The files that a server may read and write. */
export type Around = {
  readonly read: string;
  readonly write: string;
  readonly memoryMiB: number;
};

/** The command of a runtime's server within this machine's walls; null is none at all. */
export function confined(
  process: Process,
  programs: Programs,
  { read, write, memoryMiB }: Around,
  walls: ServerWalls | null,
): Confined {
  const limits = servingLimits(memoryMiB);
  const within: Within = { read: [read], write: [write], limits };
  const command = commandOf(process, programs);
  return (process.confinesItself ? confiningItself : behindWalls)(command, within, walls);
}

function commandOf({ command }: Process, { server, python }: Programs): Command {
  const programs = new Map([
    ['{node}', realpathSync(process.execPath)],
    ['{server}', server],
    ['{python}', python],
  ]);
  const [program = '', ...given] = command.map((part) => programs.get(part) ?? part);
  return [program, ...given];
}

/** The launcher sets the walls before Python looks into the environment, whose packages may have code run as it starts. */
function confiningItself(command: Command, within: Within, walls: ServerWalls | null): Confined {
  const [python, ...given] = command;
  return {
    command: walls ? [python, '-I', '-S', walls.launcher, ...given] : command,
    variables: {
      // Importing an uncompiled module while the model loads would create a cache folder, which no model may do.
      PYTHONDONTWRITEBYTECODE: '1',
      ...(walls && wallsVariable(walls.machine, within)),
    },
  };
}

/** A Python process sets the walls and then becomes Node, or for lack of one another Node does; where neither can, only Node's own permissions apply. */
function behindWalls(command: Command, within: Within, walls: ServerWalls | null): Confined {
  if (!walls) return { command, variables: {} };
  const { machine, launcher, serverFiles, compiled } = walls;
  const [node, ...given] = command;
  const around = { ...within, read: [...within.read, ...serverFiles, compiled], execute: [node] };
  // Node only reads compiled modules from a folder that it may write; the kernel's walls restrict it to reading.
  const permitted = { ...around, write: [...within.write, compiled] };
  const server = [node, ...nodePermissions(permitted), ...given] as const;
  // Whatever cache Slipway itself was told of: from one that it may not write Node would take nothing.
  const told = { NODE_COMPILE_CACHE: compiled };
  const variables = { ...told, ...wallsVariable(machine, around) };
  if (machine.python) {
    return { command: [machine.python, '-I', '-S', launcher, ...server], variables };
  }
  return { command: machine.node ? [node, machine.node, ...server] : server, variables };
}
