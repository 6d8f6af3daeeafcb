import type { SlipwayEvent } from '#domain/event.ts';
import { Failure } from '#domain/failure.ts';

/** How many counters number the events. Writes of models with different counters never wait for each other. */
export const COUNTERS = 16;

// Each counter has a range of numbers of its own, so that a number is unique in the table and says which counter gave it.
// Range 0 holds the events of releases before there were several counters: they had one, which code that an update replaces goes on with.
const SPAN = 10 ** 13;

const DIGITS = 16;

/** A position in the log: after these numbers, by range. */
export type Position = readonly number[];

export const RANGES: readonly number[] = Array.from({ length: COUNTERS + 1 }, (_, range) => range);

/** The range that numbers a model's events: 1 to `COUNTERS`, the same for good. FNV-1a: http://www.isthe.com/chongo/tech/comp/fnv/ */
export function rangeOf(model: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(model)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return 1 + (hash % COUNTERS);
}

/** A number whose text form sorts numerically. */
export function padded(number: number): string {
  return String(number).padStart(DIGITS, '0');
}

/** The number before the first of a range. */
export function startOf(range: number): number {
  return range * SPAN;
}

/** The sort keys of a range, both included, after a number of it. */
export function betweenIn(range: number, after = startOf(range)): readonly [string, string] {
  return [padded(after + 1), padded(startOf(range + 1))];
}

function rangeOfNumber(number: number): number {
  return Math.floor(number / SPAN);
}

/** How many events of a range are before the position, as a number of that range. */
export function afterIn(position: Position, range: number): number {
  return startOf(range) + (position[range] ?? 0);
}

export function isAfter(number: number, position: Position): boolean {
  return number > afterIn(position, rangeOfNumber(number));
}

/** The position after one more event. */
export function advanced(position: Position, number: number): Position {
  const moved = rangeOfNumber(number);
  return RANGES.map((range) =>
    range === moved ? number - startOf(range) : (position[range] ?? 0),
  );
}

/** Such as `12` or `12.0.3`: how many events of each range were seen, without the zeros at the end. */
export function cursorOf(position: Position): string {
  return position.join('.').replace(/(\.0)+$/, '');
}

const CURSOR = new RegExp(`^\\d{1,13}(\\.\\d{1,13}){0,${COUNTERS}}$`);

/** `''` is the beginning. Fails with `InputInvalid` for a cursor that no page gave. */
export function positionOf(cursor: string): Position {
  if (cursor === '') return [];
  if (CURSOR.test(cursor)) return cursor.split('.').map(Number);
  throw new Failure('InputInvalid', `\`${cursor}\` is not an event cursor`);
}

export type Numbered = { readonly number: number; readonly event: SlipwayEvent };

/** At most `limit` of the ranges' events, the oldest first; within a range they keep their order, whatever their clocks said. */
export function mergedByTime(
  ranges: readonly (readonly Numbered[])[],
  limit: number,
): readonly Numbered[] {
  const left = ranges.map((events) => [...events]);
  const merged: Numbered[] = [];
  while (merged.length < limit) {
    const heads = left.filter((events) => events.length > 0);
    const [first] = heads.sort((one, other) => timeOf(one) - timeOf(other));
    const next = first?.shift();
    if (!next) break;
    merged.push(next);
  }
  return merged;
}

function timeOf([head]: readonly Numbered[]): number {
  return Date.parse(head?.event.detail.time ?? '');
}
