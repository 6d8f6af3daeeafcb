import { inspectPath } from '#compose/inspection/inspect-path.ts';
import type { RunningSlipway } from '../slipway/running.ts';

/** What inspection expects that serving a model takes, and what its build saw, in MiB; the error is a share of what was seen. */
export type MemoryFigures = {
  readonly what: string;
  readonly expected: number;
  readonly seen: number;
  readonly error: number;
};

const MIB = 2 ** 20;

/** Of the artifact at `path`, which is a version of `model`. */
export async function memoryFigures(
  slipway: RunningSlipway,
  { path, model, version }: { path: string; model: string; version: number },
): Promise<MemoryFigures> {
  const { facts } = await inspectPath(path);
  const expected = facts.memory.reduce((sum, { bytes }) => sum + bytes, 0) / MIB;
  const explained = await slipway.get(`/models/${model}/explain?version=${version}`);
  const { peakBytes } = (explained as { runtime: { proof: { peakBytes: number } } }).runtime.proof;
  const seen = peakBytes / MIB;
  const what = path.split('/').at(-1) ?? '';
  return { what, expected, seen, error: (expected - seen) / seen };
}

/** For a person: a line for each. */
export function memoryTable(figures: readonly MemoryFigures[]): string {
  const lines = figures.map(
    ({ what, expected, seen, error }) =>
      `${what.padEnd(28)} expected ${expected.toFixed(0).padStart(5)} MiB, seen ${seen.toFixed(0).padStart(5)} MiB, ${(100 * error).toFixed(0).padStart(4)} %`,
  );
  return `memory\n${lines.join('\n')}\n`;
}
