import { EMPTY_MAP_NODES, hostile, keep, type PickleMachine } from './machine.ts';
import { type Global, type Instance, isThing, type Value } from './values.ts';

export function globalOf(machine: PickleMachine, named: Value, does: string): Global {
  if (isThing(named) && named.kind === 'global') return named;
  throw hostile(machine, `${does} something that is not a class`);
}

/** An object created without calling its class's `__init__`. */
export function made(machine: PickleMachine, of: Global, args: readonly Value[]): Value {
  if (!of.uses.make) machine.globals.misuse(of, 'makes', machine.at);
  return instance(machine, of, args);
}

export function instance(machine: PickleMachine, of: Global, args: readonly Value[]): Instance {
  keep(machine, EMPTY_MAP_NODES);
  const filled = machine.refer && of.uses.fill ? { entries: new Map<string, Value>() } : {};
  return { kind: 'instance', of, args, attributes: new Map(), ...filled };
}
