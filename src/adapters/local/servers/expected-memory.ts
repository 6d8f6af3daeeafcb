import type { RuntimeName } from '#domain/build/runtime.ts';
import limits from '#domain/data/lambda-limits.json' with { type: 'json' };
import type { RevisionSpec } from '#ports/platform.ts';

// A server of a small model holds so much: onnxruntime in Node, and scikit-learn with pandas.
const SMALL_MIB: Partial<Record<RuntimeName, number>> = { onnx: 120, python: 300 };

/** The memory that a revision's server will hold, as far as can be said before it runs (MiB): its estimate where that is more than every model is given, else what a small model of its runtime takes. */
export function expectedMiB({ memoryMiB, runtime }: RevisionSpec): number {
  const small = SMALL_MIB[runtime];
  if (small === undefined || memoryMiB > limits.memoryPerVcpuMiB) return memoryMiB;
  return Math.min(memoryMiB, small);
}
