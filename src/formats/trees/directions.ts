import { noteMissing, type Thresholds } from '#domain/artifact/column-range.ts';

/** Whether the splits of each column send missing values to the left, and to the right. Boosted trees that were trained without any send all of a column the same way. */
export type Directions = Map<number, { hasLeft: boolean; hasRight: boolean }>;

export function noteDirection(directions: Directions, column: number, isLeft: boolean): void {
  const known = directions.get(column) ?? { hasLeft: false, hasRight: false };
  known[isLeft ? 'hasLeft' : 'hasRight'] = true;
  directions.set(column, known);
}

/** Notes the columns in which values were missing. */
export function noteBothWays(directions: Directions, thresholds: Thresholds): void {
  for (const [column, { hasLeft, hasRight }] of directions) {
    if (hasLeft && hasRight) noteMissing(thresholds, column);
  }
}
