import { nested } from './request.ts';

/** The rates that models of sound are trained at, in samples a second. */
export const RATES = {
  '16000': '16 kHz',
  '22050': '22.05 kHz',
  '44100': '44.1 kHz',
  '8000': '8 kHz',
} as const;

/** No longer sound is sent: as JSON a second at 16 kHz is about 150 kB. */
export const MOST_SECONDS = 20;

/** Samples as nested lists of a tensor's shape. One of fixed length gets as many samples as it takes: a longer sound is cut, a shorter one ends in silence. */
export function waveOf(samples: ArrayLike<number>, shape: readonly number[]): unknown {
  const rounded = Array.from(samples, (sample) => Number(sample.toFixed(5)));
  const taken = samplesIn(shape);
  if (shape.length < 2) return rounded;
  if (taken === null) return nested(rounded, [1, ...shape.slice(1)]);
  return nested(
    Array.from({ length: taken }, (_, at) => rounded[at] ?? 0),
    [1, ...shape.slice(1)],
  );
}

/** How many samples a tensor of this shape has; null where its length is free. */
export function samplesIn(shape: readonly number[]): number | null {
  if (shape.length < 2 || shape.slice(1).includes(-1)) return null;
  return shape.slice(1).reduce((product, length) => product * length, 1);
}

/** The loudest sample in each of so many equal parts, from 0 to 1, to draw a wave from. */
export function peaksOf(samples: ArrayLike<number>, parts: number): readonly number[] {
  const each = Math.max(1, Math.floor(samples.length / parts));
  return Array.from({ length: Math.min(parts, samples.length) }, (_, part) => {
    let peak = 0;
    for (let at = part * each; at < (part + 1) * each; at += 1)
      peak = Math.max(peak, Math.abs(samples[at] ?? 0));
    return Math.min(1, peak);
  });
}
