// Compares vLLM's log of the memory it took with the memory that we calculate before.
import type { GpuModel } from '#domain/artifact/facts.ts';
import { type FittedServing, type Gpus, gpuMemory } from '#domain/placement/gpu-memory.ts';

const [MIB, GIB] = [2 ** 20, 2 ** 30];

/** A term of the formula, in bytes, and vLLM's own figure; null where vLLM gave none. */
export type Compared = {
  readonly what: string;
  readonly counted: number;
  readonly seen: number | null;
};

/** Terms of the formula, each with the log's own figure. */
export function memoryOf(
  log: string,
  model: GpuModel,
  { gpus, serving }: { readonly gpus: Gpus; readonly serving: FittedServing },
): readonly Compared[] {
  const [engine, weights, batch, cache] = gpuMemory(model, gpus.count).map(({ bytes }) => bytes);
  const cached = model.contextTokens * model.requestsAtOnce;
  const share = serving.gpuMemoryUtilization * gpus.acceleratorMiB * MIB * gpus.count;
  const loaded = gibibytes(log, /Model loading took ([\d.]+) GiB/);
  const room = gibibytes(log, /Available KV cache memory: ([\d.]+) GiB/);
  const tokens = /GPU KV cache size: ([\d,]+) tokens/.exec(log)?.[1];
  const tokensThere = tokens ? Number(tokens.replaceAll(',', '')) : null;
  return [
    { what: 'the weights', counted: weights ?? 0, seen: loaded },
    {
      what: `the cache of ${cached} tokens`,
      counted: cache ?? 0,
      seen: room && tokensThere ? (room / tokensThere) * cached : null,
    },
    {
      what: 'CUDA, vLLM and a batch',
      counted: (engine ?? 0) + (batch ?? 0),
      seen: loaded !== null && room !== null ? share - loaded - room : null,
    },
  ];
}

/** The error of the count, in percent of the measured value: above 0 for too much. */
export function errorPercent({ counted, seen }: Compared): number | null {
  return seen ? ((counted - seen) / seen) * 100 : null;
}

/** Whether memory ran out, on the GPU or on the machine. */
export function ranOut(log: string): boolean {
  return /out of memory|OutOfMemoryError/i.test(log);
}

function gibibytes(log: string, pattern: RegExp): number | null {
  const found = pattern.exec(log)?.[1];
  return found === undefined ? null : Number(found) * GIB;
}
