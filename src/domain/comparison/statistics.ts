/** Two numbers at the same place, such as an answer of each version. */
export type NumberPair = readonly [before: number, after: number];

/** The mean of some numbers; NaN where there are none. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The standard deviation of all of these numbers. */
export function deviation(values: readonly number[]): number {
  const centre = mean(values);
  return Math.sqrt(mean(values.map((value) => (value - centre) ** 2)));
}

/** Whether most of these numbers have a fraction: whole ones may be classes, which have no order, and probabilities may be 0 and 1 now and then. */
export function areMeasured(values: readonly number[]): boolean {
  return values.filter((value) => !Number.isInteger(value)).length * 2 > values.length;
}

/** The line of least squares; its coefficient of determination is 0 where either side is constant. */
export function lineThrough(pairs: readonly NumberPair[]): {
  readonly slope: number;
  readonly offset: number;
  readonly rSquared: number;
} {
  const meanX = mean(pairs.map(([x]) => x));
  const meanY = mean(pairs.map(([, y]) => y));
  let [xx, xy, yy] = [0, 0, 0];
  for (const [x, y] of pairs) {
    xx += (x - meanX) ** 2;
    xy += (x - meanX) * (y - meanY);
    yy += (y - meanY) ** 2;
  }
  if (xx === 0 || yy === 0) return { slope: 0, offset: 0, rSquared: 0 };
  const slope = xy / xx;
  return { slope, offset: meanY - slope * meanX, rSquared: (xy * xy) / (xx * yy) };
}
