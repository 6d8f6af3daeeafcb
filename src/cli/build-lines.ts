import type { BuildProgress } from '#compose/slipway.ts';

const LOG_LINES = 5;

/** What is being built, and the phase it is in. */
export function buildStanding({ of, phase }: Pick<BuildProgress, 'of' | 'phase'>): string {
  return `${of} ${phase}`;
}

/** The end of a build's log. */
export function lastLines({ lines }: Pick<BuildProgress, 'lines'>): readonly string[] {
  return lines.filter((line) => line.trim() !== '').slice(-LOG_LINES);
}
