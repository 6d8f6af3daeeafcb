import { inspectPath } from '#operations/inspection/inspect-path.ts';
import { mostHeldBy, type RunningSlipway } from '../slipway/running.ts';

/** The memory that inspection expects for serving a model, and the memory that its build measured, in MiB; the error is a share of the measured memory. */
export type MemoryFigures = {
  readonly what: string;
  readonly expected: number;
  readonly seen: number;
  readonly error: number;
};

const MIB = 2 ** 20;

type Version = { readonly path: string; readonly model: string; readonly version: number };

/** The expected memory of the artifact at `path`, a version of `model`, beside the peak of its build. */
export async function memoryFigures(
  slipway: RunningSlipway,
  given: Version,
): Promise<MemoryFigures> {
  const { model, version } = given;
  const explained = await slipway.get(`/models/${model}/explain?version=${version}`);
  const { peakBytes } = (explained as { runtime: { proof: { peakBytes: number } } }).runtime.proof;
  return figuresOf(given, peakBytes);
}

/** The same beside the memory that its server held after a request: no build loads an ONNX model the way it is served, and no build asks a framework's model for the largest answer. */
export async function servedFigures(
  slipway: RunningSlipway,
  given: Version,
  by: 'memory' | 'unconverted' = 'memory',
): Promise<MemoryFigures> {
  return figuresOf(given, mostHeldBy(slipway.dataDir, `${given.model}-v${given.version}`), by);
}

async function figuresOf(
  { path }: Version,
  seenBytes: number,
  by: 'memory' | 'unconverted' = 'memory',
): Promise<MemoryFigures> {
  const { facts } = await inspectPath(path);
  const expected = (facts[by] ?? []).reduce((sum, { bytes }) => sum + bytes, 0) / MIB;
  const seen = seenBytes / MIB;
  const what = path.split('/').at(-1) ?? '';
  return { what, expected, seen, error: (expected - seen) / seen };
}

/** The largest error at which an estimate is still useful. */
export const MOST_ERROR = 0.25;

/** Prints the figures, and returns those that are too far from the measured ones. */
export function tooFar(figures: readonly MemoryFigures[]): readonly MemoryFigures[] {
  process.stdout.write(memoryTable(figures));
  return figures.filter(({ error }) => Math.abs(error) > MOST_ERROR);
}

/** A table for a person, a line for each figure. */
function memoryTable(figures: readonly MemoryFigures[]): string {
  const lines = figures.map(
    ({ what, expected, seen, error }) =>
      `${what.padEnd(28)} expected ${expected.toFixed(0).padStart(5)} MiB, seen ${seen.toFixed(0).padStart(5)} MiB, ${(100 * error).toFixed(0).padStart(4)} %`,
  );
  return `memory\n${lines.join('\n')}\n`;
}
