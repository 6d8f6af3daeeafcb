const UNITS = ['bytes', 'kB', 'MB', 'GB', 'TB'] as const;

/** A size for people, in powers of 1,000: `3.2 GB`. */
export function byteWords(bytes: number): string {
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  const value = bytes / 1000 ** power;
  return `${power === 0 ? value : value.toFixed(1)} ${UNITS[power]}`;
}
