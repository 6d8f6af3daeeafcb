import limits from './data/lambda-limits.json' with { type: 'json' };
import type { TargetDecision, TargetOption } from './deployment.ts';

/** What a target is chosen by: sizes in bytes (`imageBytes` unpacked), `memoryMiB` only when the manifest asks for it. */
export type Needs = {
  readonly imageBytes: number;
  readonly artifactBytes: number;
  readonly weightBytes: number;
  readonly memoryMiB: number | null;
};

// An idle ONNX server holds 157 MiB with an 11 MB model; inference copies the weights once at load and works in about as much again.
const SERVER_MIB = 192;
const WEIGHT_COPIES = 2.5;
const MIB = 1024 * 1024;

/**
 * Weighs each target for a model; `decision` is undefined when none can hold it.
 * Memory is the manifest's, else estimated from the weights, at least one whole vCPU (1,769 MiB).
 */
export function chooseTarget(needs: Needs): {
  readonly decision: TargetDecision | undefined;
  readonly options: readonly TargetOption[];
} {
  const option = lambdaOption(needs);
  const options = [option];
  return option.taken
    ? { decision: { target: option.target, memoryMiB: option.memoryMiB, options }, options }
    : { decision: undefined, options };
}

function lambdaOption(needs: Needs): TargetOption {
  const memoryMiB = needs.memoryMiB ?? Math.max(limits.memoryPerVcpuMiB, estimateMemoryMiB(needs));
  const refuse = (reason: string): TargetOption => ({
    target: 'lambda',
    taken: false,
    memoryMiB,
    reason,
  });
  if (needs.imageBytes > limits.imageUncompressedMaxBytes) {
    return refuse(
      `the model takes ${needs.imageBytes} bytes unpacked; an image on Lambda holds ${limits.imageUncompressedMaxBytes}`,
    );
  }
  if (memoryMiB > limits.memoryMaxMiB) {
    return refuse(`the model needs ${memoryMiB} MiB of memory; Lambda has ${limits.memoryMaxMiB}`);
  }
  return {
    target: 'lambda',
    taken: true,
    memoryMiB,
    reason: `fits in ${memoryMiB} of Lambda's ${limits.memoryMaxMiB} MiB, and costs nothing while idle`,
  };
}

function estimateMemoryMiB({ artifactBytes, weightBytes }: Needs): number {
  const heldBytes = Math.max(artifactBytes, weightBytes) * WEIGHT_COPIES;
  return SERVER_MIB + Math.ceil(heldBytes / MIB);
}
