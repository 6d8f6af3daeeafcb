/** Minimum, median and maximum of some values, for a line of figures. */
export function spread(values: readonly number[], digits = 0): string {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN;
  return [at(0), at(0.5), at(1)].map((value) => value.toFixed(digits)).join(' / ');
}

export function row(name: string, figures: string): string {
  return `${name.padEnd(28)} ${figures}`;
}
