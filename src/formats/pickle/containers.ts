import { damaged, dictOf, hostile, keep, type PickleMachine, pop, push, top } from './machine.ts';
import { type Dict, isInstance, isThing, type List, type Value } from './values.ts';

/** How many items of a list or entries of a dict are kept. */
export const KEPT_ITEMS = 20_000;

export function append(machine: PickleMachine, items: readonly Value[]): void {
  const target = top(machine);
  if (isThing(target) && target.kind === 'list') extend(machine, target, items);
  else refuseUnfillable(machine, target, 'appends to');
}

export function extend(machine: PickleMachine, list: List, items: readonly Value[]): void {
  const kept = items.slice(0, Math.max(0, KEPT_ITEMS - list.length));
  keep(machine, kept.length);
  for (const item of kept) list.items.push(item);
  list.length += items.length;
}

/** `pairs` alternates keys and values. */
export function setItems(machine: PickleMachine, pairs: readonly Value[]): void {
  if (pairs.length % 2 !== 0) throw damaged(machine, 'has a key without a value');
  const target = top(machine);
  if (isThing(target) && target.kind === 'dict') put(machine, target, pairs);
  else if (isInstance(target) && target.entries) fill(machine, target.entries, pairs);
  else refuseUnfillable(machine, target, 'sets items of');
}

export function pushDict(machine: PickleMachine, pairs: readonly Value[]): void {
  push(machine, dictOf(machine));
  setItems(machine, pairs);
}

function put(machine: PickleMachine, dict: Dict, pairs: readonly Value[]): void {
  if (dict.isSealed) throw hostile(machine, 'changes the fields of a dtype in use');
  for (let index = 0; index < pairs.length; index += 2) {
    const [key, value = null] = [pairs[index], pairs[index + 1]];
    dict.length += 1;
    // Python treats a numpy string as a string too, and any other object may define its own equality.
    if (isThing(key)) dict.hasUnread = true;
    if (typeof key !== 'string' || dict.length > KEPT_ITEMS) continue;
    keep(machine, 1);
    dict.entries.set(key, value);
  }
}

function fill(machine: PickleMachine, entries: Map<string, Value>, pairs: readonly Value[]): void {
  for (let index = 0; index < pairs.length; index += 2) {
    const [key, value = null] = [pairs[index], pairs[index + 1]];
    if (typeof key !== 'string' || entries.size >= KEPT_ITEMS) continue;
    keep(machine, 1);
    entries.set(key, value);
  }
}

function refuseUnfillable(machine: PickleMachine, target: Value, does: string): void {
  if (isThing(target) && target.kind === 'instance' && target.of.uses.fill) return;
  throw hostile(machine, `${does} something that is neither a list nor a dict`);
}

/** As in Python: pops the top of the stack, or the mark if nothing is above it. */
export function popOne(machine: PickleMachine): void {
  if (machine.marks.at(-1) === machine.stack.length) machine.marks.pop();
  else pop(machine);
}
